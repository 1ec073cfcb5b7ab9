"""The deployed stack that the tests of this folder are about, and who acts on it: operators with the rights that its own
policies give them, and clients over HTTP.

Where it is stands in the environment, as `tests/deployed` says it: COUNTERSIGN_URL, COUNTERSIGN_TABLE, AWS_ENDPOINT_URL and
the credentials of whoever may do everything there.
"""

import base64
import importlib.util
import json
import os
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from email.message import Message
from functools import cache
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "infra/config/demo"
BUILT = os.environ.get("CARGO_TARGET_DIR", Path.home() / ".cache/countersign/target")
PROGRAM = Path(os.environ.get("COUNTERSIGN_BIN") or Path(BUILT) / "debug") / "countersign"
STACK = os.environ.get("COUNTERSIGN_STACK", "countersign")
ISSUER = os.environ.get("COUNTERSIGN_URL", "")
TABLE = os.environ.get("COUNTERSIGN_TABLE", "")
# Where infra/localstack/up keeps what it deployed.
STATE = Path(os.environ.get("COUNTERSIGN_DEMO_DATA") or ROOT / ".countersign/localstack")

# Every process of a function acts on what it last read of configuration and clients for five seconds.
UNTIL_ALL_KNOW = 6

# What a trial stack on an emulator has wrong from the start in the eyes of the doctor, or the emulator does not know.
OF_A_TRIAL = {"deletion protection", "texts", "texts a month"}


@cache
def outputs():
    found = boto3.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}


@cache
def physical(logical):
    """The physical id of one of the stack's resources."""
    found = boto3.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=logical)
    return found["StackResourceDetail"]["PhysicalResourceId"]


def deployed_with(**parameters):
    """Deploys the stack again as it stands, with these parameters more."""
    environment = {**os.environ, "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_CONFIG_FILE": STATE / "aws-config",
                   "SAM_CLI_TELEMETRY": "0"}
    overrides = [f"{name}={value}" for name, value in parameters.items()]
    command = [Path(sys.executable).parent / "sam", "deploy", "--config-file", ROOT / "samconfig.toml", "--config-env", "local",
               "--template-file", STATE / "template.json", "--parameter-overrides", *overrides]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stdout[-2000:] + done.stderr[-2000:])


# --- operators -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Done:
    """What became of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@dataclass(frozen=True)
class Operator:
    """Somebody with a role of their own, and whatever rights the policies attached to it give."""

    credentials: dict = field(repr=False)

    def runs(self, *words, table=True):
        """Runs a command of `countersign` with these rights alone."""
        where = ["--table", TABLE] if table else []
        environment = {**os.environ, **self.credentials}
        done = subprocess.run([PROGRAM, *words, *where], env=environment, capture_output=True, text=True, check=False)
        return Done(done.returncode, done.stdout, done.stderr)

    def does(self, *words, **options):
        """Runs a command that must succeed."""
        done = self.runs(*words, **options)
        if done.code != 0:
            raise AssertionError(f"countersign {' '.join(words[:2])}: {done.err or done.out}")
        return done

    def client(self, service):
        """AWS, called with these rights."""
        return boto3.client(
            service,
            aws_access_key_id=self.credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.credentials["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=self.credentials["AWS_SESSION_TOKEN"],
        )


def taken(name, gives):
    """The credentials of somebody who has taken a role of this name, to which `gives(iam, role)` gives its rights."""
    iam, sts = boto3.client("iam"), boto3.client("sts")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": sts.get_caller_identity()["Account"]},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    role = f"{STACK}-test-{name}"
    try:
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))
    except iam.exceptions.EntityAlreadyExistsException:
        pass
    gives(iam, role)
    arn = iam.get_role(RoleName=role)["Role"]["Arn"]
    return sts.assume_role(RoleArn=arn, RoleSessionName=name)["Credentials"]


def operator_with(name, *policies):
    """Somebody who has taken a role with these policies of the stack, named by its outputs."""

    def gives(iam, role):
        for policy in policies:
            iam.attach_role_policy(RoleName=role, PolicyArn=outputs()[policy])

    credentials = taken(name, gives)
    return Operator(
        {
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": credentials["SessionToken"],
        }
    )


@cache
def rights_are_enforced():
    """Whether the endpoint denies anything at all: LocalStack without a licence does not."""
    try:
        operator_with("nobody").client("dynamodb").describe_table(TableName=TABLE)
    except ClientError:
        return True
    return False


def needs_enforced_rights():
    """Skips what cannot be seen here; where it could be seen, that it cannot is a failure."""
    if rights_are_enforced():
        return
    try:
        urllib.request.urlopen(f"{os.environ['AWS_ENDPOINT_URL']}/_ministack/ready", timeout=10).close()
    except urllib.error.URLError:
        raise unittest.SkipTest("this endpoint enforces no rights") from None
    raise AssertionError("ministack enforces no rights: it was started without AUTH=true")


def demo_in_force(operator, *clients, issuer=ISSUER):
    """Puts the demo's configuration in force, and makes fresh secrets of these clients: by client, what they prove to be."""
    return in_force(operator, DEMO, *clients, issuer=issuer)


def in_force(operator, configuration, *clients, issuer=ISSUER):
    """The same of another configuration."""
    operator.does("apply", str(configuration), "--issuer", issuer, "--yes")
    secrets = {}
    for client in clients:
        # A test that failed may have left it switched off.
        operator.does("client", "enable", client)
        secrets[client] = operator.does("client", "rotate-secret", client, "--json").json["client_secret"]
    time.sleep(UNTIL_ALL_KNOW)
    return secrets


# --- people ----------------------------------------------------------------------------------------------------------


@cache
def code_flow():
    """infra/code-flow.py, for its browser, and its agent."""
    spec = importlib.util.spec_from_file_location("code_flow", ROOT / "infra/code-flow.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def signed_in(person, path):
    """A browser in which the person has opened a page and signed in, and the page."""
    browser = code_flow().Browser(ISSUER)
    page = browser.opens(ISSUER + path)
    return browser, browser.sends(page, user_name=person["user_name"], password=person["password"])


# --- clients ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    body: str

    @property
    def json(self):
        return json.loads(self.body)


def answered(request):
    """What is answered, whatever the status."""
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return Answer(answer.status, answer.headers, answer.read().decode())
    except urllib.error.HTTPError as refused:
        return Answer(refused.code, refused.headers, refused.read().decode())


def ask(path, form=None, client=None, secret=None, *, issuer=ISSUER, host=None):
    """A request to the deployed server, or to what stands elsewhere, as `host`; with a form it is a POST."""
    request = urllib.request.Request(issuer + path, data=urllib.parse.urlencode(form).encode() if form else None)
    if client:
        credentials = base64.b64encode(f"{client}:{secret}".encode()).decode()
        request.add_header("Authorization", f"Basic {credentials}")
    if host:
        request.add_header("Host", host)
    return answered(request)


def decoded(part):
    """The bytes of base64url without padding, such as a part of a JWT (RFC 7515, section 2)."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def works_alone(secret):
    """The nightly agent's request for a token."""
    form = {"grant_type": "client_credentials", "scope": "files.read"}
    return ask("/token", form, "nightly-agent", secret)


def pushes(secret):
    """The finance agent's request, pushed."""
    form = {
        "response_type": "code",
        "redirect_uri": "http://127.0.0.1:8691/callback",
        "scope": "files.read",
        # RFC 7636, appendix B.
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    return ask("/par", form, "finance-agent", secret)


def introspects(token, secret):
    """The files tool asks about a token."""
    return ask("/introspect", {"token": token}, "files-tool", secret)


def eventually(wanted, seconds=30):
    """Waits for what is true only some time later, such as a log that is written behind; the last that was seen."""
    end = time.monotonic() + seconds
    while True:
        seen = wanted()
        if seen or time.monotonic() > end:
            return seen
        time.sleep(0.5)
