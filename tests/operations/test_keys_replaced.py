"""A signing key that leaked is replaced at once while functions run: the next token is signed by its successor."""

import base64
import json
import os
import time
import unittest
import urllib.parse

import boto3
from deployment import DEMO, ROOT, Operator, decoded
from process import Process
from samtranslator.yaml_helper import yaml_parse

ISSUER = "http://localhost:8690"


class Apart:
    """A table and keys beside those of the stack, on the same endpoint: nobody else's tokens are signed by these."""

    def __init__(self):
        self.name = f"apart-{time.time_ns()}"
        (table,) = [
            found["Properties"]
            for found in yaml_parse((ROOT / "template.yaml").read_text())["Resources"].values()
            if found["Type"] == "AWS::DynamoDB::Table"
        ]
        shape = {name: table[name] for name in ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")}
        boto3.client("dynamodb").create_table(TableName=self.name, **shape)
        key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
        own = ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        self.environment = {
            **{name: os.environ[name] for name in own},
            # As the stack's functions have it: the endpoint is slower than AWS.
            "COUNTERSIGN_AWS_MILLISECONDS": "5000",
            "COUNTERSIGN_TABLE": self.name,
            "COUNTERSIGN_DEPLOYMENT": self.name,
            "COUNTERSIGN_DATA_KEY": key,
            "COUNTERSIGN_SIGNING_MODE": "kms",
            "COUNTERSIGN_ROTATION_DAYS": "90",
        }

    def removed(self):
        boto3.client("dynamodb").delete_table(TableName=self.name)

    def does(self, *words):
        done = Operator({}).does(*words, "--table", self.name, "--json", table=False)
        return done.json

    def has_approved(self, number):
        """What an approval leaves at the end of its person's chain."""
        sub = f"person-{'A' * 22}"
        head = {"person": sub, "number": number, "hash": "A" * 43}
        item = {"pk": {"S": "HEADS#00"}, "sk": {"S": sub}, "body": {"S": json.dumps(head)}}
        boto3.client("dynamodb").put_item(TableName=self.name, Item=item)

    def anchor(self):
        """The keys that sign checkpoints, as a stranger is given them."""
        done = Operator({}).does("evidence", "anchor", "--table", self.name, table=False)
        return done.json["keys"]

    def checkpoints(self):
        """The checkpoints, as JWS, the oldest first."""
        condition = {":pk": {"S": "CHECKPOINTS"}, ":sk": {"S": "NUMBER#"}}
        found = boto3.client("dynamodb").query(
            TableName=self.name,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues=condition,
        )
        return [json.loads(item["body"]["S"])["signed"] for item in found["Items"]]

    def starts(self, function):
        return Process(function, self.environment)


def works_alone(secret):
    """The nightly agent's request for a token, as the gateway hands it over."""
    credentials = base64.b64encode(f"nightly-agent:{secret}".encode()).decode()
    return {
        "httpMethod": "POST",
        "path": "/token",
        "resource": "/token",
        "headers": {"Authorization": f"Basic {credentials}", "Content-Type": "application/x-www-form-urlencoded"},
        "requestContext": {"requestId": "req-1", "stage": "prod", "resourcePath": "/token"},
        "body": urllib.parse.urlencode({"grant_type": "client_credentials", "scope": "files.read"}),
    }


class KeysReplaced(unittest.TestCase):
    def test_a_running_function_signs_with_the_successor_of_a_key_that_was_replaced_at_once(self):
        apart = Apart()
        self.addCleanup(apart.removed)
        with apart.starts("rotation") as rotation:
            self.assertEqual(rotation.takes({}), ("response", {"keys": "made"}))
            apart.does("apply", str(DEMO), "--issuer", ISSUER, "--yes")
            secret = apart.does("client", "rotate-secret", "nightly-agent")["client_secret"]
            with apart.starts("token") as token:

                def key_of_the_next():
                    kind, answer = token.takes(works_alone(secret))
                    self.assertEqual((kind, answer["statusCode"]), ("response", 200), f"{answer} {token.log()}")
                    signed = json.loads(answer["body"])["access_token"]
                    return json.loads(decoded(signed.split(".")[0]))["kid"]

                leaked = key_of_the_next()
                self.assertEqual(key_of_the_next(), leaked)
                kind, told = rotation.takes({"rotate": ["ES256"], "at_once": True})
                self.assertEqual((kind, told["rotated"]), ("response", ["ES256"]))
                successor = key_of_the_next()
                self.assertNotEqual(successor, leaked)
                self.assertEqual(key_of_the_next(), successor)
                calls = [json.loads(line)["aws"] for line in token.log().splitlines() if '"aws_calls"' in line]
        # What KMS would not sign, and what it signed then; once alone.
        self.assertEqual(["KMS.Sign=2" in made for made in calls], [False, False, True, False], calls)

    def test_a_checkpoint_is_signed_by_a_key_of_its_own_that_is_replaced_on_demand(self):
        for mode in ("kms", "kms-wrapped"):
            with self.subTest(mode):
                self.checkpoints(mode)

    def checkpoints(self, mode):
        apart = Apart()
        self.addCleanup(apart.removed)
        apart.environment["COUNTERSIGN_SIGNING_MODE"] = mode
        checkpoint = {"checkpoint": True}
        with apart.starts("rotation") as rotation:
            self.assertEqual(rotation.takes({}), ("response", {"keys": "made"}))
            apart.does("apply", str(DEMO), "--issuer", ISSUER, "--yes")
            self.assertEqual(rotation.takes(checkpoint), ("response", {"checkpoint": "as it was"}))
            apart.has_approved(1)
            made = {"checkpoint": 1, "chains": 1, "gone_on": 1}
            self.assertEqual(rotation.takes(checkpoint), ("response", made))
            self.assertEqual(rotation.takes(checkpoint), ("response", {"checkpoint": "as it was"}))
            (first,) = apart.anchor()
            apart.has_approved(2)
            kind, told = rotation.takes({**checkpoint, "new_checkpoint_key": True})
            self.assertEqual((kind, told["checkpoint"]), ("response", 2))
            self.assertEqual([key["kid"] for key in apart.anchor()][:1], [first["kid"]])
            signers = [json.loads(decoded(signed.split(".")[0]))["kid"] for signed in apart.checkpoints()]
            self.assertEqual(signers, [key["kid"] for key in apart.anchor()])


if __name__ == "__main__":
    unittest.main()
