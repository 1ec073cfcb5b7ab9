"""What each function is built of, by cargo's own account. What of it ends up in a deployed binary is looked at in
tests/operations/test_carried.py."""

import subprocess
import unittest
from functools import cache

import expansion

# Who depends on what, by themselves or by a room of shared/. A function that takes up a crate, or gives one up, stands here.
ASKS_POLICIES = {"account", "approval", "authorize", "backchannel", "consent", "discovery", "par", "sign-in", "token"}
SHOWS_PAGES = {"account", "approval", "authorize", "consent", "discovery", "sign-in"}
SERVER = {
    "account", "approval", "authorize", "backchannel", "consent", "discovery", "introspect", "notify", "par", "register",
    "revoke", "rotation", "sign-in", "token", "userinfo",
}
OUT_OF = {
    "aws-sdk-dynamodb": SERVER,
    "aws-sdk-kms": SERVER - {"register"},
    "aws-sdk-sns": {"account", "notify"},
    "aws-sdk-sqs": {"account", "notify"},
    "cedar-policy": ASKS_POLICIES,
    "jsonschema": SERVER - {"register", "rotation"},
    "argon2": SHOWS_PAGES | {"backchannel"},
    "askama": SHOWS_PAGES,
    "qrcode": SHOWS_PAGES,
    # What verifies passkeys has cryptography of its own: the one second library, for public keys alone.
    "webauthn-rs-core": SHOWS_PAGES,
    "p256": SHOWS_PAGES,
    "rsa": SHOWS_PAGES,
    # The authorities that browsers trust: for what is outside AWS and the company's network.
    "webpki-roots": {"account", "authorize", "notify", "par", "token"},
}
EVERYONE = {"lambda_runtime", "ring", "rustls", "tokio"}
# A second library for cryptography or TLS, a second HTTP client, and what only tests and commands need.
NOBODY = {
    "aws-config", "aws-lc-rs", "aws-lc-sys", "aws-sdk-cloudwatchlogs", "aws-sdk-lambda", "aws-sdk-sso", "aws-sdk-sts", "clap",
    "dynoxide-rs", "native-tls", "openssl", "openssl-sys", "reqwest", "rusqlite", "schemars",
}


@cache
def crates(function):
    """All that the function is linked with, for the machine that it runs on."""
    command = ["cargo", "tree", "--offline", "--locked", "--package", f"countersign-{function}", "--edges", "normal", "--prefix",
               "none", "--target", "aarch64-unknown-linux-gnu", "--format", "{p}"]
    done = subprocess.run(command, cwd=expansion.ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return {line.split()[0] for line in done.stdout.splitlines()}


class Crates(unittest.TestCase):
    def test_each_crate_is_depended_on_by_those_who_are_to_have_it(self):
        for crate, users in OUT_OF.items():
            with self.subTest(crate):
                self.assertEqual({name for name in expansion.functions() if crate in crates(name)}, users)

    def test_but_for_passkeys_one_library_does_the_cryptography_and_the_tls_and_nobody_has_what_commands_have(self):
        for function in sorted(expansion.functions()):
            with self.subTest(function):
                self.assertEqual(EVERYONE - crates(function), set())
                self.assertEqual(NOBODY & crates(function), set())

    def test_what_stands_before_tools_has_nothing_of_the_server(self):
        of_ours = {name for name in crates("authorizer") if name.startswith("countersign-")}
        self.assertEqual(of_ours, {"countersign-authorizer", "countersign-oauth", "countersign-resource"})
        self.assertEqual({name for name in crates("authorizer") if name.startswith("aws-")}, set())

    def test_the_names_of_crates_are_such_as_there_are(self):
        """A name that nobody has could not be missed."""
        lock = (expansion.ROOT / "Cargo.lock").read_text(encoding="utf-8")
        in_no_program = {"native-tls", "openssl", "openssl-sys"}
        for crate in (set(OUT_OF) | EVERYONE | NOBODY) - in_no_program:
            self.assertIn(f'name = "{crate}"\n', lock)


if __name__ == "__main__":
    unittest.main()
