"""A person looks after what they are reached on, on the deployed stack: `/account/devices` and `/devices` with their own roles,
and what went out is read back from SNS."""

import json
import re
import secrets
import shutil
import tempfile
import time
import unittest
import urllib.parse
import urllib.request
from pathlib import Path

import boto3
from deployment import (
    DEMO, ISSUER, ROOT, answered, code_flow, eventually, in_force, operator_with, physical, signed_in,
)
from test_people_told import SHOWN, a_number, an_app_that_is_gone, asks, grant_of, is_reached_on, on_number, texts_to

DEVICES = "/account/devices"
NOT_USED_YET = "Not used yet"


class Person:
    """Somebody of whom agents may ask something, signed in where their devices are."""

    def __init__(self, operator, *more):
        name = f"reached-{time.time_ns()}"
        known = ("user", "add", name, "--name", "Reached", "--group", "finance", *more, "--json")
        self.known = operator.does(*known).json
        self.browser, (_, self.page) = signed_in(self.known, DEVICES)

    def opens(self, address):
        self.page = self.browser.opens(address)[1]
        return self.page

    def presses(self, button, **fields):
        """Sends a form of the page of devices."""
        page = self.opens(ISSUER + DEVICES)
        csrf = dict(code_flow().Form(page).fields)["csrf"]
        address, self.page = self.browser.opens(ISSUER + DEVICES, {"csrf": csrf, "do": button, **fields})
        return address

    def device(self):
        """The device on the page, where there is one."""
        return re.search(r'name="device" value="([^"]+)"', self.opens(ISSUER + DEVICES))[1]


def sends(method, path, bearer, body=None):
    """A request of the company's app, which shows its person's token."""
    request = urllib.request.Request(ISSUER + path, method=method, data=json.dumps(body).encode() if body else None)
    request.add_header("Authorization", f"Bearer {bearer}")
    request.add_header("Content-Type", "application/json")
    return answered(request)


def with_the_app(operator):
    """The demo's configuration, and in it the company's own app; their secrets."""
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder) / "configuration"
        shutil.copytree(DEMO, configuration)
        shutil.copy(ROOT / "tests/configuration/clients/company-app.toml", configuration / "clients")
        return in_force(operator, configuration, "cleanup-agent", "company-app")


def token_of(person, app_secret, scope):
    """What the person's own app gets when they have signed in there."""
    flow = code_flow()
    app, verifier = flow.Agent(ISSUER, "company-app", app_secret), secrets.token_urlsafe(32)
    request_uri = app.pushes({"scope": scope}, secrets.token_urlsafe(16), verifier)
    query = urllib.parse.urlencode({"client_id": "company-app", "request_uri": request_uri})
    address, _ = person.browser.sends(person.browser.opens(f"{ISSUER}/authorize?{query}"), decision="approve")
    code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))["code"]
    status, answer = app.redeems(code, verifier)
    if status != 200:
        raise AssertionError(answer)
    return answer["access_token"]


class Devices(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.operator = operator_with("operator", "OperatorPolicy")
        cls.secrets = with_the_app(cls.operator)

    def token_of(self, person, scope):
        return token_of(person, self.secrets["company-app"], scope)

    def asks(self, person):
        return asks("cleanup-agent", self.secrets["cleanup-agent"], person.known)

    def test_a_person_adds_a_number_opens_the_link_that_comes_there_and_is_then_asked_on_it(self):
        person, number = Person(self.operator), a_number()
        self.assertIn("notice=link-sent", person.presses("sms", address=number, name="My phone"))
        self.assertIn(NOT_USED_YET, person.opens(ISSUER + DEVICES))
        (text,) = eventually(lambda: texts_to(number))
        link = re.search(r"http\S+", text["Message"])[0]
        self.assertTrue(link.startswith(f"{ISSUER}/account/devices/confirm?"), link)
        address, page = person.browser.sends((link, person.opens(link)))
        self.assertIn("notice=device-confirmed", address)
        self.assertIn("My phone", page)
        self.assertNotIn(NOT_USED_YET, page)
        auth_req_id = self.asks(person)
        about = f"{ISSUER}/approval?request={grant_of(auth_req_id)}"
        rung = eventually(lambda: [text["Message"] for text in texts_to(number) if about in text["Message"]])
        self.assertEqual(rung, [f"Clean-up agent: {SHOWN}\n{about}"])
        self.assertEqual(len(texts_to(number)), 2)
        # The link was good once, and the number of another is not theirs to confirm.
        other = Person(self.operator)
        with self.assertRaises(SystemExit) as refused:
            other.browser.sends((link, other.opens(link)))
        self.assertIn("/account/devices/confirm answers 422", str(refused.exception))
        # Who has it hears that it is taken away: that may not have been them.
        self.assertIn("notice=device-removed", person.presses("remove", device=person.device()))
        self.assertTrue(eventually(lambda: len(texts_to(number)) == 3))

    def test_a_mail_goes_to_the_person_who_agreed_and_to_the_device_that_was_meant(self):
        name = f"{secrets.token_hex(8)}@example.com"
        person = Person(self.operator, "--email", name)
        sqs, sns, topic = boto3.client("sqs"), boto3.client("sns"), physical("PeopleTopic")
        # In a mailbox's place: a topic shows nobody what it sent by e-mail.
        queue = sqs.create_queue(QueueName=f"mailbox-{time.time_ns()}")["QueueUrl"]
        self.addCleanup(sqs.delete_queue, QueueUrl=queue)
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        allowed = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
        listens = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)["SubscriptionArn"]
        self.addCleanup(sns.unsubscribe, SubscriptionArn=listens)

        self.assertIn("notice=addressee-asked", person.presses("email", address=name, name="My mailbox"))
        device = person.device()
        (subscription,) = self.subscriptions(sns, topic, name)
        attributes = sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
        (meant,) = json.loads(attributes["FilterPolicy"])["device"]
        # SNS asks the addressee, whose answer the emulator takes for given.
        self.assertIn("notice=device-confirmed", person.presses("check", device=device))
        auth_req_id = self.asks(person)
        mail = eventually(lambda: self.mail_about(sqs, queue, grant_of(auth_req_id)))
        self.assertEqual(mail["MessageAttributes"]["device"]["Value"], meant)
        self.assertIn("Clean-up agent", mail["Subject"])
        self.assertNotIn(auth_req_id.split(".")[1], json.dumps(mail))
        self.assertIn("notice=device-removed", person.presses("remove", device=device))
        self.assertEqual(self.subscriptions(sns, topic, name), [])

    def subscriptions(self, sns, topic, address):
        found = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        return [each["SubscriptionArn"] for each in found if each["Endpoint"] == address]

    def mail_about(self, sqs, queue, grant):
        found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
        mails = [json.loads(message["Body"]) for message in found]
        return next((mail for mail in mails if grant in mail["Message"]), None)

    def test_the_companys_app_takes_its_own_phone_away_and_no_other_device(self):
        """By a token of the person for this and nothing else."""
        person, number = Person(self.operator), a_number()
        is_reached_on(person.known, an_app_that_is_gone(), on_number(number))
        page = person.opens(ISSUER + DEVICES)
        app, phone = dict.fromkeys(re.findall(r'name="device" value="([^"]+)"', page))
        token = self.token_of(person, "openid devices")
        # The stack was deployed without an app.
        enrolled = sends("POST", "/devices", token, {"platform": "GCM", "token": "a-token", "name": "Work phone"})
        self.assertEqual((enrolled.status, enrolled.json["error"]), (400, "invalid_request"), enrolled.body)
        self.assertIn("no app for this platform", enrolled.body)
        self.assertEqual(sends("DELETE", f"/devices/{app}", self.token_of(person, "openid")).status, 403)
        other = self.token_of(Person(self.operator), "openid devices")
        self.assertEqual(sends("DELETE", f"/devices/{app}", other).status, 404)
        self.assertEqual(sends("DELETE", f"/devices/{phone}", token).status, 404)
        self.assertEqual(sends("DELETE", f"/devices/{app}", token).status, 204)
        self.assertEqual(sends("DELETE", f"/devices/{app}", token).status, 404)
        left = re.findall(r'name="device" value="([^"]+)"', person.opens(ISSUER + DEVICES))
        self.assertEqual(set(left), {phone})
        # On what is left the person hears of it.
        self.assertTrue(eventually(lambda: texts_to(number)))


if __name__ == "__main__":
    unittest.main()
