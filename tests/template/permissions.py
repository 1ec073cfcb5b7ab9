"""Makes infra/permissions.md of what template.yaml comes to: what each function and each operator may do, in words.

    permissions.py           says whether infra/permissions.md is up to date
    permissions.py --write   brings it up to date
"""

import sys

import commands
import expansion
import rights

FILE = expansion.ROOT / "infra/permissions.md"

HEAD = """\
# Who may do what

## What each function may do

Made of `template.yaml` by `tests/template/permissions.py --write`; a test fails when the two differ. Each function has an
IAM role of its own. What is said here is all of it: IAM denies the rest. Items of the table are told apart by how their
partition keys begin (`dynamodb:LeadingKeys`), keys in KMS by the tags `countersign-deployment` and `countersign-checkpoints`
and by what they sealed (encryption context).

"""

FOOT = """
What no function may do: read the whole table (`Scan`, PartiQL), delete or change the table, write the configuration, delete
a key, or change who may use one.

Who may invoke a function: API Gateway for the paths of that function, of this API alone{schedule}; the table's stream and the queue of what was put off bring `notify` its work.
Whoever has the policy `Operator` may invoke `rotation`.

## What operators may do

There is no administrator's password and no endpoint for administration: the `countersign` command works on the table with the
IAM rights of whoever runs it. The stack makes two policies and gives them to nobody. The outputs `OperatorPolicy` and
`AuditorPolicy` have their ARNs; attach them to the roles that people take. Neither can read a session or a token, nor use a key.
`Operator` reads authorizations, because it says who holds what (`agents`): of codes and tokens there are digests in them, and what is
brought to a client is sealed. It writes none: what it ends, it ends by marks on people and clients. `Operator` is the administrator
all the same: who can give a person a new password can sign in as them. `Auditor` reads what people approved with a passkey
(`evidence`, `approvals`), which has everything in it that they were shown; neither policy writes any of it, nor the heads of its chains,
nor checkpoints.

"""

OPERATORS_FOOT = """
What a command does not need it is not given: `audit --person` reads of a person no more than which identifier a user name has. Making the first keys, and replacing one that leaked, is an invocation of `rotation`
(infra/runbook.md), which `Operator` allows. To deploy, to restore a backup, to read the alarms and to delete the
stack are the rights of whoever looks after the AWS account, and in neither.
"""

READS = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")
WRITES = ("dynamodb:PutItem", "dynamodb:UpdateItem")
DELETES = ("dynamodb:DeleteItem",)

# What lies in a partition that begins so.
ITEMS = {
    "ASKS#*": "who asked people, and whom they have blocked",
    "ASSERTION#*": "spent assertions",
    "AUTHORIZATION#*": "authorizations",
    "CLIENT#*": "clients' standing and secrets (hashes)",
    "CONFIGURATION": "which configuration is in force",
    "CONSENTS#*": "remembered consents",
    "DEVICES#*": "what people are reached on",
    "PASSKEYS#*": "passkeys (public keys), and what enrolment links are compared with",
    "EVIDENCE#*": "what people approved with a passkey, as evidence",
    "HEADS#*": "where the chain of each person's approvals ends",
    "CHECKPOINTS": "checkpoints over all chains, and the keys that sign them (public or sealed)",
    "CHECKPOINTED#*": "what checkpoints are over",
    "APPROVAL#*": "which approval is whose",
    "DOCUMENT#*": "clients' documents",
    "LIMIT#*": "counts of requests",
    "REGISTRATION#*": "registrations of clients",
    "KEYS": "the key ring (public or sealed)",
    "PEOPLE": "everybody's user name",
    "EMAIL#*": "who has an e-mail address",
    "PHONE#*": "who has a telephone number",
    "PERSON#*": "people",
    "PLACE#*": "whose an address or a phone is (keyed digests)",
    "SESSION#*": "sessions",
    "SIGN_IN#*": "failed sign-ins",
    "SNAPSHOT#*": "the configuration",
    "TOKEN#*": "marks and details of access tokens",
    "USER_CODE#*": "user codes (slow hashes)",
    "USER_NAME#*": "user names",
    "INVITATION#*": "invitations to ask somebody",
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
    "dynamodb:DescribeTable": "reads the table's settings",
    "dynamodb:DescribeTimeToLive": "reads the table's settings",
    "dynamodb:DescribeContinuousBackups": "reads the table's settings",
    "lambda:ListEventSourceMappings": "reads what brings functions their events",
    "sns:ListEndpointsByPlatformApplication": "reads which phones of an app are gone, and what they are reached by",
    "sns:GetSMSAttributes": "reads whether texts go out",
    "sns:GetSMSSandboxAccountStatus": "reads whether texts go out",
    "kms:DescribeKey": "reads whether the deployment's keys can be used",
    "lambda:InvokeFunction": "invokes `rotation`",
    "logs:FilterLogEvents": "reads the functions' log",
    "logs:CreateLogStream": "writes its log",
    "logs:PutLogEvents": "writes its log",
    "dynamodb:DescribeStream": "follows the table's stream",
    "dynamodb:GetShardIterator": "follows the table's stream",
    "dynamodb:GetRecords": "follows the table's stream",
    "dynamodb:ListStreams": "follows the table's stream",
    "sns:Subscribe": "subscribes e-mail addresses to the topic",
    "sns:GetSubscriptionAttributes": "looks after subscriptions and enrolled apps",
    "sns:Unsubscribe": "looks after subscriptions and enrolled apps",
    "sns:CreatePlatformEndpoint": "looks after subscriptions and enrolled apps",
    "sns:SetEndpointAttributes": "looks after subscriptions and enrolled apps",
    "sns:Publish": "sends messages to people by SNS: the topic for e-mail, apps, telephone numbers",
    "sqs:ReceiveMessage": "takes what it has put off",
    "sqs:DeleteMessage": "takes what it has put off",
    "sqs:GetQueueAttributes": "takes what it has put off",
    "xray:PutTraceSegments": "sends traces",
    "xray:PutTelemetryRecords": "sends traces",
}
OPENS = {
    "server-secret": "opens the server's secret",
    "signing-key": "opens sealed signing keys",
    "checkpoint-key": "opens the sealed keys that sign checkpoints",
}
# On keys that sign checkpoints, which have a tag of their own.
CHECKPOINTS_TAG = "countersign-checkpoints"
OF_CHECKPOINTS = {
    "kms:CreateKey": "makes keys that sign checkpoints",
    "kms:GetPublicKey": "reads the public halves of those",
    "kms:Sign": "signs checkpoints with them",
    "kms:DisableKey": "disables them",
}
SENDS = {
    "dead-letters": "tells the dead-letter queue of its failures",
    "delayed": "puts off what has to be tried again",
}
INDEX = "/index/by_owner"

# What is there in some ways of deploying only, and the parameter that brings it.
ONLY_WITH = {"everything watched": "`Tracing`", "inside a VPC": "`SubnetIds`"}


def words(statements):
    """What statements come to: reads, writes, deletes, and whatever else. Fails on what it has no words for."""
    reads, writes, deletes, others = [], [], [], []
    for statement in statements:
        for action in statement.all("Action"):
            if action.startswith("dynamodb:") and action not in ELSE:
                by_index = statement.all("Resource")[0].endswith(INDEX)
                named = [named_item(partition, by_index) for partition in statement.partitions]
                column = next(
                    column
                    for known, column in ((READS, reads), (WRITES, writes), (DELETES, deletes))
                    if action in known
                )
                column += named
            elif action == "kms:Decrypt":
                others.append(OPENS[statement.condition["StringEquals"]["kms:EncryptionContext:countersign"]])
            elif action in OF_CHECKPOINTS and any(CHECKPOINTS_TAG in key for keys in statement.condition.values() for key in keys):
                others.append(OF_CHECKPOINTS[action])
            elif action == "sqs:SendMessage":
                (queue,) = statement.all("Resource")
                others.append(next(told for name, told in SENDS.items() if queue.endswith(f"-{name}")))
            else:
                others.append(ELSE[action])
    return [sorted(set(column)) for column in (reads, writes, deletes)] + [list(dict.fromkeys(others))]


def named_item(partition, by_index):
    """What lies in a partition, of the table or of its index."""
    return "which sessions, requests and authorizations people have" if (partition, by_index) == ("PERSON#*", True) else ITEMS[partition]


def operators(deployment):
    """The second table's rows: command, policy, and the four columns."""
    for name, command in commands.COMMANDS.items():
        columns = {READS: [], WRITES: [], DELETES: []}
        for action, partition, by_index in commands.of_store(command):
            column = next(column for column in columns if action in column)
            columns[column].append(named_item(partition, by_index))
        beside = list(dict.fromkeys(ELSE[action] for action in command.beside))
        policy = f"`{command.policy}`" if command.policy else "–"
        yield f"`{name}`", policy, [sorted(set(column)) for column in columns.values()] + [beside]
    of_policies = {
        (statement.resource, action)
        for statement in rights.statements(deployment)
        for action in statement.all("Action")
    }
    for policy, actions in commands.BY_AWS.items():
        for action in sorted(actions):
            assert (policy, action) in of_policies, f"{policy} has no {action}"
            yield "`aws lambda invoke`", f"`{policy}`", [[], [], [], [ELSE[action]]]


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
    people = ["| command | policy | reads | writes | deletes | beside the table |", "| --- | --- | --- | --- | --- | --- |"]
    for name, policy, columns in operators(plain):
        cells = [name, policy, *("; ".join(column) or "–" for column in columns)]
        people.append(f"| {' | '.join(cells)} |")
    foot = FOOT.format(schedule=schedule)
    return "\n".join([HEAD + lines[0], *lines[1:], foot + people[0], *people[1:], OPERATORS_FOOT])


def main(arguments):
    if arguments == ["--write"]:
        FILE.write_text(made(expansion.read()), encoding="utf-8")
    elif FILE.read_text(encoding="utf-8") != made(expansion.read()):
        raise SystemExit("infra/permissions.md is not what template.yaml says: tests/template/permissions.py --write")


if __name__ == "__main__":
    main(sys.argv[1:])
