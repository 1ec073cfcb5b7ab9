"""Makes infra/permissions.md of what template.yaml comes to: what each function may do, in words.

    permissions.py           says whether infra/permissions.md is up to date
    permissions.py --write   brings it up to date
"""

import sys

import expansion
import rights

FILE = expansion.ROOT / "infra/permissions.md"

HEAD = """\
# What each function may do

Made of `template.yaml` by `tests/template/permissions.py --write`; a test fails when the two differ. Each function has an
IAM role of its own. What is said here is all of it: IAM denies the rest. Items of the table are told apart by how their
partition keys begin (`dynamodb:LeadingKeys`), keys in KMS by the tag `countersign-deployment` and by what they sealed
(encryption context).

"""

FOOT = """
What nobody here may do: read the whole table (`Scan`, PartiQL), delete or change the table, write the configuration, delete
a key, or change who may use one. Operators do such things with IAM rights of their own; there is no endpoint for it.

Who may invoke a function: API Gateway for the paths of that function, of this API alone{schedule}.
"""

READS = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")
WRITES = ("dynamodb:PutItem", "dynamodb:UpdateItem")
DELETES = ("dynamodb:DeleteItem",)

# What lies in a partition that begins so.
ITEMS = {
    "ASSERTION#*": "spent assertions",
    "AUTHORIZATION#*": "authorizations",
    "CLIENT#*": "clients' standing and secrets (hashes)",
    "CONFIGURATION": "which configuration is in force",
    "CONSENTS#*": "remembered consents",
    "LIMIT#*": "counts of requests",
    "KEYS": "the key ring (public or sealed)",
    "PERSON#*": "people",
    "SESSION#*": "sessions",
    "SIGN_IN#*": "failed sign-ins",
    "SNAPSHOT#*": "the configuration",
    "TOKEN#*": "marks and details of access tokens",
    "USER_NAME#*": "user names",
}

# What an action on something else comes to, and where that is told by the condition.
ELSE = {
    "kms:Sign": "signs with the deployment's signing keys",
    "kms:CreateKey": "makes signing keys",
    "kms:TagResource": "gives signing keys the deployment's tag",
    "kms:GetPublicKey": "reads the public halves of the deployment's signing keys",
    "kms:DisableKey": "disables the deployment's signing keys",
    "kms:GenerateDataKeyWithoutPlaintext": "has secrets made that it cannot read",
    "kms:GenerateDataKeyPairWithoutPlaintext": "has sealed signing keys made",
    "logs:CreateLogStream": "writes its log",
    "logs:PutLogEvents": "writes its log",
    "sqs:SendMessage": "tells the dead-letter queue of its failures",
    "xray:PutTraceSegments": "sends traces",
    "xray:PutTelemetryRecords": "sends traces",
}
OPENS = {
    "server-secret": "opens the server's secret",
    "signing-key": "opens sealed signing keys",
}
INDEX = "/index/by_owner"

# What is there in some ways of deploying only, and the parameter that brings it.
ONLY_WITH = {"everything watched": "`Tracing`", "inside a VPC": "`SubnetIds`"}


def words(statements):
    """What statements come to: reads, writes, deletes, and whatever else. Fails on what it has no words for."""
    reads, writes, deletes, others = [], [], [], []
    for statement in statements:
        for action in statement.all("Action"):
            if action.startswith("dynamodb:"):
                named = [ITEMS[partition] for partition in statement.partitions]
                if statement.all("Resource")[0].endswith(INDEX):
                    named = [f"which sessions {name} have" for name in named]
                column = next(
                    column
                    for known, column in ((READS, reads), (WRITES, writes), (DELETES, deletes))
                    if action in known
                )
                column += named
            elif action == "kms:Decrypt":
                others.append(OPENS[statement.condition["StringEquals"]["kms:EncryptionContext:countersign"]])
            else:
                others.append(ELSE[action])
    return [sorted(set(column)) for column in (reads, writes, deletes)] + [list(dict.fromkeys(others))]


def rows(template):
    """The table's rows: whose, and the four columns."""
    plain = expansion.Deployment(template)
    of_plain = rights.of_function(plain)
    basics = [statement for statement in rights.statements(plain) if statement.resource == "Basics"]
    everybody = words(basics)
    for way, parameter in ONLY_WITH.items():
        other = expansion.Deployment(template, expansion.WAYS[way])
        everybody[3] += [f"{told} (only with {parameter})" for told in more(plain, other)]
    yield "every one", everybody
    for name in sorted(of_plain):
        yield name, words([statement for statement in of_plain[name] if statement.resource != "Basics"])


def more(plain, other):
    """What every function may in one way of deploying beside what it may in another."""
    known = {str(statement.body) for statement in rights.statements(plain)}
    found = [
        statement
        for statement in rights.statements(other)
        if str(statement.body) not in known and statement.resource == "Basics"
    ]
    told = words(found)[3]
    if all(
        rights.NETWORK_POLICY in other.resources[role]["Properties"]["ManagedPolicyArns"]
        for role in rights.roles(other).values()
    ):
        told.append("makes and gives back its network interfaces")
    return told


def schedules(deployment):
    """Who but API Gateway invokes functions: the roles of AWS's own services."""
    of_functions = set(rights.roles(deployment).values())
    for statement in rights.statements(deployment):
        if statement.resource not in of_functions and statement.kind == "AWS::IAM::Role":
            for action in statement.all("Action"):
                if action != "sts:AssumeRole":
                    assert action == "lambda:InvokeFunction", f"no words for {action} of {statement.resource}"
                    yield from (arn.removesuffix(":*").rsplit(":", 1)[1] for arn in statement.all("Resource"))


def made(template):
    """The file's text."""
    lines = ["| function | reads | writes | deletes | beside the table |", "| --- | --- | --- | --- | --- |"]
    for name, columns in rows(template):
        cells = [name, *("; ".join(column) or "–" for column in columns)]
        lines.append(f"| {' | '.join(cells)} |")
    plain = expansion.Deployment(template)
    scheduled = sorted({name.removeprefix(f"{plain.stack}-") for name in schedules(plain)})
    schedule = f", and the schedule for `{'`, `'.join(scheduled)}`" if scheduled else ""
    return "\n".join([HEAD + lines[0], *lines[1:], FOOT.format(schedule=schedule)])


def main(arguments):
    if arguments == ["--write"]:
        FILE.write_text(made(expansion.read()), encoding="utf-8")
    elif FILE.read_text(encoding="utf-8") != made(expansion.read()):
        raise SystemExit("infra/permissions.md is not what template.yaml says: tests/template/permissions.py --write")


if __name__ == "__main__":
    main(sys.argv[1:])
