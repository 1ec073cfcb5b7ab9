"""The same functions behind other addresses than the stage's: the domain that the stack was deployed with, and the HTTP API of
infra/http-api.yaml, whose events have another shape."""

import json
import os
import time
import unittest
import urllib.parse

import boto3
from botocore.exceptions import ClientError
from deployment import ISSUER, OF_A_TRIAL, ROOT, STACK, ask, decoded, demo_in_force, operator_with
from samtranslator.yaml_helper import yaml_parse
from test_code_flow import goes_through

# What infra/localstack/up gives the stack for a domain.
DOMAIN = "auth.localhost"
HTTP_STACK = f"{STACK}-http"

ENDPOINT = os.environ.get("AWS_ENDPOINT_URL", "")
ALONE = {"grant_type": "client_credentials", "scope": "files.read"}


class Domain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        try:
            boto3.client("apigateway").get_domain_name(domainName=DOMAIN)
        except ClientError:
            raise unittest.SkipTest("the stack was deployed without a domain") from None
        operator = operator_with("operator", "OperatorPolicy")
        cls.secrets = demo_in_force(operator, "nightly-agent", "files-tool", "finance-agent")

    def at_the_domain(self, *words):
        return ask(*words, issuer=ENDPOINT, host=DOMAIN)

    def test_the_domain_leads_to_the_functions_and_no_stage_stands_in_a_path(self):
        document = self.at_the_domain("/.well-known/openid-configuration")
        self.assertEqual((document.status, document.json["issuer"]), (200, ISSUER))
        token = self.at_the_domain("/token", ALONE, "nightly-agent", self.secrets["nightly-agent"])
        self.assertEqual(token.status, 200, token.body)
        shown = {"token": token.json["access_token"]}
        told = self.at_the_domain("/introspect", shown, "files-tool", self.secrets["files-tool"])
        self.assertEqual((told.status, told.json["active"]), (200, True))
        self.assertEqual(self.at_the_domain("/prod/jwks.json").status, 404)

    def test_of_another_name_there_is_no_such_deployment(self):
        answer = ask("/.well-known/openid-configuration", issuer=ENDPOINT, host="other.localhost")
        self.assertFalse(answer.status == 200 and answer.json["issuer"] == ISSUER, answer.body)


def deployed_http_api():
    """The stack of infra/http-api.yaml, as the emulator takes it; its address."""
    template = yaml_parse((ROOT / "infra/http-api.yaml").read_text())
    # Of several metrics: the emulator refuses it, and the whole stack with it.
    del template["Resources"]["FailingAnswers"]
    cloud = boto3.client("cloudformation")
    given = [{"ParameterKey": "Deployment", "ParameterValue": STACK}]
    cloud.create_stack(StackName=HTTP_STACK, TemplateBody=json.dumps(template), Parameters=given)
    cloud.get_waiter("stack_create_complete").wait(StackName=HTTP_STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    (output,) = cloud.describe_stacks(StackName=HTTP_STACK)["Stacks"][0]["Outputs"]
    # http://ID.execute-api.…: a name that this machine may not resolve, so it is reached by its path.
    api = urllib.parse.urlsplit(output["OutputValue"]).hostname.split(".")[0]
    return f"/_aws/execute-api/{api}"


class HttpApi(unittest.TestCase):
    """It is the issuer here, as it is where it stands before the whole deployment."""

    @classmethod
    def setUpClass(cls):
        cls.operator = operator_with("operator", "OperatorPolicy")
        cls.addClassCleanup(boto3.client("cloudformation").delete_stack, StackName=HTTP_STACK)
        cls.issuer = ENDPOINT + deployed_http_api()
        cls.addClassCleanup(demo_in_force, cls.operator)
        clients = ("nightly-agent", "files-tool", "finance-agent")
        cls.secrets = demo_in_force(cls.operator, *clients, issuer=cls.issuer)

    def asks(self, *words):
        return ask(*words, issuer=self.issuer)

    def test_discovery_is_found_at_its_root(self):
        document = self.asks("/.well-known/oauth-authorization-server")
        self.assertEqual((document.status, document.json["issuer"]), (200, self.issuer))
        # What an HTTP API calls it, and no REST API does.
        self.assertIn("apigw-requestid", document.headers)
        self.assertEqual(self.asks("/nothing-here").status, 404)

    def test_a_client_gets_a_token_that_its_tool_can_ask_about(self):
        answer = self.asks("/token", ALONE, "nightly-agent", self.secrets["nightly-agent"])
        self.assertEqual(answer.status, 200, answer.body)
        token = answer.json["access_token"]
        self.assertEqual(json.loads(decoded(token.split(".")[1]))["iss"], self.issuer)
        told = self.asks("/introspect", {"token": token}, "files-tool", self.secrets["files-tool"])
        self.assertEqual((told.status, told.json["active"], told.json["client_id"]), (200, True, "nightly-agent"))
        self.assertEqual(self.asks("/introspect", {"token": token}, "files-tool", "not its secret").status, 401)

    def test_a_person_signs_in_and_approves_and_the_code_is_redeemed_once(self):
        """Cookies stand apart in an event of this kind, and the query arrives as it was written."""
        name = f"at-http-api-{time.time_ns()}"
        person = self.operator.does("user", "add", name, "--name", "Smoke", "--group", "finance", "--json").json
        done = goes_through(self.issuer, self.secrets["finance-agent"], person, person["password"])
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_an_address_that_asks_for_nothing_is_answered_with_a_page(self):
        page = self.asks("/authorize?client_id=nobody&request_uri=urn:x")
        self.assertEqual(page.status, 400)
        self.assertTrue(page.headers["Content-Type"].startswith("text/html"), page.body)

    def test_an_endpoint_is_found_well_by_the_doctor(self):
        done = operator_with("auditor", "AuditorPolicy").runs("doctor", "--issuer", self.issuer, "--json")
        wrong = {finding["check"] for finding in done.json["findings"] if finding["verdict"] == "wrong"}
        self.assertLessEqual(wrong, OF_A_TRIAL, done.out)


if __name__ == "__main__":
    unittest.main()
