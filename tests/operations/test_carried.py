"""What the deployed binaries carry: a crate is in a function's binary where the function uses it, and nowhere else. The place of
each line that could panic stands there, with the name and version of its crate."""

import re
import unittest
from functools import cache
from pathlib import Path

from deployment import BUILT, ROOT
from samtranslator.yaml_helper import yaml_parse

BINARIES = Path(BUILT) / "lambda"
PLACE = re.compile(rb"/registry/src/[^/\0]+/([a-z][a-z0-9_-]*?)-[0-9]+\.[0-9]+\.[0-9]+[^/\0]*/")

# Who carries what. A function that takes up a crate stands here, or the test fails; so does one that gives it up.
CARRIED = {
    # Opens the server's secret, signs, or makes keys.
    "aws-sdk-kms": {
        "account", "approval", "authorize", "backchannel", "consent", "introspect", "notify", "revoke", "rotation", "sign-in",
        "token",
    },
    # Tells people.
    "aws-sdk-sns": {"account", "notify"},
    # Puts off what has to be tried again.
    "aws-sdk-sqs": {"notify"},
    # Asks the policies, or what a person may give by them.
    "cedar-policy-core": {"approval", "authorize", "backchannel", "consent", "par", "token"},
    # Checks details by their schemas.
    "jsonschema": {"authorize", "backchannel", "par", "token"},
    # Hashes passwords and codes for people.
    "argon2": {"account", "backchannel", "sign-in"},
    # Shows an invitation.
    "qrcode": {"account"},
    # Verifies passkeys. Other functions with pages begin a sign-in with one, and verify nothing.
    "webauthn-rs-core": {"account", "sign-in"},
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
        for crate, users in CARRIED.items():
            with self.subTest(crate):
                self.assertEqual({name for name, crates in carried().items() if crate in crates}, users)

    def test_every_function_has_one_crypto_library_and_one_tls_of_it_and_what_verifies_passkeys_another(self):
        for function, crates in carried().items():
            with self.subTest(function):
                self.assertLessEqual({"ring", "rustls", "aws-sdk-dynamodb"}, crates)
                allowed = OF_PASSKEYS if function in CARRIED["webauthn-rs-core"] else set()
                self.assertLessEqual(crates & NO_OTHER, allowed)

    def test_who_carries_a_service_has_a_right_to_it_and_who_has_a_right_carries_it(self):
        for crate, service in RIGHTS.items():
            with self.subTest(crate):
                allowed = {name for name in functions() if any(right.startswith(service) for right in rights_of(name))}
                of_all = set(functions()) if crate == "aws-sdk-dynamodb" else allowed
                self.assertEqual({name for name, crates in carried().items() if crate in crates}, of_all)


if __name__ == "__main__":
    unittest.main()
