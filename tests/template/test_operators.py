"""Those who operate a deployment may do what their commands do, and no more."""

import unittest

import commands
import expansion
import rights
import source

POLICIES = ("Operator", "Auditor")


def on_the_table(deployment, policy):
    """What a policy allows on items: action, partition, and whether by the index."""
    return {
        (action, partition, statement.all("Resource")[0].endswith("/index/by_owner"))
        for statement in rights.held_by(deployment, policy)
        for action in statement.all("Action")
        if action.startswith("dynamodb:") and not action.startswith("dynamodb:Describe")
        for partition in statement.partitions or [None]
    }


def beside_the_table(deployment, policy):
    return {
        action
        for statement in rights.held_by(deployment, policy)
        for action in statement.all("Action")
        if not action.startswith("dynamodb:") or action.startswith("dynamodb:Describe")
    }


class Operators(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.deployment = expansion.Deployment(expansion.read())

    def test_every_call_of_the_commands_source_is_of_a_command(self):
        named = {method for command in commands.COMMANDS.values() for method in command.store}
        self.assertEqual(named, commands.store_methods())
        self.assertEqual(set(commands.CALLS), commands.calls_of_aws())
        beside = {action for command in commands.COMMANDS.values() for action in command.beside}
        self.assertEqual(beside, set(commands.CALLS.values()))

    def test_each_policy_allows_what_its_commands_do_and_nothing_else(self):
        for way, deployment in expansion.ways().items():
            for policy in POLICIES:
                with self.subTest(f"{way}, {policy}"):
                    self.assertEqual(on_the_table(deployment, policy), commands.on_the_table(policy))
                    self.assertEqual(beside_the_table(deployment, policy), commands.beside_the_table(policy))

    def test_a_planted_right_and_one_that_is_missing_are_found(self):
        for action in ("PutItem", "Scan"):
            template = expansion.read()
            policy = template["Resources"]["Auditor"]["Properties"]["PolicyDocument"]["Statement"]
            policy.append({"Effect": "Allow", "Action": f"dynamodb:{action}", "Resource": {"Fn::GetAtt": ["Table", "Arn"]}})
            more = on_the_table(expansion.Deployment(template), "Auditor") - commands.on_the_table("Auditor")
            self.assertEqual(more, {(f"dynamodb:{action}", None, False)})
        template = expansion.read()
        del template["Resources"]["Operator"]["Properties"]["PolicyDocument"]["Statement"][0]
        missing = commands.on_the_table("Operator") - on_the_table(expansion.Deployment(template), "Operator")
        self.assertIn(("dynamodb:GetItem", "PERSON#*", False), missing)

    def test_neither_sees_a_session_or_a_token_writes_a_grant_or_uses_a_key(self):
        hidden = {"TOKEN#*", "CONSENTS#*"}
        for policy in POLICIES:
            on_the_table_of_it = on_the_table(self.deployment, policy)
            reached = {partition for _, partition, _ in on_the_table_of_it}
            self.assertEqual(reached & hidden, set())
            # Who holds what is the operator's to see, and who could write it could grant.
            of_grants = {action for action, partition, _ in on_the_table_of_it if partition == "AUTHORIZATION#*"}
            self.assertEqual(of_grants, {"dynamodb:BatchGetItem"} if policy == "Operator" else set())
            readable = {partition for action, partition, _ in on_the_table(self.deployment, policy) if "Get" in action}
            self.assertNotIn("SESSION#*", readable)
            keys = {action for action in beside_the_table(self.deployment, policy) if action.startswith("kms:")}
            self.assertLessEqual(keys, {"kms:DescribeKey"})

    def test_whoever_looks_changes_nothing_and_reads_no_passwords_hash(self):
        looks = on_the_table(self.deployment, "Auditor")
        self.assertEqual({action for action, _, _ in looks}, {"dynamodb:GetItem", "dynamodb:Query"})
        of_evidence = {"EVIDENCE#*", "HEADS#*", "APPROVAL#*", "PEOPLE", "USER_NAME#*", "CHECKPOINTS", "CHECKPOINTED#*"}
        self.assertEqual({partition for _, partition, _ in looks}, {"CONFIGURATION", "SNAPSHOT#*", "KEYS"} | of_evidence)

    def test_neither_changes_what_was_approved_and_who_changes_passkeys_does_not_read_it(self):
        kept = {"EVIDENCE#*", "HEADS#*", "CHECKPOINTS", "CHECKPOINTED#*"}
        for policy in POLICIES:
            of_evidence = {action for action, partition, _ in on_the_table(self.deployment, policy) if partition in kept}
            expected = {"dynamodb:GetItem", "dynamodb:Query"} if policy == "Auditor" else set()
            self.assertEqual(of_evidence, expected, policy)

    def test_only_rotation_can_be_invoked_and_only_the_functions_log_be_read(self):
        for policy, action, kind, name in (
            ("Operator", "lambda:InvokeFunction", "AWS::Lambda::Function", "RotationFunction"),
            ("Auditor", "logs:FilterLogEvents", "AWS::Logs::LogGroup", "Logs"),
        ):
            (statement,) = [each for each in rights.held_by(self.deployment, policy) if action in each.all("Action")]
            self.assertIn(name, self.deployment.of_type(kind))
            self.assertEqual(statement.all("Resource"), [self.deployment.resolve({"Fn::GetAtt": [name, "Arn"]})])


if __name__ == "__main__":
    unittest.main()
