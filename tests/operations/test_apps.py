"""The company's app enrols the phone that it runs on, and is woken there: the binaries of `account` and `notify`, with the rights of
their own roles and no others, and SNS. The emulator names an app's endpoint otherwise than SNS does, and shows nobody what was
published to one; what stands between the two here says it as SNS would, and keeps what it heard."""

import http.server
import json
import os
import secrets
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from deployment import ISSUER, STACK, TABLE, needs_enforced_rights, operator_with, physical, taken
from listening import Listening
from process import Process
from test_devices import DEVICES, NOT_USED_YET, Person, token_of, with_the_app
from test_people_told import SHOWN, asks, grant_of, is_reached_on, somebody

# "Amazon SNS", Service Authorization Reference: arn:…:endpoint/GCM/NAME/ID, and of the application arn:…:app/GCM/NAME.
NAME = f"company-app-{time.time_ns()}"
NOT_PASSED_ON = ("content-length", "connection")
PLATFORMS = ("GCM", "APNS")


def names(platform):
    """How the endpoints of this app begin: as the emulator has it, and as it is in an account."""
    return f"app/{platform}/{NAME}/", f"endpoint/{platform}/{NAME}/"


class AsSnsNamesIt(Listening):
    """The endpoint, with names of apps' endpoints as they are in an account. What it changes it signs anew for the caller.
    `published` is what went to apps."""

    def __init__(self, credentials):
        published = self.published = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                sent = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                form = dict(urllib.parse.parse_qsl(sent))
                if form.get("Action") == "Publish" and "TargetArn" in form:
                    published.append(form)
                body = sent
                for given, meant in map(names, PLATFORMS):
                    body = body.replace(meant.replace("/", "%2F"), given.replace("/", "%2F"))
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
                    text = answer.read().decode()
                for given, meant in map(names, PLATFORMS):
                    text = text.replace(given, meant)
                text = text.encode()
                self.send_response_only(answer.status)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        super().__init__(Handler)


def as_function(role_of_it):
    """The credentials of somebody with what a function's role allows."""
    own = physical(role_of_it)

    def gives(iam, role):
        for name in iam.list_role_policies(RoleName=own)["PolicyNames"]:
            policy = iam.get_role_policy(RoleName=own, PolicyName=name)["PolicyDocument"]
            text = policy if isinstance(policy, str) else json.dumps(policy)
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=text)
        for policy in iam.list_attached_role_policies(RoleName=own)["AttachedPolicies"]:
            iam.attach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])

    credentials = taken(f"as-function-{time.time_ns()}", gives)
    return Credentials(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])


def environment_of(function, who, sns, **more):
    """What a deployed function is started with, for somebody who acts as it, and whose way to AWS leads through `sns`."""
    settings = boto3.client("lambda").get_function_configuration(FunctionName=f"{STACK}-{function}")["Environment"]["Variables"]
    return {
        **settings, "AWS_ACCESS_KEY_ID": who.access_key, "AWS_SECRET_ACCESS_KEY": who.secret_key, "AWS_SESSION_TOKEN": who.token,
        "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": sns.url, **more,
    }


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


def of_the_stream(grant):
    """A record of the table's stream about a new request ("Using AWS Lambda with Amazon DynamoDB")."""
    item = {"pk": {"S": f"AUTHORIZATION#{grant}"}, "news": {"S": "requested"}}
    record = {"eventID": grant, "eventSource": "aws:dynamodb", "dynamodb": {"SequenceNumber": grant, "NewImage": item}}
    return {"Records": [record]}


class Apps(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        needs_enforced_rights()
        cls.operator = operator_with("operator", "OperatorPolicy")
        cls.secrets = with_the_app(cls.operator)

    def setUp(self):
        self.sns, self.apps = boto3.client("sns"), {}
        for platform in PLATFORMS:
            made = self.sns.create_platform_application(Name=NAME, Platform=platform, Attributes={"PlatformCredential": "none"})
            self.apps[platform] = made["PlatformApplicationArn"]
            self.addCleanup(self.sns.delete_platform_application, PlatformApplicationArn=self.apps[platform])

    def test_an_app_enrols_its_phone_which_the_person_then_has_until_the_app_takes_it_away(self):
        person, phone = Person(self.operator), {"platform": "GCM", "token": secrets.token_urlsafe(32), "name": "Work phone"}
        token = token_of(person, self.secrets["company-app"], "openid devices")
        who = as_function("AccountRole")
        with AsSnsNamesIt(who) as sns:
            with Process("account", environment_of("account", who, sns, COUNTERSIGN_PUSH_GCM=self.apps["GCM"])) as account:
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
        given, meant = names("GCM")
        self.assertIn(meant, device["channel"]["endpoint"])
        return device["channel"]["endpoint"].replace(meant, given)

    def test_what_wakes_an_app_says_who_asks_what_is_shown_and_where_to_decide_and_nothing_else(self):
        # The emulator looks for the right to publish at the name that it gives, which the role rightly does not have.
        who, passed_on = as_function("NotifyRole"), Credentials("test", "test")
        with AsSnsNamesIt(passed_on) as sns, Process("notify", environment_of("notify", who, sns)) as notify:
            for platform in PLATFORMS:
                with self.subTest(platform):
                    self.is_woken(sns, notify, platform)

    def is_woken(self, sns, notify, platform):
        person, token = somebody(self.operator), secrets.token_urlsafe(32)
        made = self.sns.create_platform_endpoint(PlatformApplicationArn=self.apps[platform], Token=token)["EndpointArn"]
        endpoint = made.replace(*names(platform))
        is_reached_on(person, {"kind": "push", "endpoint": endpoint})
        auth_req_id = asks("cleanup-agent", self.secrets["cleanup-agent"], person, requested_expiry="120")
        kind, answer = notify.takes(of_the_stream(grant_of(auth_req_id)))
        self.assertEqual((kind, answer), ("response", {"batchItemFailures": []}), notify.log())
        (told,) = [form for form in sns.published if form["TargetArn"] == endpoint]
        self.assertEqual(told["MessageStructure"], "json")
        link = f"{ISSUER}/approval?request={grant_of(auth_req_id)}"
        notification = {"title": "Clean-up agent", "body": SHOWN}
        forms = json.loads(told["Message"])
        self.assertEqual(set(forms), {"default", "GCM", "APNS", "APNS_SANDBOX"})
        self.assertEqual(forms["default"], f"Clean-up agent: {SHOWN}\n{link}")
        self.assertEqual(
            json.loads(forms["GCM"])["fcmV1Message"]["message"],
            {"notification": notification, "data": {"link": link}, "android": {"priority": "high"}},
        )
        apple = {"aps": {"alert": notification, "sound": "default", "interruption-level": "time-sensitive"}, "link": link}
        self.assertEqual((json.loads(forms["APNS"]), json.loads(forms["APNS_SANDBOX"])), (apple, apple))
        self.assertNotIn(auth_req_id.split(".")[1], json.dumps(told))
        # It is worth nothing to a phone that comes back when the request is over.
        attributes = {value: told[name.replace(".Name", ".Value.StringValue")] for name, value in told.items() if name.endswith(".Name")}
        for life in (attributes["AWS.SNS.MOBILE.GCM.TTL"], attributes["AWS.SNS.MOBILE.APNS.TTL"]):
            self.assertTrue(0 < int(life) <= 120, life)


if __name__ == "__main__":
    unittest.main()
