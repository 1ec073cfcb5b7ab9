"""The roles of the functions are enforced: take one right away, and what takes it fails, says nothing of the inside, and
leaves the others as they are.
"""

import copy
import json
import unittest

import boto3
from deployment import (
    ISSUER, TABLE, ask, demo_in_force, eventually, introspects, needs_enforced_rights, operator_with, physical, pushes,
    works_alone,
)

# What an answer could tell of the inside.
INSIDE = ("AccessDenied", "not authorized", "arn:aws", "dynamodb", "DynamoDB", "kms", "KMS", "Role", "panicked", "127.")


def without(document, action):
    """A policy without one action."""
    fewer = copy.deepcopy(document)
    fewer["Statement"] = [statement for statement in map(lambda one: lacking(one, action), fewer["Statement"]) if statement]
    return fewer


def lacking(statement, action):
    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    left = [each for each in actions if each != action]
    return {**statement, "Action": left} if left else None


class TakenAway:
    """The role of a function without one right, for as long as this lasts."""

    def __init__(self, role, policy, action):
        self.iam = boto3.client("iam")
        self.named = {"RoleName": physical(role), "PolicyName": policy}
        self.action = action

    def __enter__(self):
        document = self.iam.get_role_policy(**self.named)["PolicyDocument"]
        self.whole = document if isinstance(document, dict) else json.loads(document)
        fewer = without(self.whole, self.action)
        assert fewer != self.whole, f"the role has no {self.action}"
        self.iam.put_role_policy(**self.named, PolicyDocument=json.dumps(fewer))

    def __exit__(self, *_):
        self.iam.put_role_policy(**self.named, PolicyDocument=json.dumps(self.whole))


class RightsTakenAway(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        needs_enforced_rights()
        operator = operator_with("operator", "OperatorPolicy")
        cls.secrets = demo_in_force(operator, "nightly-agent", "finance-agent", "files-tool")

    def requests(self):
        """What each function is asked, and the status of the right answer."""
        token = works_alone(self.secrets["nightly-agent"]).json["access_token"]
        return {
            "discovery": (lambda: ask("/jwks.json"), 200),
            "introspect": (lambda: introspects(token, self.secrets["files-tool"]), 200),
            "par": (lambda: pushes(self.secrets["finance-agent"]), 201),
            "revoke": (lambda: ask("/revoke", {"token": token}, "nightly-agent", self.secrets["nightly-agent"]), 200),
            "token": (lambda: works_alone(self.secrets["nightly-agent"]), 200),
        }

    def fails_alone(self, function, role, action):
        """Without this right the function fails, the others go on, and all is well when it has it again."""
        requests = self.requests()
        for name, (asked, status) in requests.items():
            self.assertEqual(asked().status, status, f"{name}, before")
        with TakenAway(role, function, action):
            failed = requests[function][0]()
            self.assertIn(failed.status, (500, 503), failed.body)
            self.assertIn(failed.json["error"], ("server_error", "temporarily_unavailable"))
            for inside in (*INSIDE, TABLE, physical(role)):
                # The issuer, which `error_uri` begins with, may be an address of loopback here.
                self.assertNotIn(inside, f"{failed.headers}{failed.body}".replace(ISSUER, ""))
            for name, (asked, status) in requests.items():
                if name != function:
                    self.assertEqual(asked().status, status, f"{name}, while {function} lacks {action}")
        asked, status = requests[function]
        self.assertTrue(eventually(lambda: asked().status == status), f"{function}, after")

    def test_token_cannot_sign_without_the_right_to(self):
        self.fails_alone("token", "TokenRole", "kms:Sign")

    def test_par_cannot_keep_a_request_without_the_right_to_write(self):
        self.fails_alone("par", "ParRole", "dynamodb:PutItem")

    def test_introspect_cannot_look_a_token_up_without_the_right_to_read(self):
        self.fails_alone("introspect", "IntrospectRole", "dynamodb:BatchGetItem")

    def test_revoke_cannot_end_a_token_without_the_right_to_write(self):
        self.fails_alone("revoke", "RevokeRole", "dynamodb:PutItem")


if __name__ == "__main__":
    unittest.main()
