"""The company's app enrols the phone that it runs on: the binary of `account`, with the rights of its own role and no others,
and SNS. The emulator names an app's endpoint otherwise than SNS does; what stands between the two here says it as SNS would."""

import http.server
import json
import os
import secrets
import threading
import time
import unittest
import urllib.error
import urllib.request

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from deployment import ISSUER, STACK, TABLE, needs_enforced_rights, operator_with, physical, taken
from process import Process
from test_devices import DEVICES, NOT_USED_YET, Person, token_of, with_the_app

# "Amazon SNS", Service Authorization Reference: arn:…:endpoint/GCM/NAME/ID, and of the application arn:…:app/GCM/NAME.
NAME = f"company-app-{time.time_ns()}"
NOT_PASSED_ON = ("content-length", "connection")
NAMES = (f"app/GCM/{NAME}/", f"endpoint/GCM/{NAME}/")


class AsSnsNamesIt(http.server.ThreadingHTTPServer):
    """The endpoint, with names of apps' endpoints as they are in an account. What it changes it signs anew for the caller."""

    def __init__(self, credentials):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                given, meant = NAMES
                sent = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                body = sent.replace(meant.replace("/", "%2F"), given.replace("/", "%2F"))
                headers = {name: value for name, value in self.headers.items() if name.lower() not in NOT_PASSED_ON}
                address = os.environ["AWS_ENDPOINT_URL"] + self.path
                if body != sent:
                    signed = AWSRequest("POST", address, {"Content-Type": self.headers["Content-Type"]}, body)
                    SigV4Auth(credentials, "sns", "us-east-1").add_auth(signed)
                    headers = dict(signed.headers)
                request = urllib.request.Request(address, body.encode(), headers, method="POST")
                try:
                    answer = urllib.request.urlopen(request, timeout=30)
                except urllib.error.HTTPError as refused:
                    answer = refused
                with answer:
                    text = answer.read().decode().replace(given, meant).encode()
                self.send_response_only(answer.status)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


def as_account():
    """The credentials of somebody with what the role of `account` allows."""
    own = physical("AccountRole")

    def gives(iam, role):
        for name in iam.list_role_policies(RoleName=own)["PolicyNames"]:
            policy = iam.get_role_policy(RoleName=own, PolicyName=name)["PolicyDocument"]
            text = policy if isinstance(policy, str) else json.dumps(policy)
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=text)
        for policy in iam.list_attached_role_policies(RoleName=own)["AttachedPolicies"]:
            iam.attach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])

    credentials = taken(f"as-account-{time.time_ns()}", gives)
    return Credentials(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])


def event(method, bearer, body=None, device=None):
    """A request of the app, as the gateway hands it over."""
    return {
        "httpMethod": method,
        "path": f"/devices/{device}" if device else "/devices",
        "resource": "/devices/{device_id}" if device else "/devices",
        "pathParameters": {"device_id": device} if device else None,
        "headers": {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"},
        "requestContext": {"requestId": f"req-{secrets.token_hex(4)}", "stage": "prod", "resourcePath": "/devices"},
        "body": json.dumps(body) if body else None,
    }


class Apps(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        needs_enforced_rights()
        cls.operator = operator_with("operator", "OperatorPolicy")
        cls.secret = with_the_app(cls.operator)["company-app"]

    def setUp(self):
        self.sns = boto3.client("sns")
        made = self.sns.create_platform_application(Name=NAME, Platform="GCM", Attributes={"PlatformCredential": "none"})
        self.app = made["PlatformApplicationArn"]
        self.addCleanup(self.sns.delete_platform_application, PlatformApplicationArn=self.app)

    def test_an_app_enrols_its_phone_which_the_person_then_has_until_the_app_takes_it_away(self):
        settings = boto3.client("lambda").get_function_configuration(FunctionName=f"{STACK}-account")["Environment"]["Variables"]
        person, phone = Person(self.operator), {"platform": "GCM", "token": secrets.token_urlsafe(32), "name": "Work phone"}
        token = token_of(person, self.secret, "openid devices")
        who = as_account()
        with AsSnsNamesIt(who) as sns:
            environment = {
                **settings, "AWS_ACCESS_KEY_ID": who.access_key, "AWS_SECRET_ACCESS_KEY": who.secret_key,
                "AWS_SESSION_TOKEN": who.token, "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": sns.address,
                "COUNTERSIGN_PUSH_GCM": self.app,
            }
            with Process("account", environment) as account:
                enrolled = self.answer(account, event("POST", token, phone), 201)
                device = json.loads(enrolled["body"])["device_id"]
                again = self.answer(account, event("POST", token, phone), 200)
                self.assertEqual(json.loads(again["body"])["device_id"], device)
                page = person.opens(ISSUER + DEVICES)
                self.assertIn("Work phone", page)
                self.assertNotIn(NOT_USED_YET, page)
                # It is the app that SNS has, woken under the token that it gave.
                made = self.sns.get_endpoint_attributes(EndpointArn=self.endpoint(person))["Attributes"]
                self.assertEqual((made["Token"], made["Enabled"]), (phone["token"], "true"))
                self.assertNotIn(phone["token"], account.log())
                self.answer(account, event("DELETE", token, device=device), 204)
                self.answer(account, event("DELETE", token, device=device), 404)
        self.assertNotIn("Work phone", person.opens(ISSUER + DEVICES))

    def answer(self, account, asked, status):
        kind, answer = account.takes(asked)
        self.assertEqual((kind, answer.get("statusCode")), ("response", status), f"{answer} {account.log()}")
        return answer

    def endpoint(self, person):
        """What is kept of the phone: the endpoint, as the emulator names it."""
        key = {"pk": {"S": f"DEVICES#{person.known['id']}"}, "sk": {"S": "DEVICES"}}
        kept = boto3.client("dynamodb").get_item(TableName=TABLE, Key=key)["Item"]["body"]["S"]
        (device,) = json.loads(kept)["devices"]
        self.assertIn(NAMES[1], device["channel"]["endpoint"])
        return device["channel"]["endpoint"].replace(*reversed(NAMES))


if __name__ == "__main__":
    unittest.main()
