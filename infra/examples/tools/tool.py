"""A file server that keeps to the details of each access token, with PyJWT.

    ISSUER=http://localhost:8690 RESOURCE=https://files.internal.corp python3 tool.py

It serves the file that a detail of the type file_access names, for reading, and tells a client what to ask for, and where
(RFC 9728).
"""

import base64
import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit
from urllib.request import urlopen

import jwt

ISSUER = os.environ["ISSUER"]
RESOURCE = os.environ["RESOURCE"]
FILES = {("finance", "Q3-report.pdf"): "The third quarter.", ("finance", "Q4-report.pdf"): "The fourth quarter."}
REQUIRED = ["iss", "aud", "sub", "exp", "iat", "jti", "client_id"]
# What this tool says of itself, and where: between host and path of its resource (RFC 9728, section 3.1).
METADATA = {
    "resource": RESOURCE,
    "authorization_servers": [ISSUER],
    "bearer_methods_supported": ["header"],
    "scopes_supported": ["files.access"],
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


def verified(token, keys):
    """The claims of a good token (RFC 9068, section 4)."""
    try:
        if len(token) > 16 * 1024:
            raise jwt.InvalidTokenError
        header = jwt.get_unverified_header(token)
        if str(header.get("typ")).lower() not in ("at+jwt", "application/at+jwt") or "crit" in header:
            raise jwt.InvalidTokenError
        key = keys.named(header.get("kid"))
        # The key says which algorithm it is for; what the token says of itself decides nothing.
        if key is None or key.algorithm_name not in ("ES256", "RS256"):
            raise jwt.InvalidTokenError
        claims = jwt.decode(
            token, key, algorithms=[key.algorithm_name], issuer=ISSUER, audience=RESOURCE, leeway=10,
            options={"require": REQUIRED},
        )
        # It is bound to a sender (RFC 7800), and this tool asks for no proof.
        if "cnf" in claims:
            raise jwt.InvalidTokenError
        return claims
    except jwt.InvalidTokenError:
        raise Refusal(401, "invalid_token") from None
    except jwt.PyJWTError:
        # Keys that cannot be had are not the client's fault.
        raise Refusal(503) from None


def allows(claims, action, location, identifier):
    """Whether one of the details allows this action on this file. A member that is not looked at could be a restriction."""
    known = {"type", "actions", "locations", "identifier"}
    return any(
        detail.get("type") == "file_access"
        and set(detail) <= known
        and has(detail, "actions", action)
        and has(detail, "locations", location)
        and detail.get("identifier", identifier) == identifier
        for detail in claims.get("authorization_details", [])
    )


def has(detail, member, value):
    """Whether a list has it. In a string, a part of it would be found too."""
    return isinstance(detail.get(member), list) and value in detail[member]


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
        scheme, _, token = (headers or [""])[0].partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refusal(401)
        claims = verified(token, self.keys)
        folder, _, name = self.path.removeprefix("/").partition("/")
        location = f"{RESOURCE}/{folder}"
        if "files.access" not in claims.get("scope", "").split():
            raise Refusal(403, "insufficient_scope")
        if not allows(claims, "read", location, name):
            detail = {"type": "file_access", "actions": ["read"], "locations": [location], "identifier": name}
            raise Refusal(403, "insufficient_authorization", [detail])
        if (folder, name) not in FILES:
            raise Refusal(404)
        return FILES[folder, name]

    def refuse(self, refusal):
        body = {"error": refusal.error} if refusal.error else {}
        challenge = [f'error="{refusal.error}"'] if refusal.error else []
        if refusal.status == 401 or refusal.error == "insufficient_scope":
            challenge.append('scope="files.access"')
        if refusal.missing:
            body["authorization_details"] = refusal.missing
            told = json.dumps({"authorization_details": refusal.missing}).encode()
            told = base64.urlsafe_b64encode(told).decode().rstrip("=")
            challenge.append(f'authorization_remediation="{told}"')
        challenge.append(f'resource_metadata="{METADATA_URL}"')
        challenge = None if refusal.status in (404, 503) else "Bearer " + ", ".join(challenge)
        self.answer(refusal.status, json.dumps(body), "application/json", challenge)

    def answer(self, status, body, kind, challenge=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body.encode())))
        self.send_header("Cache-Control", "no-store")
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        """A path may be nobody's business."""


if __name__ == "__main__":
    Tool.keys = Keys()
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "0"))), Tool)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
