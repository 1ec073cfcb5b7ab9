"""Every alarm watches something that is counted, tells somebody, and has a page in infra/runbook.md."""

import re
import unittest

import expansion

RUNBOOK = expansion.ROOT / "infra/runbook.md"

# The metrics that AWS publishes, by which dimensions. An alarm on any other never comes.
PUBLISHED = {
    ("AWS/ApiGateway", "5XXError"): [{"ApiName"}, {"ApiName", "Stage"}],
    ("AWS/ApiGateway", "Latency"): [{"ApiName"}, {"ApiName", "Stage"}, {"ApiId"}, {"ApiId", "Stage"}],
    ("AWS/ApiGateway", "5xx"): [{"ApiId"}, {"ApiId", "Stage"}],
    ("AWS/ApiGateway", "Count"): [{"ApiName"}, {"ApiName", "Stage"}, {"ApiId"}, {"ApiId", "Stage"}],
    ("AWS/DynamoDB", "ReadThrottleEvents"): [{"TableName"}, {"TableName", "GlobalSecondaryIndexName"}],
    ("AWS/DynamoDB", "WriteThrottleEvents"): [{"TableName"}, {"TableName", "GlobalSecondaryIndexName"}],
    ("AWS/DynamoDB", "ThrottledRequests"): [{"TableName", "Operation"}],
    ("AWS/Firehose", "DeliveryToS3.DataFreshness"): [{"DeliveryStreamName"}],
    ("AWS/Lambda", "Errors"): [set(), {"FunctionName"}],
    ("AWS/Lambda", "Throttles"): [set(), {"FunctionName"}],
    ("AWS/Logs", "DeliveryErrors"): [{"LogGroupName", "DestinationType", "FilterName"}],
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): [{"QueueName"}],
    # Ours: shared/http/src/metrics.rs.
    ("Countersign", "KmsFaults"): [{"deployment"}],
}


def alarms(deployment):
    return deployment.of_type("AWS::CloudWatch::Alarm")


def metrics(alarm):
    """What an alarm watches: namespace, name, dimensions."""
    for metric in [found["MetricStat"]["Metric"] for found in alarm.get("Metrics", []) if "MetricStat" in found] or [alarm]:
        dimensions = {found["Name"]: found["Value"] for found in metric.get("Dimensions", [])}
        yield metric["Namespace"], metric["MetricName"], dimensions


def unpublished(deployment):
    for name, alarm in alarms(deployment).items():
        for namespace, metric, dimensions in metrics(alarm):
            if set(dimensions) not in PUBLISHED.get((namespace, metric), []):
                yield f"{name}: {namespace} {metric} by {sorted(dimensions)}"


class Alarms(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.product = expansion.Deployment(expansion.read())
        cls.deployments = [cls.product, *expansion.beside().values()]

    def each(self):
        for deployment in self.deployments:
            yield from alarms(deployment).values()

    def test_each_names_its_page_of_the_runbook_and_every_page_is_of_an_alarm(self):
        chapter = RUNBOOK.read_text(encoding="utf-8").split("\n# Alarms\n")[1].split("\n# ")[0]
        pages = re.findall(r"^## (.+)$", chapter, re.MULTILINE)
        named = set()
        for alarm in self.each():
            page = re.search(r' infra/runbook\.md, "([^"]+)"\.$', alarm["AlarmDescription"])
            self.assertIsNotNone(page, alarm["AlarmDescription"])
            named.add(page.group(1))
        self.assertEqual(sorted(pages), sorted(named))

    def test_each_page_says_what_it_means_what_people_see_where_to_look_first_why_it_comes_and_what_to_do(self):
        chapter = RUNBOOK.read_text(encoding="utf-8").split("\n# Alarms\n")[1].split("\n# ")[0]
        for page in re.split(r"^## ", chapter, flags=re.MULTILINE)[1:]:
            name = page.splitlines()[0]
            with self.subTest(name):
                parts = re.findall(r"^\*\*([A-Za-z ]+)\.\*\*", page, re.MULTILINE)
                self.assertEqual(parts, ["Means", "People see", "First look", "Causes", "Do"])
                self.assertRegex(page, r"(?m)^    (aws|countersign) ")

    def test_each_tells_whoever_listens_and_is_quiet_while_nothing_is_counted(self):
        for alarm in self.each():
            (action,) = alarm["AlarmActions"]
            self.assertEqual(action, "arn:aws:sns:us-east-1:123456789012:countersign-alarms")
            self.assertEqual(alarm["TreatMissingData"], "notBreaching")
        topic = self.product.of_type("AWS::SNS::Topic")["AlarmTopic"]
        self.assertEqual(topic["TopicName"], "countersign-alarms")
        # CloudWatch may not use the key that AWS keeps for SNS: nobody would be told.
        self.assertNotIn("KmsMasterKeyId", topic)

    def test_each_watches_what_aws_or_a_function_publishes(self):
        for deployment in self.deployments:
            self.assertEqual(list(unpublished(deployment)), [])

    def test_a_metric_by_dimensions_that_nobody_publishes_would_be_found(self):
        template = expansion.read()
        watched = template["Resources"]["DeadLetters"]["Properties"]
        watched.update(Namespace="AWS/DynamoDB", MetricName="ThrottledRequests")
        watched["Dimensions"] = [{"Name": "TableName", "Value": {"Ref": "Table"}}]
        self.assertEqual(
            list(unpublished(expansion.Deployment(template))),
            ["DeadLetters: AWS/DynamoDB ThrottledRequests by ['TableName']"],
        )

    def test_each_comes_by_one_too_many_save_answers_of_which_some_may_fail_or_be_slow_and_news_that_may_wait(self):
        """The statistic, and above what: another one would make an alarm that never comes, or always."""
        bounds = {
            "5XXError": ({"Average"}, 0.02),
            "Count": ({"Sum"}, 0.02),
            "5xx": ({"Sum"}, 0.02),
            "Latency": ({"p99"}, 1500),
            "DeliveryToS3.DataFreshness": ({"Maximum"}, 3600),
            "ApproximateNumberOfMessagesVisible": ({"Maximum"}, 0),
        }
        for alarm in self.each():
            of_each = [found["MetricStat"] for found in alarm.get("Metrics", []) if "MetricStat" in found]
            statistics = {found["Stat"] for found in of_each} or {alarm.get("Statistic", alarm.get("ExtendedStatistic"))}
            periods = {found["Period"] for found in of_each} or {alarm["Period"]}
            for _, metric, _ in metrics(alarm):
                with self.subTest(alarm["AlarmName"], metric=metric):
                    expected = bounds.get(metric, ({"Sum"}, 0))
                    self.assertEqual((statistics, float(alarm["Threshold"])), expected)
                    self.assertEqual(alarm["ComparisonOperator"], "GreaterThanThreshold")
                    self.assertLessEqual(max(periods) * alarm["EvaluationPeriods"], 3600)
                    self.assertNotIn("DatapointsToAlarm", alarm)

    def test_none_asks_for_more_metrics_than_one_alarm_takes(self):
        """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create-alarm-on-metric-math-expression.html"""
        for name, alarm in alarms(self.product).items():
            self.assertLessEqual(len(list(metrics(alarm))), 10, name)

    def test_a_crash_of_any_function_is_told(self):
        watched = {
            dimensions["FunctionName"]
            for alarm in alarms(self.product).values()
            for namespace, metric, dimensions in metrics(alarm)
            if (namespace, metric) == ("AWS/Lambda", "Errors")
        }
        functions = {found["FunctionName"] for found in self.product.of_type("AWS::Lambda::Function").values()}
        self.assertEqual(watched, functions)

    def test_the_faults_that_functions_count_are_counted_under_the_name_that_the_alarm_asks_for(self):
        written = (expansion.ROOT / "shared/http/src/metrics.rs").read_text(encoding="utf-8").split("#[cfg(test)]")[0]
        for part in ('"Countersign"', '"KmsFaults"', '"deployment"', '"COUNTERSIGN_DEPLOYMENT"'):
            self.assertIn(part, written)
        ((_, _, dimensions),) = metrics(alarms(self.product)["FailingKms"])
        for name, function in self.product.of_type("AWS::Lambda::Function").items():
            with self.subTest(name):
                environment = function["Environment"]["Variables"]
                self.assertEqual(environment["COUNTERSIGN_DEPLOYMENT"], dimensions["deployment"])


if __name__ == "__main__":
    unittest.main()
