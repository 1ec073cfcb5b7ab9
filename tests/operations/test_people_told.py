"""A request for somebody who is elsewhere, on the deployed stack (OpenID CIBA Core 1.0): the table's stream wakes `notify`, SNS
gets the message, and what is sent is read back; what nobody could be told lies among the dead letters."""

import base64
import contextlib
import hashlib
import json
import os
import queue
import secrets
import shutil
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import boto3
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from deployment import (
    DEMO, ISSUER, STACK, TABLE, ask, decoded, demo_in_force, eventually, in_force, needs_enforced_rights, operator_with, outputs,
    physical, signed_in,
)
from inside import RANGE, Inside, needs_a_place_inside
from test_rights_taken_away import TakenAway

CIBA = "urn:openid:params:grant-type:ciba"
SHOWN = "W4SCT"

# Where an endpoint shows the texts that went out: ministack, and LocalStack.
OUTBOXES = ("/_ministack/sns/sms-messages", "/_aws/sns/sms-messages")

TOLD_AGENT = """\
id = "told-agent"
name = "Told agent"
id_token_signed_response_alg = "ES256"
token_endpoint_auth_method = "client_secret_basic"
grant_types = ["ciba"]
scopes = ["openid"]
tools = ["files"]
default_tool = "files"

[backchannel]
token_delivery_mode = "ping"
client_notification_endpoint = "https://HOST/told"
may_ask_groups = ["finance"]
"""

BROUGHT_AGENT = """\
id = "brought-agent"
name = "Brought agent"
id_token_signed_response_alg = "ES256"
token_endpoint_auth_method = "client_secret_basic"
grant_types = ["ciba", "refresh_token"]
scopes = ["openid", "offline_access"]
tools = ["files"]
default_tool = "files"

[backchannel]
token_delivery_mode = "push"
client_notification_endpoint = "https://INSIDE/brought"
may_ask_groups = ["finance"]
refresh_tokens = true
"""

OUTBOUND = """
[outbound]
private_hosts = ["HOST"]
private_ranges = ["RANGE"]
authorities_file = "authority.pem"

[backchannel]
push = true
"""

AUTH_REQ_ID = "urn:openid:params:jwt:claim:auth_req_id"
RT_HASH = "urn:openid:params:jwt:claim:rt_hash"


# --- people ----------------------------------------------------------------------------------------------------------


def somebody(operator):
    """Somebody whom the demo's agents may ask."""
    name = f"told-{time.time_ns()}"
    return operator.does("user", "add", name, "--name", "Told", "--group", "finance", "--json").json


def a_number():
    return f"+4915{secrets.randbelow(10**9):09}"


def on_number(number):
    return {"kind": "sms", "number": number}


def an_app_that_is_gone():
    """An app that SNS has forgotten."""
    return {"kind": "push", "endpoint": f"arn:aws:sns:us-east-1:000000000000:endpoint/GCM/gone/{secrets.token_hex(8)}"}


def is_reached_on(person, *channels):
    """Gives the person devices that they have confirmed, in this order."""
    now = int(time.time())
    devices = [
        {"id": base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("="), "name": "Phone", "channel": channel,
         "confirmed_at": now, "order": order}
        for order, channel in enumerate(channels)
    ]
    item = {"pk": f"DEVICES#{person['id']}", "sk": "DEVICES", "body": json.dumps({"devices": devices})}
    boto3.client("dynamodb").put_item(TableName=TABLE, Item={name: {"S": text} for name, text in item.items()})


def texts_to(number):
    """The texts that went out to a number."""
    query = urllib.parse.urlencode({"phoneNumber": number})
    for outbox in OUTBOXES:
        try:
            with urllib.request.urlopen(f"{os.environ['AWS_ENDPOINT_URL']}{outbox}?{query}", timeout=10) as answer:
                return json.load(answer)["sms_messages"].get(number, [])
        except (urllib.error.HTTPError, ValueError):
            continue
    raise AssertionError("the endpoint does not show what went out")


# --- agents ----------------------------------------------------------------------------------------------------------


def asks(client, secret, person, **more):
    """Asks somebody who they are, and gets the `auth_req_id`."""
    form = {"scope": "openid", "login_hint": person["user_name"], "binding_message": SHOWN, **more}
    answer = ask("/bc-authorize", form, client, secret)
    if answer.status != 200:
        raise AssertionError(f"/bc-authorize answers {answer.status}: {answer.body}")
    return answer.json["auth_req_id"]


def grant_of(auth_req_id):
    """The part of it that is no secret."""
    return auth_req_id.split(".")[0]


def answers(person, auth_req_id, decision):
    """The person opens the link, signs in, and decides."""
    try:
        browser, page = signed_in(person, f"/approval?request={grant_of(auth_req_id)}")
        browser.sends(page, decision=decision)
    except SystemExit as stopped:
        raise AssertionError(stopped) from None


# --- what came of it -------------------------------------------------------------------------------------------------


def dead_letters():
    return boto3.client("sqs").get_queue_url(QueueName=f"{STACK}-dead-letters")["QueueUrl"]


def letter_about(grant):
    """What lies among the dead letters about a request, taken out."""
    sqs, address = boto3.client("sqs"), dead_letters()
    found = sqs.receive_message(QueueUrl=address, MaxNumberOfMessages=10, VisibilityTimeout=1, WaitTimeSeconds=1)
    for message in found.get("Messages", []):
        letter = json.loads(message["Body"])
        if letter.get("authorization") == grant:
            sqs.delete_message(QueueUrl=address, ReceiptHandle=message["ReceiptHandle"])
            return letter
    return None


class PeopleTold(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.operator = operator_with("operator", "OperatorPolicy")
        cls.auditor = operator_with("auditor", "AuditorPolicy")
        cls.secret = demo_in_force(cls.operator, "cleanup-agent")["cleanup-agent"]

    def asks(self, person, **more):
        return asks("cleanup-agent", self.secret, person, **more)

    def notified(self, grant):
        """What the audit trail says of the message about a request."""

        def told():
            found = self.auditor.does(
                "audit", "--log-group", outputs()["Logs"], f"--grant={grant}", "--since", "1 h", "--json", table=False
            ).out.splitlines()
            return next((line for line in map(json.loads, found) if line["event"] == "notification"), None)

        return eventually(told)

    def the_text(self, number, auth_req_id):
        """The one text, which says who asks, what the agent shows and where to decide, and nothing else."""
        self.assertTrue(eventually(lambda: texts_to(number)), "no text went out")
        (text,) = texts_to(number)
        link = f"{ISSUER}/approval?request={grant_of(auth_req_id)}"
        self.assertEqual(text["Message"], f"Clean-up agent: {SHOWN}\n{link}")
        secret = auth_req_id.split(".")[1]
        self.assertNotIn(secret, json.dumps(text))
        return text

    def test_a_person_gets_a_text_that_leads_to_the_page_and_holds_no_code(self):
        person, number = somebody(self.operator), a_number()
        is_reached_on(person, on_number(number))
        auth_req_id = self.asks(person)
        text = self.the_text(number, auth_req_id)
        attributes = json.dumps(text["MessageAttributes"])
        self.assertIn("AWS.SNS.SMS.SMSType", attributes)
        self.assertIn("Transactional", attributes)
        # The link is good: whoever opens it and signs in as the person decides.
        answers(person, auth_req_id, "approve")
        redeemed = ask("/token", {"grant_type": CIBA, "auth_req_id": auth_req_id}, "cleanup-agent", self.secret)
        self.assertEqual(redeemed.status, 200, redeemed.body)
        self.assertEqual(len(texts_to(number)), 1, "a decision is no message")
        self.assertEqual(self.notified(grant_of(auth_req_id))["outcome"], "granted")

    def test_what_one_device_does_not_take_goes_to_the_next(self):
        person, number = somebody(self.operator), a_number()
        is_reached_on(person, an_app_that_is_gone(), on_number(number))
        self.the_text(number, self.asks(person))

    def test_whom_sns_refuses_for_good_is_not_tried_again_and_the_audit_says_so(self):
        person = somebody(self.operator)
        is_reached_on(person, an_app_that_is_gone())
        grant = grant_of(self.asks(person, requested_expiry="30"))
        told = self.notified(grant)
        self.assertIsNotNone(told, "nothing became of it")
        self.assertEqual(told["outcome"], "failed", told)
        self.assertIsNone(letter_about(grant))

    def test_what_could_not_be_told_while_it_mattered_lies_among_the_dead_letters_and_an_alarm_watches_them(self):
        needs_enforced_rights()
        person, number = somebody(self.operator), a_number()
        is_reached_on(person, on_number(number))
        # A right that is missing may be given back: it is tried again, after 15 s, and then it is too late.
        with TakenAway("NotifyRole", "notify", "sns:Publish"):
            grant = grant_of(self.asks(person, requested_expiry="30"))
            letter = eventually(lambda: letter_about(grant), seconds=60)
        self.assertIsNotNone(letter, "it is lost")
        self.assertEqual((letter["kind"], letter["authorization"]), ("ask", grant))
        self.assertEqual(letter["tries"], 2, letter)
        self.assertIn("Authorization", letter["why"])
        self.assertEqual(set(letter), {"kind", "authorization", "tries", "why"})
        self.assertEqual(texts_to(number), [])
        (alarm,) = boto3.client("cloudwatch").describe_alarms(AlarmNames=[f"{STACK}-dead-letters"])["MetricAlarms"]
        watched = {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]}
        self.assertEqual(watched["QueueName"], dead_letters().rsplit("/", 1)[1])
        self.assertEqual(alarm["AlarmActions"], [physical("AlarmTopic")])
        # With the right, all is as before.
        self.the_text(number, self.asks(person))


# --- tokens ----------------------------------------------------------------------------------------------------------


def verified(token):
    """What a JWT says, if the deployed server has signed it: with ES256, by one of the keys that it publishes."""
    header, payload, signature = token.split(".")
    said = json.loads(decoded(header))
    (key,) = [each for each in json.loads(ask("/jwks.json").body)["keys"] if each["kid"] == said["kid"]]
    if (said["alg"], key["kty"], key["crv"]) != ("ES256", "EC", "P-256"):
        raise AssertionError(f"another key: {said} {key}")
    x, y = (int.from_bytes(decoded(key[name]), "big") for name in "xy")
    r, s = (int.from_bytes(half, "big") for half in (decoded(signature)[:32], decoded(signature)[32:]))
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    public.verify(encode_dss_signature(r, s), f"{header}.{payload}".encode(), ec.ECDSA(hashes.SHA256()))
    return json.loads(decoded(payload))


def left_half(token):
    """OpenID Connect Core, section 3.1.3.6."""
    digest = hashlib.sha256(token.encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")


class ClientsTold(unittest.TestCase):
    """OpenID CIBA Core 1.0, sections 10.2, 10.3 and 12, at endpoints inside the company's network: that of who is told is named by
    its host, that of who is brought tokens by the range of its address."""

    @classmethod
    def setUpClass(cls):
        needs_a_place_inside()
        ends = contextlib.ExitStack()
        cls.addClassCleanup(ends.close)
        cls.place = ends.enter_context(Inside())
        cls.operator = operator_with("operator", "OperatorPolicy")
        with tempfile.TemporaryDirectory() as folder:
            configuration = Path(folder) / "configuration"
            shutil.copytree(DEMO, configuration)
            shutil.copy(cls.place.authority, configuration / "authority.pem")
            with open(configuration / "server.toml", "a", encoding="utf-8") as settings:
                settings.write(OUTBOUND.replace("HOST", cls.place.host).replace("RANGE", RANGE))
            for agent, text in {"told-agent": TOLD_AGENT, "brought-agent": BROUGHT_AGENT}.items():
                text = text.replace("HOST", cls.place.host).replace("INSIDE", cls.place.host_in_range)
                (configuration / f"clients/{agent}.toml").write_text(text)
            secrets_of = in_force(cls.operator, configuration, "told-agent", "brought-agent")
            cls.secret, cls.brought_secret = secrets_of["told-agent"], secrets_of["brought-agent"]

    def setUp(self):
        self.place.heard, self.place.answers = queue.Queue(), lambda: 204
        self.person = somebody(self.operator)

    def hears(self, auth_req_id, token, seconds):
        path, headers, body = self.place.heard.get(timeout=seconds)
        self.assertEqual((path, headers["Authorization"]), ("/told", f"Bearer {token}"))
        self.assertEqual((headers["Content-Type"], body), ("application/json", {"auth_req_id": auth_req_id}))

    def test_a_client_that_is_down_for_a_while_is_told_of_the_decision_once_it_is_up(self):
        statuses = iter([503])
        self.place.answers = lambda: next(statuses, 204)
        token = secrets.token_urlsafe(32)
        auth_req_id = asks("told-agent", self.secret, self.person, client_notification_token=token)
        answers(self.person, auth_req_id, "deny")
        self.hears(auth_req_id, token, 30)
        # It comes back by the queue, after a quarter of a minute.
        self.hears(auth_req_id, token, 60)
        with self.assertRaises(queue.Empty):
            self.place.heard.get(timeout=5)
        refused = ask("/token", {"grant_type": CIBA, "auth_req_id": auth_req_id}, "told-agent", self.secret)
        self.assertEqual((refused.status, refused.json["error"]), (400, "access_denied"))

    def test_a_client_that_is_told_of_a_yes_comes_once_and_its_tokens_are_good(self):
        token = secrets.token_urlsafe(32)
        auth_req_id = asks("told-agent", self.secret, self.person, client_notification_token=token)
        answers(self.person, auth_req_id, "approve")
        self.hears(auth_req_id, token, 30)
        form = {"grant_type": CIBA, "auth_req_id": auth_req_id}
        redeemed = ask("/token", form, "told-agent", self.secret)
        self.assertEqual(redeemed.status, 200, redeemed.body)
        said = verified(redeemed.json["id_token"])
        self.assertEqual((said["sub"], said["aud"], said["iss"]), (self.person["id"], "told-agent", ISSUER))
        again = ask("/token", form, "told-agent", self.secret)
        self.assertEqual((again.status, again.json["error"]), (400, "invalid_grant"))

    def is_brought(self, token, seconds=30):
        """What the endpoint was brought, with the client's own token."""
        path, headers, body = self.place.heard.get(timeout=seconds)
        self.assertEqual((path, headers["Authorization"]), ("/brought", f"Bearer {token}"))
        self.assertEqual(headers["Content-Type"], "application/json")
        return body

    def asks_to_be_brought(self, token):
        scope = {"scope": "openid offline_access", "client_notification_token": token}
        return asks("brought-agent", self.brought_secret, self.person, **scope)

    def test_tokens_are_brought_once_the_client_is_up_and_are_good(self):
        statuses = iter([503])
        self.place.answers = lambda: next(statuses, 204)
        token = secrets.token_urlsafe(32)
        auth_req_id = self.asks_to_be_brought(token)
        answers(self.person, auth_req_id, "approve")
        first = self.is_brought(token)
        # It comes back by the queue, after a quarter of a minute.
        brought = self.is_brought(token, 60)
        self.assertEqual({**first, "expires_in": None}, {**brought, "expires_in": None})
        self.assertEqual((brought["auth_req_id"], brought["token_type"]), (auth_req_id, "Bearer"))
        said = verified(brought["id_token"])
        self.assertEqual((said["sub"], said["aud"], said["iss"]), (self.person["id"], "brought-agent", ISSUER))
        self.assertEqual(said[AUTH_REQ_ID], auth_req_id)
        self.assertEqual(said["at_hash"], left_half(brought["access_token"]))
        self.assertEqual(said[RT_HASH], left_half(brought["refresh_token"]))
        self.assertEqual(verified(brought["access_token"])["grant_id"], grant_of(auth_req_id))
        with self.assertRaises(queue.Empty):
            self.place.heard.get(timeout=5)

        comes = ask("/token", {"grant_type": CIBA, "auth_req_id": auth_req_id}, "brought-agent", self.brought_secret)
        self.assertEqual((comes.status, comes.json["error"]), (400, "unauthorized_client"))
        form = {"grant_type": "refresh_token", "refresh_token": brought["refresh_token"]}
        renewed = ask("/token", form, "brought-agent", self.brought_secret)
        self.assertEqual(renewed.status, 200, renewed.body)
        # Nothing of it lies about.
        pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE)
        table = json.dumps([page["Items"] for page in pages])
        for name in ("access_token", "id_token", "refresh_token"):
            self.assertNotIn(brought[name], table)

    def test_a_client_is_brought_the_no_and_what_it_does_not_take_has_ended(self):
        token = secrets.token_urlsafe(32)
        auth_req_id = self.asks_to_be_brought(token)
        self.place.answers = lambda: 401
        answers(self.person, auth_req_id, "approve")
        brought = self.is_brought(token)
        form = {"grant_type": "refresh_token", "refresh_token": brought["refresh_token"]}
        key = {"pk": {"S": f"AUTHORIZATION#{grant_of(auth_req_id)}"}, "sk": {"S": "AUTHORIZATION"}}

        def stage():
            item = boto3.client("dynamodb").get_item(TableName=TABLE, Key=key, ConsistentRead=True)["Item"]
            return json.loads(item["body"]["S"])["stage"]

        self.assertTrue(eventually(lambda: stage() == "ended"), stage())
        renewed = ask("/token", form, "brought-agent", self.brought_secret)
        self.assertEqual((renewed.status, renewed.json["error"]), (400, "invalid_grant"))

        self.place.answers = lambda: 204
        auth_req_id = self.asks_to_be_brought(token)
        answers(self.person, auth_req_id, "deny")
        told = self.is_brought(token)
        self.assertEqual((told["auth_req_id"], told["error"]), (auth_req_id, "access_denied"))
        self.assertNotIn("access_token", told)


if __name__ == "__main__":
    unittest.main()
