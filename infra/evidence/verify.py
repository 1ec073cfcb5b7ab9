#!/usr/bin/env python3
"""Checks the evidence of an approval offline. README.md beside it has the format and every word that is said here.

Usage: verify.py FILE [--anchor KEY]... [--token FILE] [--json]
"""

import argparse
import hashlib
import ipaddress
import json
import re
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timezone
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

LONGEST = 4 * 1024 * 1024
SKEW = 60
# How long a code is good at most: the first token may be had so long after the approval.
CODE_LIVES = 60
# The members of a detail of which it is known that they allow what is in them (RFC 9396, section 2.2).
ALLOWING = ("locations", "actions", "datatypes", "privileges")


class Refused(Exception):
    """The file proves nothing, or not what it should: `word` says why."""

    def __init__(self, word):
        super().__init__(word)
        self.word = word


def require(holds, word):
    if not holds:
        raise Refused(word)


# --- canonical JSON (RFC 8785) ---------------------------------------------------------------------------------------


def canonical(value):
    """The one text of a value, in bytes."""
    return written(value).encode()


def written(value):
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, (int, float)):
        return number(float(value))
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    # By UTF-16 code units (section 3.2.3).
    members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
    return "{" + ",".join(f"{written(name)}:{written(inner)}" for name, inner in members) + "}"


def number(value):
    """A number as ECMAScript writes it (section 3.2.2.3): Python finds the same digits, and sets the point elsewhere."""
    if value == 0:
        return "0"
    sign, digits, exponent = "-" * (value < 0), *repr_of(abs(value))
    count, point = len(digits), len(digits) + exponent
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return sign + digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    fraction = "." + digits[1:] if count > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{point - 1:+d}"


def repr_of(value):
    """The shortest digits of a positive number, and the power of ten of the last one."""
    mantissa, _, exponent = repr(value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits, power = whole + fraction, int(exponent or 0) - len(fraction)
    stripped = digits.rstrip("0")
    return stripped.lstrip("0"), power + len(digits) - len(stripped)


def parsed(data):
    """JSON in which nothing comes twice; ValueError for anything else."""

    def no_constant(name):
        raise ValueError(name)

    def once(pairs):
        if len({name for name, _ in pairs}) < len(pairs):
            raise ValueError("a member twice")
        return dict(pairs)

    try:
        return json.loads(data.decode(), parse_constant=no_constant, object_pairs_hook=once)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


# --- the shapes of the format: each is a function that says whether a value is one -----------------------------------


def text(value):
    return isinstance(value, str)


def truth(value):
    return isinstance(value, bool)


def whole(least, most):
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def word(*words):
    return lambda value: isinstance(value, str) and value in words


def matching(pattern):
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def encoded(length=None):
    def is_one(value):
        try:
            return isinstance(value, str) and length in (None, len(decoded(value)))
        except ValueError:
            return False

    return is_one


def maybe(shape):
    return lambda value: value is None or shape(value)


def either(*shapes):
    return lambda value: any(shape(value) for shape in shapes)


def listed(shape):
    return lambda value: isinstance(value, list) and all(map(shape, value))


def members(**shapes):
    """An object with exactly these members."""
    return lambda value: (
        isinstance(value, dict)
        and value.keys() == shapes.keys()
        and all(shape(value[name]) for name, shape in shapes.items())
    )


def scope(value):
    return isinstance(value, str) and all(map(SCOPE_TOKEN, value.split(" ") if value else []))


def sorted_scope(value):
    return scope(value) and value.split(" ") == sorted(set(value.split(" ")))


def detail(value):
    return isinstance(value, dict) and isinstance(value.get("type"), str)


SCOPE_TOKEN = matching(r"[\x21\x23-\x5b\x5d-\x7e]+")
IDENTIFIER = matching(r"[A-Za-z0-9_-]{22}")
PERSON = matching(r"person-[A-Za-z0-9_-]{1,57}")
CLIENT = matching(r"[\x21-\x7e]{1,256}")
MOMENT = whole(-(2**63), 2**63 - 1)
COUNT = whole(0, 2**64 - 1)
DIGEST = encoded(32)
SENTENCE = listed(either(members(words=text), members(value=text)))
CHOICE = word("ticked", "unticked", "always", "withheld")
PARTY = members(id=CLIENT, name=text, is_vouched_for=truth)
DISPLAYED = members(
    format=word("countersign-displayed/1"),
    issuer=text,
    approval=IDENTIFIER,
    request=members(
        kind=word("consent", "backchannel", "deferred"),
        id=IDENTIFIER,
        version=COUNT,
        asked_at=MOMENT,
        expires_at=MOMENT,
    ),
    client=PARTY,
    actor=maybe(PARTY),
    person=members(sub=PERSON, name=text, user_name=text),
    tools=listed(members(resource=text, name=text)),
    scopes=listed(members(scope=text, sentence=SENTENCE, choice=CHOICE)),
    details=listed(members(detail=detail, tool=text, sentence=SENTENCE, choice=CHOICE)),
    binding_message=maybe(text),
    purpose=maybe(text),
    number=maybe(whole(0, 255)),
    returns_to=maybe(text),
    access=members(token=COUNT, renewable_until=maybe(MOMENT)),
    is_remembered=truth,
    language=text,
    time_zone=text,
    shown_at=MOMENT,
    nonce=encoded(16),
)
EC_KEY = members(kty=word("EC"), crv=word("P-256"), x=encoded(), y=encoded())
RSA_KEY = members(kty=word("RSA"), n=encoded(), e=encoded())
FILE = members(
    format=word("countersign-evidence/1"),
    displayed=DISPLAYED,
    assertion=members(
        credential=encoded(), authenticator_data=encoded(), client_data=encoded(), signature=encoded()
    ),
    enrolment=members(
        person=PERSON,
        credential=encoded(),
        key=either(EC_KEY, RSA_KEY),
        rp_id=text,
        origin=text,
        enrolled_at=MOMENT,
        by=either(word("link", "password", "unrecorded"), members(passkey=encoded())),
    ),
    granted=members(
        grant_id=IDENTIFIER,
        client=CLIENT,
        resources=listed(text),
        scope=sorted_scope,
        details=listed(detail),
        approved_at=MOMENT,
    ),
    entry=members(
        person=PERSON,
        number=COUNT,
        approval=IDENTIFIER,
        approved_at=MOMENT,
        displayed=DIGEST,
        rest=DIGEST,
    ),
    previous=DIGEST,
    head=DIGEST,
    inclusion=maybe(
        members(
            checkpoint=text,
            links=listed(DIGEST),
            path=members(leaf=COUNT, hashes=listed(DIGEST)),
        )
    ),
)
CHECKPOINT = members(issuer=text, number=COUNT, previous=maybe(DIGEST), root=DIGEST, size=COUNT, at=MOMENT)


# --- bytes, hashes, signatures ---------------------------------------------------------------------------------------


def decoded(value):
    """The bytes of base64url; ValueError for what is not the one text of them."""
    data = urlsafe_b64decode(value.encode("ascii") + b"=" * (-len(value) % 4))
    if encode(data) != value:
        raise ValueError("not base64url")
    return data


def encode(data):
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def tagged(tag, *parts):
    return sha256(b"countersign-evidence/1 ", tag.encode(), b"\0", *parts)


def public_key(jwk):
    """The key of a JWK; ValueError where there is none such. A coordinate has 32 bytes, and a number none too many."""
    integer = lambda name: int.from_bytes(decoded(jwk[name]), "big")
    if jwk["kty"] == "EC":
        if any(len(decoded(jwk[name])) != 32 for name in ("x", "y")):
            raise ValueError("a coordinate of another length")
        return ec.EllipticCurvePublicNumbers(integer("x"), integer("y"), ec.SECP256R1()).public_key()
    if any(decoded(jwk[name])[:1] in (b"", b"\0") for name in ("n", "e")):
        raise ValueError("a number that begins with nothing")
    key = rsa.RSAPublicNumbers(integer("e"), integer("n")).public_key()
    if not 2048 <= key.key_size <= 8192:
        raise ValueError("an RSA key of another size")
    return key


def verifies(key, algorithm, signature, message):
    """Whether a key has made a signature. `DER` is what passkeys make: ECDSA in DER, or RSASSA-PKCS1-v1_5."""
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and algorithm in ("ES256", "DER"):
            if algorithm == "ES256":
                if len(signature) != 64:
                    return False
                r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
                signature = utils.encode_dss_signature(r, s)
            key.verify(signature, message, ec.ECDSA(SHA256()))
        elif isinstance(key, rsa.RSAPublicKey) and algorithm in ("RS256", "DER"):
            key.verify(signature, message, padding.PKCS1v15(), SHA256())
        elif isinstance(key, rsa.RSAPublicKey) and algorithm == "PS256":
            key.verify(signature, message, padding.PSS(padding.MGF1(SHA256()), 32), SHA256())
        else:
            return False
    except (InvalidSignature, ValueError):
        return False
    return True


class Jws:
    """A JWS in compact form (RFC 7515, section 7.1); ValueError for anything else."""

    def __init__(self, value):
        self.input, _, signature = value.rpartition(".")
        header, _, payload = self.input.partition(".")
        self.header, self.payload, self.signature = parsed(decoded(header)), decoded(payload), decoded(signature)
        is_header = isinstance(self.header, dict) and isinstance(self.header.get("alg"), str)
        if not is_header or self.header.get("crit") is not None:
            raise ValueError("not understood")

    def is_signed_under(self, keys):
        algorithm = self.header.get("alg")
        if algorithm == "DER":
            return False
        return any(verifies(key, algorithm, self.signature, self.input.encode()) for key in keys)


def anchor(value):
    """The keys of a JWK, a JWK Set or a PEM; ValueError with the reason."""
    if "-----BEGIN" in value:
        if "PRIVATE KEY" in value:
            raise ValueError("it holds a private key; a verifier needs the public one alone")
        key = load_pem_public_key(value.encode())
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise ValueError("it is not a public key on P-256")
        return [key]
    document = parsed(value.encode())
    if not isinstance(document, dict):
        raise ValueError("it is neither a JWK nor a JWK Set")
    jwks = document.get("keys", [document])
    if not isinstance(jwks, list):
        raise ValueError("it is neither a JWK nor a JWK Set")
    jwks = [jwk for jwk in jwks if isinstance(jwk, dict)]
    if any("d" in jwk or "k" in jwk for jwk in jwks):
        raise ValueError("it holds a private key; a verifier needs the public one alone")
    keys = [jwk for jwk in jwks if is_key(jwk)]
    if not keys:
        raise ValueError("it has no key on P-256 and no RSA key")
    return [key for key in map(usable, keys) if key is not None]


def is_key(jwk):
    """Whether it is of a kind that signs, with the members of a key (others are passed over)."""
    has = lambda *names: all(encoded()(jwk.get(name)) for name in names)
    if jwk.get("kty") == "EC":
        return jwk.get("crv") == "P-256" and has("x", "y")
    return jwk.get("kty") == "RSA" and has("n", "e")


def usable(jwk):
    """The key of a JWK; None where it verifies nothing, as a point that is on no curve."""
    try:
        return public_key(jwk)
    except ValueError:
        return None


# --- the checks, in the order of README.md ---------------------------------------------------------------------------


def read(data):
    """The file, if it is one to the last byte."""
    try:
        require(len(data) <= LONGEST, "format")
        file = parsed(data)
        require(FILE(file) and canonical(file) == data, "format")
    except (ValueError, OverflowError, RecursionError):
        raise Refused("format") from None
    return file


def check_assertion(file):
    displayed, assertion, enrolment = file["displayed"], file["assertion"], file["enrolment"]
    require(enrolment["person"] == displayed["person"]["sub"], "person")
    require(enrolment["enrolled_at"] <= displayed["shown_at"], "enrolled_later")
    require(assertion["credential"] == enrolment["credential"], "credential")

    client_data = decoded(assertion["client_data"])
    told = browser_told(client_data)
    require(told["type"] == "webauthn.get", "ceremony")
    require(told["challenge"] == encode(sha256(canonical(displayed))), "challenge")
    require(told["origin"] == enrolment["origin"], "origin")
    require(told.get("crossOrigin") is not True and told.get("topOrigin") is None, "frame")

    data = decoded(assertion["authenticator_data"])
    require(len(data) >= 37, "authenticator_data")
    require(data[:32] == sha256(enrolment["rp_id"].encode()), "relying_party")
    require(belongs(enrolment["origin"], enrolment["rp_id"]), "domain")
    require(data[32] & 0x01, "presence")
    require(data[32] & 0x04, "verification")
    try:
        key = public_key(enrolment["key"])
    except ValueError:
        raise Refused("signature") from None
    message = data + sha256(client_data)
    require(verifies(key, "DER", decoded(assertion["signature"]), message), "signature")


def browser_told(client_data):
    try:
        told = parsed(client_data)
    except ValueError:
        raise Refused("client_data") from None
    require(isinstance(told, dict), "client_data")
    require(all(text(told.get(name)) for name in ("type", "challenge", "origin")), "client_data")
    require(maybe(truth)(told.get("crossOrigin")) and maybe(text)(told.get("topOrigin")), "client_data")
    return told


def belongs(origin, domain):
    try:
        host = urlsplit(origin).hostname or ""
    except ValueError:
        return False
    try:
        ipaddress.ip_address(host)
        return False
    except ValueError:
        return host == domain or host.endswith("." + domain)


def is_approved(item):
    return item["choice"] in ("ticked", "always")


def check_granted(file):
    displayed, granted = file["displayed"], file["granted"]
    details = [canonical(item["detail"]) for item in filter(is_approved, displayed["details"])]
    scopes = {item["scope"] for item in filter(is_approved, displayed["scopes"])}
    tools = {tool["resource"] for tool in displayed["tools"]}
    require(granted["client"] == displayed["client"]["id"], "granted_client")
    require(tools.issuperset(granted["resources"]), "granted_resources")
    require(scopes.issuperset(granted["scope"].split()), "granted_scope")
    given = [canonical(detail) for detail in granted["details"]]
    require(each_takes_one(given, details, lambda one, other: one == other), "granted_details")
    require(displayed["shown_at"] <= granted["approved_at"] <= displayed["request"]["expires_at"], "time")


def check_chain(file):
    displayed, entry = file["displayed"], file["entry"]
    rest = {name: file[name] for name in ("assertion", "enrolment", "granted")}
    expected = {
        "person": displayed["person"]["sub"],
        "number": entry["number"],
        "approval": displayed["approval"],
        "approved_at": file["granted"]["approved_at"],
        "displayed": encode(sha256(canonical(displayed))),
        "rest": encode(tagged("rest", canonical(rest))),
    }
    require(entry == expected and entry["number"] >= 1, "entry")
    head = tagged("link", decoded(file["previous"]), tagged("entry", canonical(entry)))
    require(encode(head) == file["head"], "chain")


def check_inclusion(file, keys):
    """What the checkpoint says that holds the file."""
    inclusion, entry = file["inclusion"], file["entry"]
    try:
        jws = Jws(inclusion["checkpoint"])
        says = parsed(jws.payload)
        is_one = jws.header.get("alg") == "ES256" and jws.header.get("typ") == "countersign-checkpoint+jws"
        require(is_one and CHECKPOINT(says) and canonical(says) == jws.payload, "format")
    except ValueError:
        raise Refused("format") from None
    is_later = says["at"] >= entry["approved_at"]
    require(says["issuer"] == file["displayed"]["issuer"] and is_later, "other_checkpoint")
    head = decoded(file["head"])
    for link in inclusion["links"]:
        head = tagged("link", head, decoded(link))
    leaf = {"person": entry["person"], "number": entry["number"] + len(inclusion["links"]), "hash": encode(head)}
    root = way_up(sha256(b"\0", canonical(leaf)), says["size"], inclusion["path"])
    require(root is not None and encode(root) == says["root"], "inclusion")
    if keys is not None:
        require(jws.is_signed_under(keys), "checkpoint_signature")
    return says


def way_up(digest, size, path):
    """The root that a way leads to; None where it leads nowhere."""
    place, width, hashes = path["leaf"], size, list(map(decoded, path["hashes"]))
    if place >= width:
        return None
    while width > 1:
        if place % 2 == 1 or place + 1 < width:
            if not hashes:
                return None
            neighbour = hashes.pop(0)
            digest = sha256(b"\1", *((neighbour, digest) if place % 2 == 1 else (digest, neighbour)))
        place, width = place // 2, (width + 1) // 2
    return None if hashes else digest


def check_token(token, file, keys):
    """How the details of a token lie within those that were granted: `none`, `equal` or `narrowed`."""
    try:
        jws = Jws(token.strip())
        claims = parsed(jws.payload)
        named = lambda *names: all(text(claims.get(name)) for name in names)
        details = claims.get("authorization_details", [])
        is_one = jws.header.get("typ") == "at+jwt" and named("iss", "sub", "client_id", "aud", "approval")
        is_one = is_one and MOMENT(claims.get("iat")) and MOMENT(claims.get("exp"))
        is_one = is_one and listed(detail)(details) and scope(claims.get("scope", ""))
        require(is_one, "token")
        # What has no canonical form cannot be compared.
        canonical(details)
    except (ValueError, AttributeError, OverflowError, RecursionError):
        raise Refused("token") from None
    if keys is not None:
        require(jws.is_signed_under(keys), "token_signature")
    displayed, granted = file["displayed"], file["granted"]
    expected = (displayed["issuer"], displayed["person"]["sub"], displayed["client"]["id"], displayed["approval"])
    require(tuple(claims[name] for name in ("iss", "sub", "client_id", "approval")) == expected, "other_token")
    tools = granted["resources"] or [tool["resource"] for tool in displayed["tools"]]
    require(claims["aud"] in [*tools, displayed["issuer"]], "token_resource")
    require(claims["iat"] + SKEW >= granted["approved_at"], "token_time")
    require(ends_as_approved(claims, displayed), "token_lifetime")
    require(set(granted["scope"].split()).issuperset(claims.get("scope", "").split()), "token_scope")
    around = granted["details"]
    if not details:
        return "none"
    if each_takes_one(details, around, same):
        return "equal"
    require(each_takes_one(details, around, lies_within), "token_details")
    return "narrowed"


def ends_as_approved(claims, displayed):
    """Where nothing can be renewed, the one token is had while the request waits, or by a code that was given then."""
    life, end = displayed["access"]["token"], displayed["access"]["renewable_until"]
    if end is None:
        end = displayed["request"]["expires_at"] + CODE_LIVES + life
    return claims["exp"] - claims["iat"] <= life and claims["exp"] <= end


def each_takes_one(these, those, fits):
    """Whether each of these has one of those for itself that it fits (a bipartite matching by augmenting paths)."""
    taken = {}

    def takes(one, tried):
        for place, other in enumerate(those):
            if place not in tried and fits(these[one], other):
                tried.add(place)
                if place not in taken or takes(taken[place], tried):
                    taken[place] = one
                    return True
        return False

    return all(takes(one, set()) for one in range(len(these)))


def same(one, other):
    # Not `==`: to Python, true is 1.
    return canonical(one) == canonical(other)


def lies_within(narrower, wider):
    if narrower.keys() != wider.keys():
        return False
    fits = lambda name: same(narrower[name], wider[name]) or (
        name in ALLOWING and is_part(narrower[name], wider[name])
    )
    return all(map(fits, wider))


def is_part(some, every):
    """Whether a list keeps some of another's elements; an empty one is no restriction to some readers."""
    are_lists = isinstance(some, list) and isinstance(every, list)
    return are_lists and bool(some) == bool(every) and len(some) <= len(every) and each_takes_one(some, every, same)


def verify(data, keys=None, token=None):
    """What a file proves; Refused where it does not. `keys` are those of anchors, None without any."""
    file = read(data)
    check_assertion(file)
    check_granted(file)
    check_chain(file)
    checkpoint = check_inclusion(file, keys) if file["inclusion"] else None
    details = check_token(token, file, keys) if token is not None else None
    is_anchored = keys is not None and checkpoint is not None
    return {
        "verdict": "anchored" if is_anchored else "self_consistent",
        "file": file,
        "checkpoint": checkpoint,
        "token_details": details,
    }


# --- in words --------------------------------------------------------------------------------------------------------


def sentence(pieces):
    return "".join(piece.get("words", "") + piece.get("value", "") for piece in pieces)


def moment(seconds):
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} seconds after 1970"


def told(verdict):
    """The verdict in plain words. Control characters of what was displayed are not passed on to a terminal."""
    file, checkpoint = verdict["file"], verdict["checkpoint"]
    displayed, enrolment, granted = file["displayed"], file["enrolment"], file["granted"]
    person, client, actor = displayed["person"], displayed["client"], displayed["actor"]
    yield f"{person['name']} ({person['user_name']}, {person['sub']}) approved on {moment(granted['approved_at'])}"
    yield f"what {client['name']} ({client['id']}) asked of {displayed['issuer']}:"
    if actor:
        yield f"  to be done by {actor['name']} ({actor['id']})"
    for item in displayed["scopes"] + displayed["details"]:
        mark = "x" if is_approved(item) else " "
        yield f"  [{mark}] {sentence(item['sentence'])}"
    yield f"It was displayed on {moment(displayed['shown_at'])}, and signed with a passkey that was enrolled on"
    yield f"{moment(enrolment['enrolled_at'])} ({json.dumps(enrolment['by'])}). The approval is {displayed['approval']}."
    if verdict["token_details"]:
        yield f"The token lies within it; its details: {verdict['token_details']}."
    if verdict["verdict"] == "anchored":
        yield f"Checkpoint {checkpoint['number']} of {moment(checkpoint['at'])} holds it, signed under the anchor."
    elif checkpoint is None:
        yield "Self-consistent only: it is younger than the last checkpoint, so nothing outside the file vouches for it."
    else:
        yield "Self-consistent only: no anchor was given, so nothing outside the file vouches for it."


def main():
    parser = argparse.ArgumentParser(description="Checks the evidence of an approval offline.")
    parser.add_argument("file")
    parser.add_argument("--anchor", action="append", metavar="KEY", help="a JWK, a JWK Set or a PEM, from elsewhere")
    parser.add_argument("--token", metavar="FILE", help="an access token that was issued by the approval")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    try:
        with open(asked.file, "rb") as file:
            data = file.read()
        keys = None if asked.anchor is None else [key for path in asked.anchor for key in anchor(open(path).read())]
        token = open(asked.token).read() if asked.token else None
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        parser.error(str(error))
    try:
        verdict = verify(data, keys, token)
    except Refused as refused:
        print(json.dumps({"verdict": "refused", "why": refused.word}) if asked.json else f"Refused: {refused.word}")
        return 1
    if asked.json:
        print(json.dumps({**verdict, "file": None, "displayed": verdict["file"]["displayed"]}, indent=2))
    else:
        for line in told(verdict):
            print("".join(letter if letter.isprintable() else "\ufffd" for letter in line))
    return 0 if verdict["verdict"] == "anchored" else 3


if __name__ == "__main__":
    sys.exit(main())
