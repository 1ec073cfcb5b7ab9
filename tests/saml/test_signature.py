"""Software that others wrote takes our assertions as they are, and nothing else."""

import re
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import programs
from lxml import etree
from signxml import InvalidInput, SignatureConfiguration, XMLVerifier
from signxml.exceptions import InvalidDigest, InvalidSignature

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
DS = "http://www.w3.org/2000/09/xmldsig#"
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
NAME = "Alice \"Ally\" Müller & Söhne <\U0001f4d1>"


def certificates(metadata):
    """The certificates of metadata, as PEM."""
    found = etree.fromstring(metadata.encode()).iter(f"{{{DS}}}X509Certificate")
    return [f"-----BEGIN CERTIFICATE-----\n{one.text}\n-----END CERTIFICATE-----\n" for one in found]


class Signed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.key = programs.rsa_key(cls.folder.name)
        cls.xml, cls.metadata = programs.assertion(cls.key, time.time(), NAME)
        (cls.certificate,) = certificates(cls.metadata)

    def file(self, name, content):
        path = Path(self.folder.name) / name
        path.write_text(content, encoding="utf-8", newline="")
        return path

    def changed(self):
        """The assertion with one change at a time, each to another place that means something."""
        for what, old, new in [
            ("the subject", "alice@", "malice@"),
            ("the audience", "ledger.internal.corp/saml<", "ledgers.internal.corp/saml<"),
            ("the recipient", "/saml/acs\"", "/saml/acz\""),
            ("a scope", ">ledger.read<", ">ledger.writ<"),
            ("a detail", "export", "delete"),
            ("an actor", "report-agent", "report-agenu"),
            ("the context", "classes:Password", "classes:Qassword"),
            ("white space", "<saml:Conditions ", " <saml:Conditions "),
        ]:
            self.assertIn(old, self.xml, what)
            yield what, self.xml.replace(old, new)
        end = re.search(r'NotOnOrAfter="(\d+)', self.xml)[1]
        yield "the last moment", self.xml.replace(f'NotOnOrAfter="{end}', f'NotOnOrAfter="{int(end) + 1}')
        value = re.search(r"<ds:SignatureValue>(.)", self.xml)
        other = "A" if value[1] != "A" else "B"
        yield "the signature", self.xml.replace(value[0], value[0][:-1] + other)


class Xmlsec1(Signed):
    def verify(self, xml, *trust):
        command = ["xmlsec1", "--verify", "--id-attr:ID", f"{SAML}:Assertion", *trust, self.file("a.xml", xml)]
        return subprocess.run(command, capture_output=True, text=True)

    def trusting(self):
        return "--trusted-pem", self.file("certificate.pem", self.certificate), "--enabled-key-data", "x509"

    def test_it_takes_the_assertion_by_the_self_signed_certificate_alone(self):
        answer = self.verify(self.xml, *self.trusting())
        self.assertEqual(answer.returncode, 0, answer.stderr)

    def test_it_takes_the_assertion_by_the_public_key(self):
        key = "--pubkey-cert-pem", self.file("certificate.pem", self.certificate)
        answer = self.verify(self.xml, *key)
        self.assertEqual(answer.returncode, 0, answer.stderr)

    def test_it_refuses_every_change(self):
        for what, xml in self.changed():
            with self.subTest(what):
                self.assertNotEqual(self.verify(xml, *self.trusting()).returncode, 0)

    def test_it_refuses_the_assertion_of_another_key(self):
        other = programs.rsa_key(tempfile.mkdtemp(dir=self.folder.name))
        xml, _ = programs.assertion(other, time.time())
        self.assertNotEqual(self.verify(xml, *self.trusting()).returncode, 0)


class Signxml(Signed):
    def verify(self, xml):
        expected = SignatureConfiguration(location="./", require_x509=True)
        return XMLVerifier().verify(xml.encode(), x509_cert=self.certificate, id_attribute="ID", expect_config=expected)

    def test_what_it_verified_is_the_whole_assertion(self):
        verified = self.verify(self.xml).signed_xml
        self.assertEqual(verified.tag, f"{{{SAML}}}Assertion")
        names = [one.get("Name") for one in verified.iter(f"{{{SAML}}}Attribute")]
        values = {
            one.get("Name"): [value.text for value in one] for one in verified.iter(f"{{{SAML}}}Attribute")
        }
        self.assertEqual(len(names), len(values))
        self.assertEqual(values["urn:oid:2.16.840.1.113730.3.1.241"], [NAME])
        self.assertEqual(values["Groups"], ["R&D <core>", "finance"])
        self.assertEqual(values["Role"], ["Reader"])
        self.assertEqual(values["Actions"], ["read", "export"])
        self.assertNotIn("Department", values, "she has none")
        self.assertEqual(sorted(values["scope"]), ["ledger.export", "ledger.read"])
        self.assertEqual(values["act"], ['{"sub":"report-tool","act":{"sub":"report-agent"}}'])
        self.assertEqual(values["client_id"], ["report-tool"])

    def test_it_refuses_every_change(self):
        for what, xml in self.changed():
            with self.subTest(what), self.assertRaises((InvalidDigest, InvalidSignature, InvalidInput)):
                self.verify(xml)


class Metadata(Signed):
    def test_the_certificate_is_self_signed_and_openssl_says_so(self):
        pem = self.file("certificate.pem", self.certificate)
        answer = subprocess.run(["openssl", "verify", "-CAfile", pem, pem], capture_output=True, text=True)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        told = subprocess.run(["openssl", "x509", "-in", pem, "-noout", "-text"], capture_output=True, text=True).stdout
        for part in ("Version: 3", "sha256WithRSAEncryption", "CA:FALSE", "Digital Signature"):
            self.assertIn(part, told)

    def test_it_names_the_issuer_and_its_key(self):
        entity = etree.fromstring(self.metadata.encode())
        issuer = etree.fromstring(self.xml.encode()).find(f"{{{SAML}}}Issuer").text
        self.assertEqual((entity.tag, entity.get("entityID")), (f"{{{MD}}}EntityDescriptor", issuer))
        (key,) = entity.iter(f"{{{MD}}}KeyDescriptor")
        self.assertEqual(key.get("use"), "signing")


if __name__ == "__main__":
    unittest.main()
