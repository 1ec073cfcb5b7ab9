"""The budget: there when somebody wants it and can be told, about this stack alone, and it tells before the money is spent."""

import unittest

import expansion

WANTED = {"MonthlyBudget": "50", "AlarmEmail": "operators@example.com"}


def budgets(template, parameters):
    """The budgets of a deployment, and what they complain about."""
    return list(expansion.Deployment(template, parameters).of_type("AWS::Budgets::Budget").values())


def defects(template):
    """What keeps the budget of a deployment that wants one from telling its operators in time."""
    found = budgets(template, WANTED)
    if len(found) != 1:
        return [f"{len(found)} budgets"]
    ((budget, notifications),) = [(each["Budget"], each["NotificationsWithSubscribers"]) for each in found]
    limit = {"Amount": WANTED["MonthlyBudget"], "Unit": "USD"}
    # As AWS Budgets writes a tag that a user made: https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-create-filters.html
    of_this_stack = {"TagKeyValue": ["user:countersign-deployment$countersign"]}
    wanted = {
        "limit": (budget["BudgetLimit"], limit),
        "what it counts": ((budget["BudgetType"], budget["TimeUnit"]), ("COST", "MONTHLY")),
        "whose costs": (budget["CostFilters"], of_this_stack),
    }
    told = [
        subscriber["Address"]
        for each in notifications
        for subscriber in each["Subscribers"]
        if subscriber["SubscriptionType"] == "EMAIL"
        and each["Notification"]["NotificationType"] == "ACTUAL"
        and each["Notification"]["ComparisonOperator"] == "GREATER_THAN"
        # Of a hundred: the limit is not reached yet.
        and each["Notification"].get("ThresholdType", "PERCENTAGE") == "PERCENTAGE"
        and 0 < float(each["Notification"]["Threshold"]) < 100
    ]
    wanted["who is told"] = (told, [WANTED["AlarmEmail"]])
    return [name for name, (is_so, should_be) in wanted.items() if is_so != should_be]


class Budget(unittest.TestCase):
    def test_whoever_names_a_limit_and_an_address_is_told_before_it_is_reached(self):
        self.assertEqual(defects(expansion.read()), [])

    def test_without_a_limit_or_an_address_there_is_none(self):
        for parameters in ({}, {"MonthlyBudget": "50"}, {"AlarmEmail": "operators@example.com"}):
            with self.subTest(parameters):
                self.assertEqual(budgets(expansion.read(), parameters), [])

    def test_what_the_filter_counts_carries_the_tag(self):
        for deployment in expansion.ways().values():
            functions = deployment.of_type("AWS::Lambda::Function")
            self.assertTrue(functions)
            for name, function in functions.items():
                self.assertIn({"Key": "countersign-deployment", "Value": "countersign"}, function["Tags"], name)

    def test_a_budget_that_is_silent_or_about_something_else_would_be_found(self):
        def changed(change):
            template = expansion.read()
            change(template["Resources"]["Budget"]["Properties"])
            return defects(template)

        def notification(budget):
            return budget["NotificationsWithSubscribers"][0]

        self.assertEqual(changed(lambda of: of["Budget"]["BudgetLimit"].update(Amount=1)), ["limit"])
        self.assertEqual(changed(lambda of: of["Budget"]["CostFilters"].clear()), ["whose costs"])
        self.assertEqual(changed(lambda of: of["Budget"].update(TimeUnit="ANNUALLY")), ["what it counts"])
        self.assertEqual(changed(lambda of: notification(of)["Subscribers"].clear()), ["who is told"])
        self.assertEqual(changed(lambda of: notification(of)["Notification"].update(Threshold=200)), ["who is told"])


if __name__ == "__main__":
    unittest.main()
