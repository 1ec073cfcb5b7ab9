"""Finds rights that could be narrower than they are, save those of which is known why they cannot."""

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

import parliament

import rights

TAGGED = "aws:ResourceTag/countersign-deployment"
TO_BE_TAGGED = "aws:RequestTag/countersign-deployment"


@dataclass(frozen=True)
class Allowed:
    """A wildcard that is meant."""

    resource: str
    """Logical id of the resource whose policy it is in; may be a pattern."""
    sid: str
    part: str
    value: str
    reason: str
    condition: str | None = None
    """The condition key without which it is not meant."""

    def covers(self, statement, part, value):
        conditions = {key for keys in statement.condition.values() for key in keys}
        return (
            fnmatchcase(statement.resource, self.resource)
            and (statement.sid, part, value) == (self.sid, self.part, self.value)
            and (self.condition is None or self.condition in conditions)
        )


KEYS_OF_THE_ACCOUNT = "arn:aws:kms:us-east-1:123456789012:key/*"
OF_AN_API = "arn:aws:execute-api:us-east-1:123456789012:*"

ALLOWED = [
    Allowed(
        "*Key*", "TheAccountsIamPoliciesDecide", "Action", "kms:*",
        "the account's root: without it nobody could change a key's policy ever again (AWS KMS, \"Default key policy\")",
    ),
    Allowed(
        "*Key*", "TheAccountsIamPoliciesDecide", "Resource", "*",
        "in a key's policy it means that key alone",
    ),
    Allowed(
        "RotationRole", "MakeSigningKeys", "Resource", "*",
        "kms:CreateKey knows no resource: a key that is yet to be made has no name", TO_BE_TAGGED,
    ),
    Allowed(
        "RotationRole", "TagSigningKeys", "Resource", KEYS_OF_THE_ACCOUNT,
        "a key is made with its tag, and has no name before", TO_BE_TAGGED,
    ),
    Allowed(
        "RotationRole", "ReadAndRetireSigningKeys", "Resource", KEYS_OF_THE_ACCOUNT,
        "rotation makes keys after the deploy", TAGGED,
    ),
    Allowed(
        "RotationRole", "MakeCheckpointKeys", "Resource", "*",
        "kms:CreateKey knows no resource: a key that is yet to be made has no name", "aws:RequestTag/countersign-checkpoints",
    ),
    Allowed(
        "RotationRole", "TagCheckpointKeys", "Resource", KEYS_OF_THE_ACCOUNT,
        "a key is made with its tag, and has no name before", "aws:RequestTag/countersign-checkpoints",
    ),
    Allowed(
        "RotationRole", "ReadAndRetireCheckpointKeys", "Resource", KEYS_OF_THE_ACCOUNT,
        "rotation makes keys after the deploy", "aws:ResourceTag/countersign-checkpoints",
    ),
    Allowed(
        "RotationRole", "SignCheckpoints", "Resource", KEYS_OF_THE_ACCOUNT,
        "rotation makes keys after the deploy", "aws:ResourceTag/countersign-checkpoints",
    ),
    Allowed(
        "RotationRole", "SignCertificates", "Resource", KEYS_OF_THE_ACCOUNT,
        "rotation makes keys after the deploy", TAGGED,
    ),
    Allowed(
        "TokenRole", "SignByKms", "Resource", KEYS_OF_THE_ACCOUNT,
        "rotation makes keys after the deploy", TAGGED,
    ),
    Allowed(
        "NotifyRole", "SignByKms", "Resource", KEYS_OF_THE_ACCOUNT,
        "rotation makes keys after the deploy", TAGGED,
    ),
    Allowed(
        "NotifyRole", "FollowTheTable", "Resource",
        "arn:aws:dynamodb:us-east-1:123456789012:table/countersign-Table-1ABCDEFGHIJKL/stream/*",
        "a stream is named for the second it was made in, and a restored table has another one",
    ),
    Allowed(
        "NotifyRole", "FindTheStream", "Resource", "*",
        "dynamodb:ListStreams knows no resource; Lambda asks for it where it follows a stream",
    ),
    Allowed(
        "NotifyRole", "TellByApp", "Resource", "arn:aws:sns:us-east-1:123456789012:endpoint/*",
        "people enrol their phones after the deploy",
    ),
    Allowed(
        "NotifyRole", "TellByText", "NotResource", "arn:aws:sns:*:*:*",
        "a telephone number has no ARN; what has one is not reached by it",
    ),
    Allowed(
        "AccountRole", "TellByApp", "Resource", "arn:aws:sns:us-east-1:123456789012:endpoint/*",
        "people enrol their phones after the deploy",
    ),
    Allowed(
        "AccountRole", "TellByText", "NotResource", "arn:aws:sns:*:*:*",
        "a telephone number has no ARN; what has one is not reached by it",
    ),
    Allowed(
        "AccountRole", "LookAfterSubscriptionsAndApps", "Resource", "*",
        "the four actions know no resource",
    ),
    Allowed(
        "Auditor", "ExamineTheKeys", "Resource", KEYS_OF_THE_ACCOUNT,
        "rotation makes keys after the deploy", TAGGED,
    ),
    Allowed(
        "Auditor", "SeeWhatWakesNotify", "Resource", "*",
        "lambda:ListEventSourceMappings knows no resource",
    ),
    Allowed(
        "Auditor", "SeeWhetherTextsGoOut", "Resource", "*",
        "both actions are about the account's texts, and know no resource",
    ),
    Allowed(
        "Auditor", "ReadTheLog", "Resource", "arn:aws:logs:us-east-1:123456789012:log-group:/countersign/countersign:*",
        "the streams of the one log group; Lambda makes up their names",
    ),
    Allowed(
        "Basics", "Trace", "Resource", "*",
        "X-Ray's two actions know no resource",
    ),
    Allowed(
        "Basics", "WriteTheLog", "Resource", "arn:aws:logs:us-east-1:123456789012:log-group:/countersign/countersign:*",
        "the streams of the one log group; Lambda makes up their names",
    ),
    Allowed(
        "Api", "", "Resource", "execute-api:/*",
        "in an API's policy it means that API alone",
    ),
    Allowed(
        "Api", "", "Principal", "*",
        "who may ask for a token is decided by the functions; of a private API everybody is denied who comes another way",
    ),
    Allowed(
        "*PermissionStage", "", "SourceArn", OF_AN_API,
        "any stage and verb, but of one API and path",
    ),
    # infra/http-api.yaml
    Allowed(
        "*Permission", "", "SourceArn", OF_AN_API,
        "any route, but of the one API; a permission a route would not make it less, for all of them are the functions' own",
    ),
    # infra/audit-archive.yaml
    Allowed(
        "DeliveryRole", "Write", "Resource", "arn:aws:s3:::countersign-archive-1abcdefghijkl/audit/*",
        "objects are named for the time of their writing",
    ),
    Allowed(
        "DeliveryRole", "Write", "Resource", "arn:aws:s3:::countersign-archive-1abcdefghijkl/failed/*",
        "objects are named for the time of their writing",
    ),
    Allowed(
        "DeliveryRole", "SayWhatFailed", "Resource",
        "arn:aws:logs:us-east-1:123456789012:log-group:/countersign/countersign/countersign:*",
        "the streams of one log group",
    ),
]

# What parliament says of it, and why it is meant all the same.
MISTAKEN = {
    "UNKNOWN_CONDITION_FOR_ACTION Unknown condition kms:KeyUsage for action kms:TagResource":
        "the condition is one of the resource, a key, and so of each action on it; parliament looks at actions alone",
}


@dataclass(frozen=True)
class Finding:
    where: str
    what: str
    allowed: Allowed | None = None

    def __str__(self):
        return f"{self.where}: {self.what}"


def findings(deployment, allowed=ALLOWED):
    """Everything that is wider than it must be."""
    return [found for found in (*wide(deployment, allowed), *by_parliament(deployment)) if found.allowed is None]


def used(deployment, allowed=ALLOWED):
    """Which of the meant wildcards there are."""
    return {found.allowed for found in wide(deployment, allowed) if found.allowed}


def wide(deployment, allowed):
    """Every wildcard, with what allows it if anything does."""
    for statement, part, value in wildcards(deployment):
        covering = next((each for each in allowed if each.covers(statement, part, value)), None)
        yield Finding(str(statement), f"{part} {value}", covering)
    yield from foreign_policies(deployment)


def wildcards(deployment):
    for statement in rights.statements(deployment):
        if not statement.allows:
            continue
        for part in ("NotAction", "NotResource", "NotPrincipal"):
            if part in statement.body:
                yield statement, part, str(statement.body[part])
        for part, values in (
            ("Action", statement.all("Action")),
            ("Resource", statement.all("Resource")),
            ("Principal", statement.principals),
        ):
            yield from ((statement, part, value) for value in values if set("*?") & set(value))
    yield from invocations(deployment)


def invocations(deployment):
    """Who may invoke a function: one principal, and for an AWS service the one resource that it acts for."""
    for name, properties in deployment.of_type("AWS::Lambda::Permission").items():
        statement = rights.Statement(name, "AWS::Lambda::Permission", {"Effect": "Allow"})
        source = properties.get("SourceArn", "")
        parts = source.split(":", 5)
        if "*" in properties["Principal"]:
            yield statement, "Principal", properties["Principal"]
        if properties["Action"] != "lambda:InvokeFunction":
            yield statement, "Action", properties["Action"]
        if len(parts) < 6 or any("*" in part for part in parts[:5]) or parts[5].startswith("*"):
            yield statement, "SourceArn", source or "is missing"
        elif "*" in parts[5]:
            # One API, `api/stage/verb/path`: what may be any is the stage, the verb, and what the path says itself.
            yield statement, "SourceArn", ":".join([*parts[:5], "*"])


def foreign_policies(deployment):
    """Policies that somebody else wrote, attached to a role."""
    own = {deployment.resolve({"Ref": name}) for name in deployment.of_type("AWS::IAM::ManagedPolicy")}
    in_vpc = {name for name, found in deployment.of_type("AWS::Lambda::Function").items() if found.get("VpcConfig")}
    meant = {*own, *([rights.NETWORK_POLICY] if in_vpc else [])}
    for name, role in deployment.of_type("AWS::IAM::Role").items():
        for arn in role.get("ManagedPolicyArns", []):
            if arn not in meant:
                yield Finding(name, f"ManagedPolicyArns {arn}")


def by_parliament(deployment):
    """What parliament finds: actions that do not exist or do not fit their resource, conditions that do nothing."""
    for name, _, document in rights.policies(deployment):
        # It reads the policies of identities.
        if all("Principal" not in statement for statement in document["Statement"]):
            for told in said_of(json.dumps({"Version": "2012-10-17", **document}, sort_keys=True)):
                yield Finding(name, told)


@cache
def said_of(policy):
    told = (f"{found.issue} {found.detail}" for found in parliament.analyze_policy_string(policy).findings)
    return [what for what in told if what not in MISTAKEN]
