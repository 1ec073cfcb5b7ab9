"""What the gateway itself answers where no function does: in the words of template.yaml, with nothing of the inside.

Two of its answers are seen here, that there is nothing at a path and that too much comes at once. The emulator lets requests of
any size through, and answers for a function that crashed with what its process said, so that the others were seen nowhere.
"""

import json
import unittest
import urllib.parse

import boto3
from deployment import ISSUER, ROOT, ask, eventually, physical
from samtranslator.yaml_helper import yaml_parse

STAGE = urllib.parse.urlsplit(ISSUER).path.rsplit("/", 1)[-1]


def written(kind):
    """The status, the headers and the body that the template has for a type of answer."""
    template = yaml_parse((ROOT / "template.yaml").read_text())
    response = template["Resources"]["Api"]["Properties"]["GatewayResponses"][kind]
    headers = {name: value.strip("'") for name, value in response["ResponseParameters"]["Headers"].items()}
    return int(response["StatusCode"]), headers, json.loads(response["ResponseTemplates"]["application/json"])


def lets_through(rate, burst):
    """Sets how many requests the stage lets through to what has no limit of its own, a second and at the same moment."""
    limits = {"rateLimit": rate, "burstLimit": burst}
    changes = [{"op": "replace", "path": f"/*/*/throttling/{name}", "value": str(value)} for name, value in limits.items()]
    gateway = boto3.client("apigateway")
    gateway.update_stage(restApiId=physical("Api"), stageName=STAGE, patchOperations=changes)


class Gateway(unittest.TestCase):
    def is_answered_as_written(self, answer, kind):
        status, headers, body = written(kind)
        self.assertEqual((answer.status, answer.json), (status, body))
        self.assertEqual(answer.headers.get_content_type(), "application/json")
        self.assertEqual({name: answer.headers[name] for name in headers}, headers)

    def test_there_is_nothing_at_a_path_that_no_function_has(self):
        for path in ("/nothing-here", "/token/nothing-here", "/.well-known/nothing-here"):
            with self.subTest(path):
                self.is_answered_as_written(ask(path), "MISSING_AUTHENTICATION_TOKEN")
                answer = ask(path, {"grant_type": "client_credentials"}, "nightly-agent", "none")
                self.is_answered_as_written(answer, "MISSING_AUTHENTICATION_TOKEN")

    def test_what_is_above_the_limit_is_told_to_come_again(self):
        path = "/errors"
        self.assertEqual(ask(path).status, 200)
        template = yaml_parse((ROOT / "template.yaml").read_text())
        limits = [template["Parameters"][name]["Default"] for name in ("PagesThrottleRate", "PagesThrottleBurst")]
        self.addCleanup(lambda: eventually(lambda: ask(path).status == 200))
        self.addCleanup(lets_through, *limits)
        lets_through(0, 0)
        self.assertTrue(eventually(lambda: ask(path).status == 429))
        for answer in (ask(path), ask("/revoke", {"token": "none"}, "nightly-agent", "none")):
            self.is_answered_as_written(answer, "THROTTLED")
        self.assertEqual(ask("/jwks.json").status, 200, "it has a limit of its own")


if __name__ == "__main__":
    unittest.main()
