"""What infra/aws-smoke runs in an AWS account, run here: the whole code flow, its pages filled in without a browser."""

import json
import subprocess
import sys
import time
import unittest

from deployment import ISSUER, ROOT, demo_in_force, operator_with

RESOURCE = "https://files.internal.corp"
DETAILS = [
    {
        "type": "file_access",
        "locations": ["https://files.internal.corp/finance"],
        "actions": ["read"],
        "identifier": "Q4-report.pdf",
    }
]


def goes_through(issuer, secret, person, password):
    """What becomes of it with this password."""
    known = {"client_secret": secret, "user_name": person["user_name"], "password": password}
    command = [sys.executable, ROOT / "infra/code-flow.py", issuer, "finance-agent", RESOURCE, "files.access"]
    return subprocess.run(
        [*command, json.dumps(DETAILS)], input=json.dumps(known), capture_output=True, text=True, check=False
    )


class CodeFlow(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        operator = operator_with("operator", "OperatorPolicy")
        cls.secret = demo_in_force(operator, "finance-agent")["finance-agent"]
        name = f"smoke-{time.time_ns()}"
        # Whose group the demo's policies let grant this.
        person = ("user", "add", name, "--name", "Smoke", "--group", "finance", "--json")
        cls.person = operator.does(*person).json

    def flow(self, password):
        return goes_through(ISSUER, self.secret, self.person, password)

    def test_it_goes_through_and_tells_no_secret(self):
        done = self.flow(self.person["password"])
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_it_says_so_when_the_person_cannot_sign_in(self):
        done = self.flow("not the password")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^code-flow\.py: .*/sign-in answers 4\d\d")
        self.assertNotIn("not the password", done.stderr)


if __name__ == "__main__":
    unittest.main()
