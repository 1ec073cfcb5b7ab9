"""A request for somebody who is elsewhere, on the deployed stack (OpenID CIBA Core 1.0): the table's stream wakes `notify`, SNS
gets the message, and what is sent is read back; what nobody could be told lies among the dead letters."""

import base64
import json
import os
import secrets
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

import boto3
from deployment import (
    ISSUER, STACK, TABLE, ask, demo_in_force, eventually, needs_enforced_rights, operator_with, outputs, physical, signed_in,
)
from test_rights_taken_away import TakenAway

CIBA = "urn:openid:params:grant-type:ciba"
SHOWN = "W4SCT"

# Where an endpoint shows the texts that went out: ministack, and LocalStack.
OUTBOXES = ("/_ministack/sns/sms-messages", "/_aws/sns/sms-messages")


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


if __name__ == "__main__":
    unittest.main()
