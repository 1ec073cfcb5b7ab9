"""A file server that keeps to the details of each access token, with PyJWT.

    ISSUER=http://localhost:8690 RESOURCE=https://files.internal.corp python3 tool.py

It serves the file that a detail of the type file_access names, for reading, and tells a client what to ask for, and where
(RFC 9728).
"""

import json
import os
import threading
import time
from base64 import urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit
from urllib.request import urlopen

import jwt

ISSUER = os.environ["ISSUER"]
RESOURCE = os.environ["RESOURCE"]
FILES = {("finance", "Q3-report.pdf"): "The third quarter.", ("finance", "Q4-report.pdf"): "The fourth quarter."}
SCOPE = "files.access"
REQUIRED = ["iss", "aud", "sub", "exp", "iat", "jti", "client_id"]
# What this tool says of itself, and where: between host and path of its resource (RFC 9728, section 3.1).
METADATA = {
    "resource": RESOURCE,
    "authorization_servers": [ISSUER],
    "bearer_methods_supported": ["header"],
    "scopes_supported": [SCOPE],
    "authorization_details_types_supported": ["file_access"],
    "resource_name": "Files",
}
METADATA_PATH = "/.well-known/oauth-protected-resource" + urlsplit(RESOURCE).path.rstrip("/")
METADATA_URL = "{0.scheme}://{0.netloc}{1}".format(urlsplit(RESOURCE), METADATA_PATH)


class Refusal(Exception):
    """Status, `error` (RFC 6750, section 3.1) and what else the client should know."""

    def __init__(self, status, error=None, missing=None):
        self.status, self.error, self.missing = status, error, missing


class Keys:
    """The issuer's keys, read again every five minutes, and when a token names one that is not among them: but not more
    often than every ten seconds, or made-up names would be a flood."""

    def __init__(self):
        with urlopen(f"{ISSUER}/.well-known/openid-configuration", timeout=5) as answer:
            metadata = json.load(answer)
        if metadata["issuer"] != ISSUER:
            raise SystemExit("the metadata is another issuer's")
        self.client = jwt.PyJWKClient(metadata["jwks_uri"], lifespan=300, timeout=5)
        self.read_at = 0.0
        self.lock = threading.Lock()

    def named(self, key_id):
        found = self._among(self.client.get_signing_keys(), key_id)
        with self.lock:
            if found is None and time.monotonic() - self.read_at >= 10:
                self.read_at = time.monotonic()
                found = self._among(self.client.get_signing_keys(refresh=True), key_id)
        return found

    @staticmethod
    def _among(keys, key_id):
        return next((key for key in keys if key.key_id == key_id), None)


# The README has what stands from here on to the next such line.
def checked(bearer, keys, wanted):
    """The claims of a good access token (RFC 9068, section 4) that has the scope and allows what is wanted."""
    scheme, _, token = bearer.partition(" ")
    if scheme.lower() != "bearer" or not 0 < len(token) <= 16 * 1024:
        raise Refusal(401)
    try:
        header = jwt.get_unverified_header(token)
        if str(header.get("typ")).lower() not in ("at+jwt", "application/at+jwt") or "crit" in header:
            raise jwt.InvalidTokenError
        # The key says which algorithm it is for; what the token says of itself decides nothing.
        key = keys.named(header.get("kid"))
        if key is None or key.algorithm_name not in ("ES256", "RS256"):
            raise jwt.InvalidTokenError
        claims = jwt.decode(token, key, algorithms=[key.algorithm_name], issuer=ISSUER, audience=RESOURCE,
                            leeway=10, options={"require": REQUIRED})
        if "cnf" in claims:  # It is bound to a sender (RFC 7800), and this tool asks for no proof.
            raise jwt.InvalidTokenError
    except jwt.InvalidTokenError:
        raise Refusal(401, "invalid_token") from None
    if SCOPE not in claims.get("scope", "").split():
        raise Refusal(403, "insufficient_scope")
    if not any(allows(detail, wanted) for detail in claims.get("authorization_details", [])):
        raise Refusal(403, "insufficient_authorization", [wanted])
    return claims

def allows(detail, wanted):
    """A member that is not looked at could be a restriction; a detail without identifier is about every one."""
    given = {"identifier": wanted["identifier"], **detail}
    return given.keys() == wanted.keys() and all(
        isinstance(given[name], list) and all(one in given[name] for one in value) if isinstance(value, list)
        else given[name] == value for name, value in wanted.items())

def challenge(refusal):
    """`WWW-Authenticate`: RFC 6750, section 3, and RFC 9728, section 5.1; and what to ask for."""
    asks = SCOPE if refusal.status == 401 or refusal.error == "insufficient_scope" else None
    told = json.dumps({"authorization_details": refusal.missing}).encode() if refusal.missing else b""
    said = {"error": refusal.error, "scope": asks, "authorization_remediation": urlsafe_b64encode(told).decode().rstrip("="),
            "resource_metadata": METADATA_URL}
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in said.items() if value)
# The README has what stands above.


class Tool(BaseHTTPRequestHandler):
    keys = None

    def do_GET(self):
        if self.path == METADATA_PATH:
            self.answer(200, json.dumps(METADATA), "application/json")
            return
        try:
            self.answer(200, self.file(), "text/plain; charset=utf-8")
        except Refusal as refusal:
            self.refuse(refusal)

    def file(self):
        headers = self.headers.get_all("Authorization", [])
        if len(headers) > 1:
            raise Refusal(400, "invalid_request")
        folder, _, name = self.path.removeprefix("/").partition("/")
        wanted = {"type": "file_access", "actions": ["read"], "locations": [f"{RESOURCE}/{folder}"], "identifier": name}
        try:
            checked((headers or [""])[0], self.keys, wanted)
        except jwt.PyJWTError:
            # Keys that cannot be had are not the client's fault.
            raise Refusal(503) from None
        if (folder, name) not in FILES:
            raise Refusal(404)
        return FILES[folder, name]

    def refuse(self, refusal):
        body = {"error": refusal.error} if refusal.error else {}
        if refusal.missing:
            body["authorization_details"] = refusal.missing
        told = challenge(refusal) if refusal.status in (400, 401, 403) else None
        self.answer(refusal.status, json.dumps(body), "application/json", told)

    def answer(self, status, body, kind, told=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body.encode())))
        self.send_header("Cache-Control", "no-store")
        if told:
            self.send_header("WWW-Authenticate", told)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        """A path may be nobody's business."""


if __name__ == "__main__":
    Tool.keys = Keys()
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "0"))), Tool)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
