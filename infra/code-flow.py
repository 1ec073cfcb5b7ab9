"""The whole code flow against a running server, without a browser: an agent pushes a request, a person signs in and approves
all of it, the agent redeems the code, and finds that it cannot be redeemed again. For infra/aws-smoke.

    code-flow.py ISSUER CLIENT RESOURCE SCOPE DETAILS

RESOURCE is the tool that the token is for, DETAILS the JSON of the request's authorization_details. Standard input has what is
secret, as JSON: client_secret, user_name and password. Ends with an error and a line that says where, when anything is not as it
should be.
"""

import base64
import hashlib
import json
import re
import secrets
import sys
import urllib.error
import urllib.parse
import urllib.request
from html.parser import HTMLParser
from http.cookiejar import CookieJar

REDIRECT_URI = "http://127.0.0.1:7777/callback"


def stop(what):
    raise SystemExit(f"code-flow.py: {what}")


class Form(HTMLParser):
    """The last form of a page, which is what the page is for: where it goes, and what it sends when every box is ticked."""

    def __init__(self, page):
        super().__init__()
        self.action, self.fields, self.inside = None, [], False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form":
            self.action, self.fields, self.inside = given.get("action", ""), [], True
        elif tag == "input" and self.inside and given.get("name") not in (None, "remember"):
            self.fields.append((given["name"], given.get("value") or ""))

    def handle_endtag(self, tag):
        if tag == "form":
            self.inside = False

    def filled(self, **typed):
        return [(name, value) for name, value in self.fields if name not in typed] + list(typed.items())


class Stays(urllib.request.HTTPRedirectHandler):
    """The agent's address is looked at, and not gone to."""

    def redirect_request(self, request, *rest):
        location = urllib.parse.urljoin(request.full_url, rest[-1])
        return None if location.startswith(REDIRECT_URI) else super().redirect_request(request, *rest)


class Browser:
    def __init__(self, issuer):
        self.issuer = urllib.parse.urlsplit(issuer)
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()), Stays())

    def opens(self, url, form=None):
        """The page that it ends at: its address and text; of a redirect to the agent, the address alone."""
        request = urllib.request.Request(url, data=urllib.parse.urlencode(form).encode() if form is not None else None)
        if form is not None:
            request.add_header("Origin", f"{self.issuer.scheme}://{self.issuer.netloc}")
        try:
            with self.opener.open(request, timeout=30) as answer:
                return answer.url, answer.read().decode()
        except urllib.error.HTTPError as other:
            if other.code in (302, 303):
                return other.headers["Location"], ""
            said = re.search(r'class="problem"[^>]*>([^<]*)', other.read().decode())
            return stop(f"{urllib.parse.urlsplit(url).path} answers {other.code}: {said[1] if said else other.reason}")

    def sends(self, page, **typed):
        address, text = page
        form = Form(text)
        if form.action is None:
            stop(f"there is no form on the page at {urllib.parse.urlsplit(address).path}")
        return self.opens(urllib.parse.urljoin(address, form.action), form.filled(**typed))


class Agent:
    def __init__(self, issuer, client, secret):
        self.issuer, self.client = issuer, client
        self.authorization = "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()

    def asks(self, path, form):
        """A request as the client, and its answer: status and JSON."""
        request = urllib.request.Request(self.issuer + path, data=urllib.parse.urlencode(form).encode())
        request.add_header("Authorization", self.authorization)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read() or b"{}")

    def pushes(self, asked, state, verifier):
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        form = {
            **asked, "response_type": "code", "redirect_uri": REDIRECT_URI, "state": state,
            "code_challenge": challenge, "code_challenge_method": "S256",
        }
        status, answer = self.asks("/par", form)
        if status != 201:
            stop(f"the request is not taken: {status} {answer}")
        return answer["request_uri"]

    def redeems(self, code, verifier):
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI, "code_verifier": verifier}
        return self.asks("/token", form)


def main():
    issuer, client, resource, scope, details = sys.argv[1:]
    asked = {"resource": resource, "scope": scope, "authorization_details": details}
    known = json.load(sys.stdin)
    agent, browser = Agent(issuer, client, known["client_secret"]), Browser(issuer)
    state, verifier = secrets.token_urlsafe(16), secrets.token_urlsafe(32)
    request_uri = agent.pushes(asked, state, verifier)
    query = urllib.parse.urlencode({"client_id": client, "request_uri": request_uri})
    page = browser.opens(f"{issuer}/authorize?{query}")
    page = browser.sends(page, user_name=known["user_name"], password=known["password"])
    address, _ = browser.sends(page, decision="approve")
    answer = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
    if not address.startswith(REDIRECT_URI) or "code" not in answer:
        stop(f"there is no code in the answer: {answer.get('error', urllib.parse.urlsplit(address).path)}")
    # OAuth 2.1, section 4.1.2, and RFC 9207.
    if (answer["state"], answer["iss"]) != (state, issuer):
        stop("the answer belongs to another request, or comes from another server")
    status, token = agent.redeems(answer["code"], verifier)
    if status != 200 or token.get("authorization_details") != json.loads(details):
        stop(f"the code is not redeemed as it was approved: {status} {token.get('error', 'for other details')}")
    status, again = agent.redeems(answer["code"], verifier)
    if (status, again.get("error")) != (400, "invalid_grant"):
        stop(f"the code could be redeemed twice: {status}")


if __name__ == "__main__":
    main()
