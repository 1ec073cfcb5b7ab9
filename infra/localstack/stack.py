"""What `up` and `down` ask of the endpoint beside `sam deploy`. Endpoint and credentials come from the environment.

    stack.py functions TEMPLATE          the folders under functions/ that the template deploys
    stack.py template TEMPLATE BINARIES  the template as it can be deployed without `sam build`
    stack.py outputs STACK               the stack's outputs, NAME=VALUE a line
    stack.py settings STACK TEMPLATE     sets by API what the endpoint has dropped of the template
    stack.py keys STACK                  has the stack make its keys, unless it has them
    stack.py replace-keys STACK          has the stack replace its keys at once
    stack.py remove STACK                deletes the stack and what it would retain
"""

import hashlib
import json
import sys

import boto3
from botocore.exceptions import ClientError
from samtranslator.yaml_helper import yaml_parse

VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

# Conditions of a policy on what the emulator does not tell its evaluator: they would deny every call. What the policy
# says of actions and resources is enforced.
NOT_TOLD = ("kms:EncryptionContext:", "kms:SigningAlgorithm")

# AWS's name of a log group in policies ends with :*, for its streams; the emulator asks its evaluator without that.
READS_A_LOG = "logs:FilterLogEvents"


def read(template):
    with open(template, encoding="utf-8") as file:
        return yaml_parse(file.read())


def of_type(template, kind):
    """The properties of the template's resources of this kind."""
    found = template["Resources"].values()
    return [resource["Properties"] for resource in found if resource["Type"] == kind]


# --- the template ----------------------------------------------------------------------------------------------------


def functions(template):
    for function in of_type(read(template), "AWS::Serverless::Function"):
        print(name_of(function))


def name_of(function):
    return function["CodeUri"].removeprefix("functions/").rstrip("/")


def template(path, binaries):
    deployable = read(path)
    for function in of_type(deployable, "AWS::Serverless::Function"):
        function["CodeUri"] = f"{binaries}/{name_of(function)}"
        function["Events"] = dict(events(function.get("Events", {})))
    apis = [name for name, found in deployable["Resources"].items() if found["Type"] == "AWS::Serverless::Api"]
    for name in apis:
        api = deployable["Resources"][name]["Properties"]
        deployable["Resources"].update(beside_the_api(name, api.pop("GatewayResponses", {})))
        # SAM's way to write a slash; the emulator takes it for two characters.
        api["BinaryMediaTypes"] = [kind.replace("~1", "/") for kind in api["BinaryMediaTypes"]]
        # CloudFormation's way to write one, likewise.
        for setting in api["MethodSettings"]:
            setting["ResourcePath"] = setting["ResourcePath"].replace("/~1", "/").replace("~1", "/")
    for name in refused(deployable["Resources"]):
        print(f"  left out: {name}, an alarm on several metrics", file=sys.stderr)
        del deployable["Resources"][name]
    # An emulator on a busy machine takes longer than AWS, and longer than a function waits for AWS.
    deployable["Globals"]["Function"]["Environment"]["Variables"]["COUNTERSIGN_AWS_MILLISECONDS"] = "5000"
    deployable["Globals"]["Function"]["Timeout"] = 30
    groups = [name for name, found in deployable["Resources"].items() if found["Type"] == "AWS::Logs::LogGroup"]
    for statement in statements(deployable):
        condition = statement.get("Condition", {})
        for keys in condition.values() if "Fn::If" not in condition else ():
            for key in [key for key in keys if key.startswith(NOT_TOLD)]:
                del keys[key]
        if statement.get("Action") == READS_A_LOG and statement["Resource"] in [arn_of(group) for group in groups]:
            statement["Resource"] = {"Fn::Select": [0, {"Fn::Split": [":*", statement["Resource"]]}]}
    json.dump(deployable, sys.stdout, indent=1)


def refused(resources):
    """What the emulator refuses, and the whole deployment with it."""
    alarms = [(name, found["Properties"]) for name, found in resources.items() if found["Type"] == "AWS::CloudWatch::Alarm"]
    return [name for name, alarm in alarms if "Metrics" in alarm]


def events(written):
    """The events, with each verb by its name where the template says ANY: the emulator drops that."""
    for name, event in written.items():
        if event["Type"] != "Api" or event["Properties"]["Method"] != "ANY":
            yield name, event
            continue
        for verb in VERBS:
            yield name + verb.title(), {**event, "Properties": {**event["Properties"], "Method": verb}}


def beside_the_api(api, responses):
    """The gateway responses of an API as resources of their own: in an API's definition the emulator drops them."""
    for kind, response in responses.items():
        headers = response["ResponseParameters"]["Headers"]
        properties = {
            "RestApiId": {"Ref": api},
            "ResponseType": kind,
            "ResponseParameters": {f"gatewayresponse.header.{name}": value for name, value in headers.items()},
            "ResponseTemplates": response["ResponseTemplates"],
        }
        if "StatusCode" in response:
            properties["StatusCode"] = response["StatusCode"]
        yield api + kind.title().replace("_", ""), {"Type": "AWS::ApiGateway::GatewayResponse", "Properties": properties}


def statements(part):
    """All policy statements beneath."""
    if isinstance(part, list):
        for member in part:
            yield from statements(member)
    elif isinstance(part, dict):
        if "Effect" in part:
            yield part
        yield from statements(list(part.values()))


def arn_of(group):
    return {"Fn::GetAtt": [group, "Arn"]}


# --- the stack -------------------------------------------------------------------------------------------------------


def outputs(stack):
    for name, value in outputs_of(stack).items():
        print(f"{name}={value}")


def outputs_of(stack):
    found = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


def resources_of(stack, kind):
    """The physical ids of the stack's resources of this kind."""
    listed = boto3.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    return [
        resource["PhysicalResourceId"]
        for page in listed
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == kind
    ]


def make_keys(stack):
    tend_keys(stack, {})


def replace_keys(stack):
    tend_keys(stack, {"rotate": ["ES256", "RS256"], "at_once": True})


def tend_keys(stack, demand):
    function = outputs_of(stack)["RotationFunction"]
    answer = boto3.client("lambda").invoke(FunctionName=function, Payload=json.dumps(demand).encode())
    told = answer["Payload"].read().decode()
    if "FunctionError" in answer:
        raise SystemExit(f"stack.py: the stack could not make its keys: {told}")
    print(f"  {told}")


# --- what an endpoint drops ------------------------------------------------------------------------------------------


def settings(stack, path):
    written = read(path)
    (table,), (wanted,) = resources_of(stack, "AWS::DynamoDB::Table"), of_type(written, "AWS::DynamoDB::Table")
    database = boto3.client("dynamodb")
    said = [setting(database, table, wanted) for setting in (time_to_live, point_in_time_recovery, encryption)]
    (api,), (written_api,) = resources_of(stack, "AWS::ApiGateway::RestApi"), of_type(written, "AWS::Serverless::Api")
    said.append(gateway_responses(boto3.client("apigateway"), api, written_api["GatewayResponses"]))
    for line in filter(None, said):
        print(f"  {line}")


def time_to_live(database, table, wanted):
    attribute = wanted["TimeToLiveSpecification"]["AttributeName"]
    now = database.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    if now["TimeToLiveStatus"] in ("ENABLED", "ENABLING"):
        return None
    specification = {"Enabled": True, "AttributeName": attribute}
    database.update_time_to_live(TableName=table, TimeToLiveSpecification=specification)
    return f"table: items go some time after {attribute} (TimeToLiveSpecification)"


def point_in_time_recovery(database, table, wanted):
    if not wanted["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]:
        return None
    now = database.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    if now.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") == "ENABLED":
        return None
    database.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    return "table: point-in-time recovery (PointInTimeRecoverySpecification)"


def encryption(database, table, wanted):
    specification = wanted["SSESpecification"]
    now = database.describe_table(TableName=table)["Table"].get("SSEDescription", {})
    if now.get("Status") in ("ENABLED", "ENABLING", "UPDATING"):
        return None
    database.update_table(
        TableName=table, SSESpecification={"Enabled": specification["SSEEnabled"], "SSEType": specification["SSEType"]}
    )
    return "table: encryption under a KMS key (SSESpecification)"


def gateway_responses(gateway, api, wanted):
    """Beside the API they are in force with its next deployment; one that has these is known by its description."""
    digest = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()
    description = f"with the gateway responses {digest[:16]}"
    (stage,) = gateway.get_stages(restApiId=api)["item"]
    now = gateway.get_deployment(restApiId=api, deploymentId=stage["deploymentId"])
    if now.get("description") == description:
        return None
    gateway.create_deployment(restApiId=api, stageName=stage["stageName"], description=description)
    return "API: one more deployment, with what the gateway itself answers (GatewayResponses)"


# --- the end ---------------------------------------------------------------------------------------------------------


def remove(stack):
    cloud = boto3.client("cloudformation")
    try:
        tables = resources_of(stack, "AWS::DynamoDB::Table")
    except ClientError:
        return
    signing_keys, logs = resources_of(stack, "AWS::KMS::Key"), resources_of(stack, "AWS::Logs::LogGroup")
    cloud.delete_stack(StackName=stack)
    cloud.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    # The template retains these: a deployment's must outlive a mistake, a trial's need not.
    for table in tables:
        boto3.client("dynamodb").delete_table(TableName=table)
    for key in signing_keys:
        boto3.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    for group in logs:
        boto3.client("logs").delete_log_group(logGroupName=group)


COMMANDS = {
    "functions": functions,
    "template": template,
    "outputs": outputs,
    "settings": settings,
    "keys": make_keys,
    "replace-keys": replace_keys,
    "remove": remove,
}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
