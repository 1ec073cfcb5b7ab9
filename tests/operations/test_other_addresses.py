"""The same functions behind other addresses than the stage's: the domain that the stack was deployed with, and the HTTP API of
infra/http-api.yaml, whose events have another shape."""

import base64
import http.client
import json
import os
import subprocess
import sys
import time
import unittest
import urllib.parse

import boto3
from botocore.exceptions import ClientError
from deployment import DEMO, ISSUER, ROOT, STACK, UNTIL_ALL_KNOW, demo_in_force, operator_with
from samtranslator.yaml_helper import yaml_parse
from test_code_flow import DETAILS, RESOURCE

# What infra/localstack/up gives the stack for a domain.
DOMAIN = "auth.localhost"
HTTP_STACK = f"{STACK}-http"


def asks(path, form=None, client=None, secret=None, host=None):
    """A request to the endpoint as `host`: status, headers and JSON."""
    place = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"])
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
    headers = {"Host": host or place.netloc}
    if form:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    if client:
        headers["Authorization"] = "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()
    body = urllib.parse.urlencode(form) if form else None
    connection.request("POST" if form else "GET", path, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, answer.headers, json.loads(text) if text.startswith("{") else text


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
        return asks(*words, host=DOMAIN)

    def test_the_domain_leads_to_the_functions_and_no_stage_stands_in_a_path(self):
        status, _, document = self.at_the_domain("/.well-known/openid-configuration")
        self.assertEqual((status, document["issuer"]), (200, ISSUER))
        status, _, token = self.at_the_domain("/token", ALONE, "nightly-agent", self.secrets["nightly-agent"])
        self.assertEqual(status, 200, token)
        shown = {"token": token["access_token"]}
        status, _, told = self.at_the_domain("/introspect", shown, "files-tool", self.secrets["files-tool"])
        self.assertEqual((status, told["active"]), (200, True))
        self.assertEqual(self.at_the_domain("/prod/jwks.json")[0], 404)

    def test_of_another_name_there_is_no_such_deployment(self):
        status, _, answer = asks("/.well-known/openid-configuration", host="other.localhost")
        self.assertFalse(status == 200 and answer["issuer"] == ISSUER, answer)


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
        cls.secrets = demo_in_force(cls.operator, "nightly-agent", "files-tool", "finance-agent")
        cls.path = deployed_http_api()
        cls.addClassCleanup(boto3.client("cloudformation").delete_stack, StackName=HTTP_STACK)
        cls.issuer = os.environ["AWS_ENDPOINT_URL"] + cls.path
        cls.operator.does("apply", str(DEMO), "--issuer", cls.issuer, "--yes")
        cls.addClassCleanup(demo_in_force, cls.operator)
        time.sleep(UNTIL_ALL_KNOW)

    def asks(self, path, *words):
        return asks(self.path + path, *words)

    def test_discovery_is_found_at_its_root(self):
        status, headers, document = self.asks("/.well-known/oauth-authorization-server")
        self.assertEqual((status, document["issuer"]), (200, self.issuer))
        # What an HTTP API calls it, and no REST API does.
        self.assertIn("apigw-requestid", headers)
        self.assertEqual(self.asks("/nothing-here")[0], 404)

    def test_a_client_gets_a_token_that_its_tool_can_ask_about(self):
        status, _, token = self.asks("/token", ALONE, "nightly-agent", self.secrets["nightly-agent"])
        self.assertEqual(status, 200, token)
        claims = json.loads(base64.urlsafe_b64decode(token["access_token"].split(".")[1] + "=="))
        self.assertEqual(claims["iss"], self.issuer)
        shown = {"token": token["access_token"]}
        status, _, told = self.asks("/introspect", shown, "files-tool", self.secrets["files-tool"])
        self.assertEqual((status, told["active"], told["client_id"]), (200, True, "nightly-agent"))
        self.assertEqual(self.asks("/introspect", shown, "files-tool", "not its secret")[0], 401)

    def test_a_person_signs_in_and_approves_and_the_code_is_redeemed_once(self):
        """Cookies stand apart in an event of this kind, and the query arrives as it was written."""
        name = f"at-http-api-{time.time_ns()}"
        person = self.operator.does("user", "add", name, "--name", "Smoke", "--group", "finance", "--json").json
        known = {"client_secret": self.secrets["finance-agent"], "user_name": name, "password": person["password"]}
        command = [sys.executable, ROOT / "infra/code-flow.py", self.issuer, "finance-agent", RESOURCE, "files.access"]
        done = subprocess.run(
            [*command, json.dumps(DETAILS)], input=json.dumps(known), capture_output=True, text=True, check=False
        )
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_an_address_that_asks_for_nothing_is_answered_with_a_page(self):
        status, headers, page = self.asks("/authorize?client_id=nobody&request_uri=urn:x")
        self.assertEqual(status, 400)
        self.assertTrue(headers["Content-Type"].startswith("text/html"), page)

    def test_an_endpoint_is_found_well_by_the_doctor(self):
        done = operator_with("auditor", "AuditorPolicy").runs("doctor", "--issuer", self.issuer, "--json")
        wrong = {finding["check"] for finding in done.json["findings"] if finding["verdict"] == "wrong"}
        self.assertLessEqual(wrong, {"deletion protection", "texts", "texts a month"}, done.out)


if __name__ == "__main__":
    unittest.main()
