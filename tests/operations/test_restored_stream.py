"""A table that was restored has a stream of another name. Step 6 of "The table was lost or damaged" (infra/runbook.md) has the
stack follow it, and `countersign doctor` sees that it has to be done and that it was."""

import unittest

import boto3
from deployment import ISSUER, TABLE, demo_in_force, deployed_with, eventually, operator_with
from test_people_told import a_number, asks, is_reached_on, on_number, somebody, texts_to

def stream_of_the_table():
    return boto3.client("dynamodb").describe_table(TableName=TABLE)["Table"]["LatestStreamArn"]


def another_stream(meanwhile=lambda: None):
    """Gives the table a stream of another name, as a restore does. For a moment it has none."""
    database = boto3.client("dynamodb")
    before = stream_of_the_table()
    database.update_table(TableName=TABLE, StreamSpecification={"StreamEnabled": False})
    meanwhile()
    database.update_table(TableName=TABLE, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    after = stream_of_the_table()
    if after == before:
        raise unittest.SkipTest("this endpoint gives a table's new stream the old one's name")
    return after


class RestoredStream(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.operator = operator_with("operator", "OperatorPolicy")
        cls.auditor = operator_with("auditor", "AuditorPolicy")
        cls.secret = demo_in_force(cls.operator, "cleanup-agent")["cleanup-agent"]

    def found(self, check):
        """What the doctor finds."""
        told = self.auditor.runs("doctor", "--issuer", ISSUER, "--json").json["findings"]
        return next(finding for finding in told if finding["check"] == check)

    def news(self):
        """What the doctor finds of what wakes notify."""
        return self.found("news")

    def sees_that_there_is_none(self):
        stream = self.found("stream")
        self.assertEqual((stream["verdict"], stream["what"]), ("wrong", "it is off"))
        self.assertIn("StreamSpecification", stream["remedy"])

    def is_told(self):
        """Somebody new is asked; whether they get a text."""
        person, number = somebody(self.operator), a_number()
        is_reached_on(person, on_number(number))
        asks("cleanup-agent", self.secret, person)
        return eventually(lambda: texts_to(number), seconds=20)

    def test_the_stack_follows_the_stream_that_a_restore_gives_the_table(self):
        self.assertEqual(self.news()["verdict"], "ok")
        self.assertTrue(self.is_told())
        stream = another_stream(self.sees_that_there_is_none)
        lost = self.news()
        self.assertEqual(lost["verdict"], "wrong", lost)
        self.assertIn("step 6", lost["remedy"])
        deployed_with(RestoredStream=stream)
        self.assertEqual(self.news()["verdict"], "ok")
        self.assertTrue(self.is_told(), "nobody is told by the new stream")
        of_notify = boto3.client("lambda").list_event_source_mappings(EventSourceArn=stream)["EventSourceMappings"]
        self.assertEqual(len(of_notify), 1)


if __name__ == "__main__":
    unittest.main()
