"""What each of the operator's commands does with the table and with AWS, and so what rights it takes."""

import re
from dataclasses import dataclass

import source

CLI = "infra/cli"


@dataclass(frozen=True)
class Command:
    """One command, or a way of calling it that takes more."""

    policy: str | None
    """Which of the template's policies is for whoever runs it, beside what another way of calling it takes; `None` when none is."""
    store: tuple = ()
    """The methods of the store that it calls."""
    beside: tuple = ()
    """AWS's actions that it calls itself."""


COMMANDS = {
    "apply": Command(
        "Operator",
        ("snapshot", "apply", "person_by_user_name", "create_person", "change_profile", "not_found_by", "let_be_found",
         "client_state_now"),
    ),
    "rollback": Command("Operator", ("snapshot", "go_back_to")),
    "user": Command(
        "Operator",
        ("person_by_user_name", "create_person", "change_profile", "not_found_by", "let_be_found", "update_person",
         "remove_person", "end_sessions_of", "free_places_of", "forget_sign_in_attempts", "people", "configuration",
         "person_and_passkeys", "keep_person_and_passkeys"),
    ),
    "client": Command("Operator", ("configuration", "client", "client_state_now", "change_client_state")),
    "policy explain": Command("Operator", ("snapshot", "person_by_user_name")),
    "agents": Command(
        "Operator",
        ("configuration", "people", "person", "person_by_user_name", "client", "client_state_now", "held_of"),
    ),
    "end": Command(
        "Operator",
        ("configuration", "people", "person", "person_by_user_name", "client", "client_state_now", "held_of", "snapshot",
         "update_person", "change_client_state", "end_sessions_of"),
    ),
    "end-everything": Command(
        "Operator",
        ("people", "snapshot", "person_by_user_name", "person_and_passkeys", "keep_person_and_passkeys", "end_sessions_of",
         "client_state_now", "change_client_state"),
    ),
    "audit --person NAME": Command("Auditor", ("person_named",), beside=("logs:FilterLogEvents",)),
    "audit": Command("Auditor", beside=("logs:FilterLogEvents",)),
    "approvals": Command("Auditor", ("person_named", "people_with_chains", "kept_approvals", "configuration")),
    "evidence export": Command("Auditor", ("kept_approval", "newest_checkpoints", "kept_approvals")),
    "evidence anchor": Command("Auditor", ("checkpoint_keys",)),
    "evidence list": Command("Auditor", ("person_named", "kept_approvals")),
    "evidence audit": Command("Auditor", ("person_named", "people_with_chains", "person_ids", "kept_chain", "all_checkpoints", "checkpoint_keys")),
    "usage": Command("Auditor", beside=("logs:FilterLogEvents",)),
    "doctor": Command(
        "Auditor",
        ("snapshot", "key_ring"),
        ("dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive", "dynamodb:DescribeContinuousBackups", "kms:DescribeKey",
         "lambda:ListEventSourceMappings", "sns:GetSMSAttributes", "sns:GetSMSSandboxAccountStatus"),
    ),
    # It shows what phones are reached by: whoever looks after the account may see that, and no policy of the stack gives it.
    "doctor --push-application ARN": Command(None, beside=("sns:ListEndpointsByPlatformApplication",)),
}

# What is no command of ours: making the first keys and replacing one that leaked is an invocation of a function.
BY_AWS = {"Operator": {"lambda:InvokeFunction"}}

# The SDK's calls in the commands' source, each by the action that it takes.
CALLS = {
    "describe_table": "dynamodb:DescribeTable",
    "describe_time_to_live": "dynamodb:DescribeTimeToLive",
    "describe_continuous_backups": "dynamodb:DescribeContinuousBackups",
    "describe_key": "kms:DescribeKey",
    "list_event_source_mappings": "lambda:ListEventSourceMappings",
    "list_endpoints_by_platform_application": "sns:ListEndpointsByPlatformApplication",
    "get_sms_attributes": "sns:GetSMSAttributes",
    "get_sms_sandbox_account_status": "sns:GetSMSSandboxAccountStatus",
    "filter_log_events": "logs:FilterLogEvents",
}


def store_methods():
    """Every method of the store that the commands' source calls."""
    chained = re.findall(r"\.store\(\)\s*\.await\?\s*\.\s*(\w+)\(", source.folder(CLI))
    return source.calls(CLI) | (set(chained) & source.public_methods())


def calls_of_aws():
    """The SDK's calls in the commands' source, each of a client by one of these names."""
    return set(re.findall(r"\b(?:client|kms|lambda|sns)\s*\.\s*([a-z]+_\w+)\(\)", source.folder(CLI)))


def on_the_table(policy):
    """What the commands of a policy do with the table: action, partition, and whether by the index."""
    return {right for command in COMMANDS.values() if command.policy == policy for right in of_store(command)}


def of_store(command):
    return {
        (f"dynamodb:{action}", source.partitions()[name], action == "Query" and source.by_index(method))
        for method in command.store
        for action, names in source.TOUCHES[method].items()
        for name in names
    }


def beside_the_table(policy):
    own = {action for command in COMMANDS.values() if command.policy == policy for action in command.beside}
    return own | BY_AWS.get(policy, set())
