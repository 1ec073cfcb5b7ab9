"""Clients that are told, or brought their tokens, on the deployed stack (OpenID CIBA Core 1.0): the table's stream and the timer wake
`notify`, which signs what it brings. It runs in both signing modes."""

import base64
import contextlib
import hashlib
import json
import queue
import secrets
import shutil
import tempfile
import unittest
from pathlib import Path

import boto3
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from deployment import DEMO, ISSUER, TABLE, ask, decoded, eventually, in_force, operator_with
from inside import RANGE, Inside, needs_a_place_inside
from test_people_told import CIBA, answers, asks, grant_of, somebody

TOLD_AGENT = """\
id = "told-agent"
name = "Told agent"
id_token_signed_response_alg = "ES256"
token_endpoint_auth_method = "client_secret_basic"
grant_types = ["ciba"]
scopes = ["openid"]
tools = ["files"]
default_tool = "files"

[backchannel]
token_delivery_mode = "ping"
client_notification_endpoint = "https://HOST/told"
may_ask_groups = ["finance"]
"""

BROUGHT_AGENT = """\
id = "brought-agent"
name = "Brought agent"
id_token_signed_response_alg = "ES256"
token_endpoint_auth_method = "client_secret_basic"
grant_types = ["ciba", "refresh_token"]
scopes = ["openid", "offline_access"]
tools = ["files"]
default_tool = "files"

[backchannel]
token_delivery_mode = "push"
client_notification_endpoint = "https://INSIDE/brought"
may_ask_groups = ["finance"]
refresh_tokens = true
"""

OUTBOUND = """
[outbound]
private_hosts = ["HOST"]
private_ranges = ["RANGE"]
authorities_file = "authority.pem"

[backchannel]
push = true
"""

AUTH_REQ_ID = "urn:openid:params:jwt:claim:auth_req_id"
RT_HASH = "urn:openid:params:jwt:claim:rt_hash"


# --- tokens ----------------------------------------------------------------------------------------------------------


def verified(token):
    """What a JWT says, if the deployed server has signed it: with ES256, by one of the keys that it publishes."""
    header, payload, signature = token.split(".")
    said = json.loads(decoded(header))
    (key,) = [each for each in json.loads(ask("/jwks.json").body)["keys"] if each["kid"] == said["kid"]]
    if (said["alg"], key["kty"], key["crv"]) != ("ES256", "EC", "P-256"):
        raise AssertionError(f"another key: {said} {key}")
    x, y = (int.from_bytes(decoded(key[name]), "big") for name in "xy")
    r, s = (int.from_bytes(half, "big") for half in (decoded(signature)[:32], decoded(signature)[32:]))
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    public.verify(encode_dss_signature(r, s), f"{header}.{payload}".encode(), ec.ECDSA(hashes.SHA256()))
    return json.loads(decoded(payload))


def left_half(token):
    """OpenID Connect Core, section 3.1.3.6."""
    digest = hashlib.sha256(token.encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")


class ClientsTold(unittest.TestCase):
    """OpenID CIBA Core 1.0, sections 10.2, 10.3 and 12, at endpoints inside the company's network: that of who is told is named by
    its host, that of who is brought tokens by the range of its address."""

    @classmethod
    def setUpClass(cls):
        needs_a_place_inside()
        ends = contextlib.ExitStack()
        cls.addClassCleanup(ends.close)
        cls.place = ends.enter_context(Inside())
        cls.operator = operator_with("operator", "OperatorPolicy")
        with tempfile.TemporaryDirectory() as folder:
            configuration = Path(folder) / "configuration"
            shutil.copytree(DEMO, configuration)
            shutil.copy(cls.place.authority, configuration / "authority.pem")
            with open(configuration / "server.toml", "a", encoding="utf-8") as settings:
                settings.write(OUTBOUND.replace("HOST", cls.place.host).replace("RANGE", RANGE))
            for agent, text in {"told-agent": TOLD_AGENT, "brought-agent": BROUGHT_AGENT}.items():
                text = text.replace("HOST", cls.place.host).replace("INSIDE", cls.place.host_in_range)
                (configuration / f"clients/{agent}.toml").write_text(text)
            secrets_of = in_force(cls.operator, configuration, "told-agent", "brought-agent")
            cls.secret, cls.brought_secret = secrets_of["told-agent"], secrets_of["brought-agent"]

    def setUp(self):
        self.place.heard, self.place.answers = queue.Queue(), lambda: 204
        self.person = somebody(self.operator)

    def hears(self, auth_req_id, token, seconds):
        path, headers, body = self.place.heard.get(timeout=seconds)
        self.assertEqual((path, headers["Authorization"]), ("/told", f"Bearer {token}"))
        self.assertEqual((headers["Content-Type"], body), ("application/json", {"auth_req_id": auth_req_id}))

    def test_a_client_that_is_down_for_a_while_is_told_of_the_decision_once_it_is_up(self):
        statuses = iter([503])
        self.place.answers = lambda: next(statuses, 204)
        token = secrets.token_urlsafe(32)
        auth_req_id = asks("told-agent", self.secret, self.person, client_notification_token=token)
        answers(self.person, auth_req_id, "deny")
        self.hears(auth_req_id, token, 30)
        # It comes back by the queue, after a quarter of a minute.
        self.hears(auth_req_id, token, 60)
        with self.assertRaises(queue.Empty):
            self.place.heard.get(timeout=5)
        refused = ask("/token", {"grant_type": CIBA, "auth_req_id": auth_req_id}, "told-agent", self.secret)
        self.assertEqual((refused.status, refused.json["error"]), (400, "access_denied"))

    def test_a_client_that_is_told_of_a_yes_comes_once_and_its_tokens_are_good(self):
        token = secrets.token_urlsafe(32)
        auth_req_id = asks("told-agent", self.secret, self.person, client_notification_token=token)
        answers(self.person, auth_req_id, "approve")
        self.hears(auth_req_id, token, 30)
        form = {"grant_type": CIBA, "auth_req_id": auth_req_id}
        redeemed = ask("/token", form, "told-agent", self.secret)
        self.assertEqual(redeemed.status, 200, redeemed.body)
        said = verified(redeemed.json["id_token"])
        self.assertEqual((said["sub"], said["aud"], said["iss"]), (self.person["id"], "told-agent", ISSUER))
        again = ask("/token", form, "told-agent", self.secret)
        self.assertEqual((again.status, again.json["error"]), (400, "invalid_grant"))

    def test_a_client_hears_of_a_timer_that_nobody_answered_in_time(self):
        """Nothing is written when a request expires, so that the stream brings nothing."""
        token = secrets.token_urlsafe(32)
        brief = {"client_notification_token": token, "requested_expiry": "30"}
        told = asks("told-agent", self.secret, self.person, **brief)
        brought = asks("brought-agent", self.brought_secret, self.person, **brief)
        with self.assertRaises(queue.Empty):
            self.place.heard.get(timeout=20)
        heard = {}
        for _ in range(2):
            path, headers, body = self.place.heard.get(timeout=60)
            self.assertEqual(headers["Authorization"], f"Bearer {token}")
            heard[path] = body
        self.assertEqual(heard["/told"], {"auth_req_id": told})
        self.assertEqual((heard["/brought"]["auth_req_id"], heard["/brought"]["error"]), (brought, "expired_token"))
        refused = ask("/token", {"grant_type": CIBA, "auth_req_id": told}, "told-agent", self.secret)
        self.assertEqual((refused.status, refused.json["error"]), (400, "expired_token"))
        with self.assertRaises(queue.Empty):
            self.place.heard.get(timeout=5)

    def is_brought(self, token, seconds=30):
        """What the endpoint was brought, with the client's own token."""
        path, headers, body = self.place.heard.get(timeout=seconds)
        self.assertEqual((path, headers["Authorization"]), ("/brought", f"Bearer {token}"))
        self.assertEqual(headers["Content-Type"], "application/json")
        return body

    def asks_to_be_brought(self, token):
        scope = {"scope": "openid offline_access", "client_notification_token": token}
        return asks("brought-agent", self.brought_secret, self.person, **scope)

    def test_tokens_are_brought_once_the_client_is_up_and_are_good(self):
        statuses = iter([503])
        self.place.answers = lambda: next(statuses, 204)
        token = secrets.token_urlsafe(32)
        auth_req_id = self.asks_to_be_brought(token)
        answers(self.person, auth_req_id, "approve")
        first = self.is_brought(token)
        # It comes back by the queue, after a quarter of a minute.
        brought = self.is_brought(token, 60)
        self.assertEqual({**first, "expires_in": None}, {**brought, "expires_in": None})
        self.assertEqual((brought["auth_req_id"], brought["token_type"]), (auth_req_id, "Bearer"))
        said = verified(brought["id_token"])
        self.assertEqual((said["sub"], said["aud"], said["iss"]), (self.person["id"], "brought-agent", ISSUER))
        self.assertEqual(said[AUTH_REQ_ID], auth_req_id)
        self.assertEqual(said["at_hash"], left_half(brought["access_token"]))
        self.assertEqual(said[RT_HASH], left_half(brought["refresh_token"]))
        self.assertEqual(verified(brought["access_token"])["grant_id"], grant_of(auth_req_id))
        with self.assertRaises(queue.Empty):
            self.place.heard.get(timeout=5)

        comes = ask("/token", {"grant_type": CIBA, "auth_req_id": auth_req_id}, "brought-agent", self.brought_secret)
        self.assertEqual((comes.status, comes.json["error"]), (400, "unauthorized_client"))
        form = {"grant_type": "refresh_token", "refresh_token": brought["refresh_token"]}
        renewed = ask("/token", form, "brought-agent", self.brought_secret)
        self.assertEqual(renewed.status, 200, renewed.body)
        # Nothing of it lies about.
        pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE)
        table = json.dumps([page["Items"] for page in pages])
        for name in ("access_token", "id_token", "refresh_token"):
            self.assertNotIn(brought[name], table)

    def test_a_client_is_brought_the_no_and_what_it_does_not_take_has_ended(self):
        token = secrets.token_urlsafe(32)
        auth_req_id = self.asks_to_be_brought(token)
        self.place.answers = lambda: 401
        answers(self.person, auth_req_id, "approve")
        brought = self.is_brought(token)
        form = {"grant_type": "refresh_token", "refresh_token": brought["refresh_token"]}
        key = {"pk": {"S": f"AUTHORIZATION#{grant_of(auth_req_id)}"}, "sk": {"S": "AUTHORIZATION"}}

        def stage():
            item = boto3.client("dynamodb").get_item(TableName=TABLE, Key=key, ConsistentRead=True)["Item"]
            return json.loads(item["body"]["S"])["stage"]

        self.assertTrue(eventually(lambda: stage() == "ended"), stage())
        renewed = ask("/token", form, "brought-agent", self.brought_secret)
        self.assertEqual((renewed.status, renewed.json["error"]), (400, "invalid_grant"))

        self.place.answers = lambda: 204
        auth_req_id = self.asks_to_be_brought(token)
        answers(self.person, auth_req_id, "deny")
        told = self.is_brought(token)
        self.assertEqual((told["auth_req_id"], told["error"]), (auth_req_id, "access_denied"))
        self.assertNotIn("access_token", told)


if __name__ == "__main__":
    unittest.main()
