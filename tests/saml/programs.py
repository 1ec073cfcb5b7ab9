"""The examples by which the product shows what it writes, as `tests/run` has built them."""

import base64
import json
import os
import subprocess
from pathlib import Path

BUILT = Path(
    os.environ.get("COUNTERSIGN_BIN")
    or Path(os.environ.get("CARGO_TARGET_DIR", Path.home() / ".cache/countersign/target")) / "debug"
)


def run(example, *arguments):
    """What an example says, line by line, as JSON."""
    command = [BUILT / "examples" / example, *map(str, arguments)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in said.split("\n") if line]


def rsa_key(folder):
    """A new RSA key, as PKCS#8."""
    path, pem = Path(folder) / "rsa.pkcs8.der", Path(folder) / "rsa.pem"
    bits = "rsa_keygen_bits:2048"
    make = ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", bits, "-out", pem]
    convert = ["openssl", "pkcs8", "-topk8", "-nocrypt", "-in", pem, "-outform", "DER", "-out", path]
    for command in (make, convert):
        subprocess.run(command, check=True, capture_output=True)
    return path


def assertion(key, issued_at, name="Alice Müller"):
    """An assertion, as XML, and the metadata that goes with it."""
    (answer,) = run("saml_assertion", key, int(issued_at), name)
    encoded = answer["assertion"]
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode(), answer["metadata"]
