"""infra/authorizer.yaml behind an emulated API Gateway: it stands before a tool that knows nothing of tokens, and the stack that is
deployed here is its issuer."""

import base64
import io
import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest
import urllib.request
import zipfile
from pathlib import Path

import boto3
import botocore.exceptions
from deployment import BUILT, ISSUER, ROOT, answered, ask, decoded, demo_in_force, operator_with
from samtranslator.yaml_helper import yaml_parse

RESOURCE = "https://files.internal.corp"
METADATA = f"{RESOURCE}/.well-known/oauth-protected-resource"
TOOL_NAME = "files-tool"
CACHE = Path(os.environ.get("COUNTERSIGN_CACHE") or Path.home() / ".cache/countersign") / "localstack"
MACHINE = "--arm64" if os.uname().machine in ("aarch64", "arm64") else "--x86-64"

FILE = {"type": "file_access", "actions": ["read"], "locations": [f"{RESOURCE}/finance"], "identifier": "Q4-report.pdf"}
RULES = [
    {
        "methods": ["GET"],
        "path": "/files/{folder}/{name}",
        "scope": "files.access",
        "details": [
            {
                "type": "file_access",
                "among": {"actions": "read", "locations": f"{RESOURCE}/{{folder}}"},
                "is_or_absent": {"identifier": "{name}"},
            }
        ],
    }
]


# --- the tool, and the two kinds of API that stand before one ---------------------------------------------------------

TOOL = """
import json

def handler(event, context):
    who = event["requestContext"].get("authorizer") or {}
    return {"statusCode": 200, "body": json.dumps({"tool": "files", "who": who.get("lambda", who)})}
"""


def deploy_tool():
    """A function that knows nothing of tokens, and says whom the gateway has let through to it."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = {"Version": "2012-10-17", "Statement": [trust]}
    role = boto3.client("iam").create_role(RoleName=TOOL_NAME, AssumeRolePolicyDocument=json.dumps(policy))["Role"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("tool.py", TOOL)
    function = boto3.client("lambda").create_function(
        FunctionName=TOOL_NAME, Runtime="python3.12", Handler="tool.handler", Role=role["Arn"],
        Code={"ZipFile": code.getvalue()},
    )
    for statement in ("rest", "http"):
        boto3.client("lambda").add_permission(
            FunctionName=TOOL_NAME, StatementId=statement, Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
        )
    return function["FunctionArn"]


def remove_tool():
    boto3.client("lambda").delete_function(FunctionName=TOOL_NAME)
    boto3.client("iam").delete_role(RoleName=TOOL_NAME)


class Api:
    """An API before the tool. What is beneath /files asks the authorizer; the tool's metadata is open to everybody."""

    def asked(self, path, *tokens, method="GET"):
        url = f"{os.environ['AWS_ENDPOINT_URL']}/_aws/execute-api/{self.id}/{self.STAGE}{path}"
        request = urllib.request.Request(url, method=method)
        for token in tokens:
            request.add_header("Authorization", f"Bearer {token}")
        return answered(request)


class Rest(Api):
    STAGE = "v1"
    PARAMETER = "RestApiId"
    OUTPUT = "RestAuthorizerId"

    def __init__(self, tool):
        self.aws, self.tool = boto3.client("apigateway"), tool
        self.id = self.aws.create_rest_api(name="files")["id"]

    def open(self, authorizer):
        for method in ("GET", "DELETE"):
            self.method(("files", "{folder}", "{name}"), method, authorizer)
        self.method((".well-known", "oauth-protected-resource"), "GET", None)
        self.aws.create_deployment(restApiId=self.id, stageName=self.STAGE)

    def method(self, path, method, authorizer):
        at = {"restApiId": self.id, "resourceId": self.resource(path), "httpMethod": method}
        who = {"authorizationType": "CUSTOM", "authorizerId": authorizer} if authorizer else {"authorizationType": "NONE"}
        self.aws.put_method(**at, **who)
        region = os.environ["AWS_REGION"]
        uri = f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{self.tool}/invocations"
        self.aws.put_integration(**at, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)

    def resource(self, path):
        known = {found["path"]: found["id"] for found in self.aws.get_resources(restApiId=self.id, limit=500)["items"]}
        parent, at = known["/"], ""
        for part in path:
            at += f"/{part}"
            if at not in known:
                known[at] = self.aws.create_resource(restApiId=self.id, parentId=parent, pathPart=part)["id"]
            parent = known[at]
        return parent

    def remove(self):
        self.aws.delete_rest_api(restApiId=self.id)


class Http(Api):
    STAGE = "$default"
    PARAMETER = "HttpApiId"
    OUTPUT = "HttpAuthorizerId"

    def __init__(self, tool):
        self.aws = boto3.client("apigatewayv2")
        self.id = self.aws.create_api(Name="files", ProtocolType="HTTP")["ApiId"]
        made = self.aws.create_integration(
            ApiId=self.id, IntegrationType="AWS_PROXY", IntegrationUri=tool, PayloadFormatVersion="2.0"
        )
        self.target = f"integrations/{made['IntegrationId']}"

    def open(self, authorizer):
        guarded = {"AuthorizationType": "CUSTOM", "AuthorizerId": authorizer}
        for route in ("GET /files/{folder}/{name}", "DELETE /files/{folder}/{name}"):
            self.aws.create_route(ApiId=self.id, RouteKey=route, Target=self.target, **guarded)
        route = "GET /.well-known/oauth-protected-resource"
        self.aws.create_route(ApiId=self.id, RouteKey=route, Target=self.target)
        self.aws.create_stage(ApiId=self.id, StageName=self.STAGE, AutoDeploy=True)

    def remove(self):
        self.aws.delete_api(ApiId=self.id)


# --- the authorizer --------------------------------------------------------------------------------------------------


def build():
    """The function, as `infra/localstack/up` builds the stack's."""
    environment = {**os.environ, "PATH": f"{CACHE / 'build/bin'}:{os.environ['PATH']}", "CARGO_TARGET_DIR": str(BUILT)}
    command = "cargo lambda build --profile deployed --locked --output-format binary -p countersign-authorizer"
    done = subprocess.run(
        [*command.split(), MACHINE], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise AssertionError(done.stderr[-2000:])
    return Path(BUILT) / "lambda/authorizer"


def deploy(folder, stack, api, code):
    """The template, with the issuer of this machine in place of one that is reached by https."""
    template = yaml_parse((ROOT / "infra/authorizer.yaml").read_text(encoding="utf-8"))
    del template["Parameters"]["Issuer"]["AllowedPattern"]
    template["Resources"]["AuthorizerFunction"]["Properties"]["CodeUri"] = str(code)
    path = Path(folder) / "authorizer.json"
    path.write_text(json.dumps(template), encoding="utf-8")
    architecture = "arm64" if MACHINE == "--arm64" else "x86_64"
    given = {
        "Issuer": ISSUER,
        "Resource": RESOURCE,
        api.PARAMETER: api.id,
        # A list of parameters is written in words, which quotes keep together.
        "Rules": json.dumps(json.dumps(RULES, separators=(",", ":"))),
        "MetadataUrl": METADATA,
        "Architecture": architecture,
        "LogRetentionDays": "1",
    }
    parameters = [f"{name}={value}" for name, value in given.items()]
    command = [CACHE / "deploy/bin/sam", "deploy", "--stack-name", stack, "--template-file", path, "--resolve-s3"]
    more = ["--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--region", os.environ["AWS_REGION"]]
    done = subprocess.run(
        [*command, *more, "--parameter-overrides", *parameters], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise AssertionError(done.stdout[-2000:] + done.stderr[-2000:])
    found = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}[api.OUTPUT]


# --- tokens ----------------------------------------------------------------------------------------------------------


def part(value):
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def read(text):
    return json.loads(decoded(text))


def signed_by(key, header, claims):
    """A JWT by a key of KMS: with the issuer's own, what it would have signed at another time."""
    text = f"{part(json.dumps(header).encode())}.{part(json.dumps(claims).encode())}"
    made = boto3.client("kms").sign(
        KeyId=key, Message=text.encode(), MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256"
    )
    return f"{text}.{part(raw(made['Signature']))}"


def raw(signature):
    """r and s of an ECDSA signature in DER (RFC 7518, section 3.4)."""
    numbers, at = [], 2
    for _ in range(2):
        length = signature[at + 1]
        numbers.append(int.from_bytes(signature[at + 2 : at + 2 + length], "big").to_bytes(32, "big"))
        at += 2 + length
    return b"".join(numbers)


def the_key_of(key_id):
    """The key of KMS that the issuer publishes under this name."""
    keys = json.loads(ask("/jwks.json").body)["keys"]
    (published,) = [key for key in keys if key["kid"] == key_id]
    point = b"".join(decoded(published[name]) for name in ("x", "y"))
    kms = boto3.client("kms")
    for page in kms.get_paginator("list_keys").paginate():
        for key in page["Keys"]:
            described = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
            is_one = described["KeyUsage"] == "SIGN_VERIFY" and described["KeySpec"] == "ECC_NIST_P256"
            if is_one and described["Enabled"] and kms.get_public_key(KeyId=key["KeyId"])["PublicKey"].endswith(point):
                return key["KeyId"]
    raise AssertionError("nobody has the key that is published")


PATH = "/files/finance/Q4-report.pdf"


def setUpModule():
    """What both kinds of API have in common: the tool, the function's binary, and tokens."""
    secret = demo_in_force(operator_with("operator", "OperatorPolicy"), "nightly-agent")["nightly-agent"]
    form = {"grant_type": "client_credentials", "scope": "files.access", "authorization_details": json.dumps([FILE])}
    good = ask("/token", form, "nightly-agent", secret).json["access_token"]
    header, claims, _ = good.split(".")
    header, claims = read(header), read(claims)
    key, now = the_key_of(header["kid"]), int(time.time())
    foreign = boto3.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    unittest.addModuleCleanup(boto3.client("kms").schedule_key_deletion, KeyId=foreign, PendingWindowInDays=7)
    Tokens.good = good
    # Signed just so: those below are refused for what they say.
    Tokens.good_too = signed_by(key, header, claims)
    Tokens.bad = {
        "expired": signed_by(key, header, {**claims, "iat": now - 400, "exp": now - 100}),
        "another tool's": signed_by(key, header, {**claims, "aud": "https://mail.internal.corp"}),
        "another issuer's": signed_by(key, header, {**claims, "iss": "https://auth.example.com"}),
        "signed by somebody else": signed_by(foreign, header, claims),
        "an ID token": signed_by(key, {**header, "typ": "JWT"}, claims),
        "junk": "junk",
    }
    Built.code = build()
    Built.tool = deploy_tool()
    unittest.addModuleCleanup(remove_tool)


class Tokens:
    good, good_too, bad = "", "", {}


class Built:
    code, tool = None, ""


class Before:
    """What holds before a tool, whichever kind of API it is."""

    @classmethod
    def setUpClass(cls):
        cls.api = cls.KIND(Built.tool)
        cls.addClassCleanup(cls.api.remove)
        folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, folder)
        cls.stack = f"files-{cls.KIND.__name__.lower()}"
        cls.addClassCleanup(boto3.client("cloudformation").delete_stack, StackName=cls.stack)
        cls.api.open(deploy(folder, cls.stack, cls.api, Built.code))

    def test_a_good_token_opens_its_file_and_the_tool_learns_who_asked(self):
        for token in (Tokens.good, Tokens.good_too):
            answer = self.api.asked(PATH, token)
            self.assertEqual((answer.status, answer.json["tool"]), (200, "files"))
            who = answer.json["who"]
            told = [who[name] for name in ("sub", "client_id", "scope")]
            self.assertEqual(told, ["nightly-agent", "nightly-agent", "files.access"])
            self.assertEqual(json.loads(who["authorization_details"]), [FILE])

    def test_who_has_no_token_does_not_reach_the_tool(self):
        answer = self.api.asked(PATH)
        self.assertEqual(answer.status, 401)
        self.assertNotIn("tool", answer.body)

    def test_what_the_token_does_not_allow_is_denied(self):
        """RFC 9396, section 6: not the file beside it, and not what no rule names."""
        for path, method in (("/files/finance/Q3-report.pdf", "GET"), (PATH, "DELETE")):
            with self.subTest(f"{method} {path}"):
                answer = self.api.asked(path, Tokens.good, method=method)
                self.assertEqual(answer.status, 403)
                self.assertNotIn('"tool"', answer.body)

    def test_what_the_tool_says_of_itself_is_read_without_a_token(self):
        answer = self.api.asked("/.well-known/oauth-protected-resource")
        self.assertEqual((answer.status, answer.json), (200, {"tool": "files", "who": {}}))


class BeforeRest(Before, unittest.TestCase):
    KIND = Rest

    def test_who_has_no_good_token_is_told_where_to_ask(self):
        """RFC 6750, section 3.1; RFC 9728, section 5.1."""
        for name, tokens in {"no token": [], **{name: [token] for name, token in Tokens.bad.items()}}.items():
            with self.subTest(name):
                answer = self.api.asked(PATH, *tokens)
                self.assertEqual(answer.status, 401)
                self.assertEqual(answer.headers["WWW-Authenticate"], f'Bearer resource_metadata="{METADATA}"')
                self.assertNotIn('"tool"', answer.body)

    def test_who_has_a_good_token_is_told_what_is_missing(self):
        """RFC 6750, section 3.1. ministack shows nothing of what the authorizer said in its answer, so the function is asked."""
        region, path = os.environ["AWS_REGION"], "/files/finance/Q3-report.pdf"
        event = {
            "type": "REQUEST",
            "methodArn": f"arn:aws:execute-api:{region}:000000000000:{self.api.id}/v1/GET{path}",
            "resource": "/files/{folder}/{name}",
            "path": path,
            "httpMethod": "GET",
            "headers": {"Authorization": f"Bearer {Tokens.good}"},
        }
        answer = boto3.client("lambda").invoke(FunctionName=f"{self.stack}-authorizer", Payload=json.dumps(event).encode())
        said = json.loads(answer["Payload"].read())
        self.assertEqual(said["policyDocument"]["Statement"][0]["Effect"], "Deny")
        challenge = said["context"]["challenge"]
        self.assertIn('error="insufficient_authorization"', challenge)
        self.assertIn(f'resource_metadata="{METADATA}"', challenge)
        (missing,) = json.loads(said["context"]["refusal"])["authorization_details"]
        self.assertEqual(missing["identifier"], "Q3-report.pdf")


class BeforeHttp(Before, unittest.TestCase):
    KIND = Http

    @classmethod
    def setUpClass(cls):
        try:
            boto3.client("apigatewayv2").get_apis()
        except botocore.exceptions.ClientError as refused:
            raise unittest.SkipTest(f"this endpoint has no HTTP APIs: {refused}") from refused
        super().setUpClass()

    def test_who_has_no_good_token_is_denied(self):
        """An HTTP API knows no other answer to a no."""
        for name, token in Tokens.bad.items():
            with self.subTest(name):
                answer = self.api.asked(PATH, token)
                self.assertEqual(answer.status, 403)
                self.assertNotIn('"tool"', answer.body)


if __name__ == "__main__":
    unittest.main()
