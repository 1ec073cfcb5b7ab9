"""A service provider that others wrote (pysaml2) knows us by our metadata alone, and takes what is meant for it."""

import base64
import shutil
import tempfile
import time
import unittest
from datetime import datetime, timezone

import programs
from saml2 import BINDING_HTTP_POST
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.xml.schema import validate

AUDIENCE = "https://ledger.internal.corp/saml"
RECIPIENT = "https://ledger.internal.corp/saml/acs"
ISSUER = "https://auth.internal.corp"
LIFETIME = 120


def provider(metadata, audience=AUDIENCE, recipient=RECIPIENT):
    """The tool, as a service provider that demands a signed assertion."""
    service = {
        "endpoints": {"assertion_consumer_service": [(recipient, BINDING_HTTP_POST)]},
        "allow_unsolicited": True,
        "want_assertions_signed": True,
        "want_response_signed": False,
    }
    settings = {
        "entityid": audience,
        "service": {"sp": service},
        "metadata": {"inline": [metadata]},
        "allow_unknown_attributes": True,
        "xmlsec_binary": shutil.which("xmlsec1"),
    }
    return Saml2Client(config=SPConfig().load(settings))


def response(assertion, recipient=RECIPIENT):
    """The assertion in the envelope in which a browser or an agent brings it (SAML Bindings, section 3.5)."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    xml = (
        f'<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r" IssueInstant="{now}"'
        f' Version="2.0" Destination="{recipient}">'
        f'<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">{ISSUER}</saml:Issuer>'
        '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>'
        f"{assertion}</samlp:Response>"
    )
    return base64.b64encode(xml.encode()).decode()


class AServiceProvider(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.key = programs.rsa_key(folder.name)
        cls.issued_at = int(time.time())
        cls.xml, cls.metadata = programs.assertion(cls.key, cls.issued_at)

    def take(self, xml, audience=AUDIENCE, recipient=RECIPIENT):
        taker = provider(self.metadata, audience, recipient)
        # Without what it knows of the conversation, pysaml2 does not look at the recipient.
        conversation = {"entity_id": audience}
        return taker.parse_authn_request_response(
            response(xml, recipient), BINDING_HTTP_POST, conv_info=conversation
        )

    def refuses(self, xml, **registered):
        """Whether it takes nothing: it raises, or answers with nothing."""
        try:
            taken = self.take(xml, **registered)
            return taken is None or taken.assertion is None
        except Exception as refusal:  # noqa: BLE001: it raises whatever it likes
            print(f"refused: {type(refusal).__name__}: {refusal}")
            return True

    def test_it_learns_who_it_is_how_they_signed_in_and_what_they_may(self):
        taken = self.take(self.xml)
        self.assertEqual(taken.get_subject().text, "alice@internal.corp")
        statement = taken.assertion.authn_statement[0]
        context = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
        self.assertEqual(statement.authn_context.authn_context_class_ref.text, context)
        signed_in = datetime.fromtimestamp(self.issued_at - 90, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.assertEqual(statement.authn_instant, signed_in)
        self.assertEqual(taken.ava["Role"], ["Reader"])
        self.assertIn('"actions":["read","export"]', taken.ava["authorization_details"][0])
        self.assertEqual(taken.issuer(), ISSUER)

    def test_it_refuses_a_changed_byte(self):
        for old, new in [("alice@", "malice@"), (">Reader<", ">Writer<"), ("export", "delete")]:
            with self.subTest(new):
                self.assertIn(old, self.xml)
                self.assertTrue(self.refuses(self.xml.replace(old, new)))

    def test_it_refuses_what_is_meant_for_another_audience(self):
        self.assertTrue(self.refuses(self.xml, audience="https://other.internal.corp/saml"))

    def test_it_refuses_what_is_to_be_presented_elsewhere(self):
        self.assertTrue(self.refuses(self.xml, recipient="https://ledger.internal.corp/other"))

    def test_it_refuses_what_has_expired_and_takes_it_a_little_before(self):
        for age, refused in [(LIFETIME - 30, False), (LIFETIME + 30, True)]:
            with self.subTest(age):
                xml, _ = programs.assertion(self.key, time.time() - age)
                self.assertEqual(self.refuses(xml), refused)

    def test_it_refuses_what_is_not_good_yet(self):
        xml, _ = programs.assertion(self.key, time.time() + 300)
        self.assertTrue(self.refuses(xml))

    def test_it_refuses_an_assertion_that_somebody_else_signed(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        xml, _ = programs.assertion(programs.rsa_key(folder.name), time.time())
        self.assertTrue(self.refuses(xml))

    def test_assertion_and_metadata_are_valid_by_their_schemas(self):
        for what, xml in [("assertion", self.xml), ("metadata", self.metadata)]:
            with self.subTest(what):
                validate(xml)


if __name__ == "__main__":
    unittest.main()
