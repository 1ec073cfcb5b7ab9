"""What guards the state, the keys, the log and the door is set, however the stack is deployed: much of it an emulator
accepts and drops, so that only the template can tell.
"""

import json
import re
import unittest
from fnmatch import fnmatchcase

import expansion
import rights
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

TAG = "countersign-deployment"
LISTENING = ("FailingAnswers", "SlowAnswers", "Crashes", "CrashesOfPages", "FailedRotation", "FailedNotifications", "ThrottledFunctions", "ThrottledTable",
             "FailingKms", "DeadLetters")
SIGNING_KEYS = {"SigningKeyEs256": "ECC_NIST_P256", "SigningKeyRs256": "RSA_2048"}

def of_table(deployment):
    """What is wrong with the table's settings."""
    (table,) = deployment.of_type("AWS::DynamoDB::Table").values()
    protected = deployment.parameters["DeletionProtection"] == "true"
    wanted = {
        "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
        "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
        "DeletionProtectionEnabled": protected,
        "BillingMode": "PAY_PER_REQUEST",
    }
    yield from (f"table: {name}" for name, value in wanted.items() if table.get(name) != value)


def of_keys(deployment):
    """What is wrong with the keys: what they are for, and who may say who uses them."""
    keys = deployment.of_type("AWS::KMS::Key")
    by_kms = deployment.parameters["SigningMode"] == "kms"
    if set(keys) != {"DataKey", *(SIGNING_KEYS if by_kms else ())}:
        yield f"keys: {sorted(keys)}"
    for name, key in keys.items():
        if name == "DataKey":
            right = (key["KeySpec"], key["KeyUsage"]) == ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
            right = right and key.get("EnableKeyRotation") is True
        else:
            right = (key["KeySpec"], key["KeyUsage"]) == (SIGNING_KEYS[name], "SIGN_VERIFY")
        if not right:
            yield f"{name}: what it is for"
    for statement in rights.statements(deployment):
        if statement.kind == "AWS::KMS::Key":
            root = [f"arn:{expansion.PARTITION}:iam::{expansion.ACCOUNT}:root"]
            given = (statement.principals, statement.all("Action"), statement.all("Resource"), statement.condition)
            if not statement.allows or given != (root, ["kms:*"], ["*"], {}):
                yield f"{statement.resource}: its policy"


def of_where_functions_run(deployment):
    """Which functions are not in the subnets that were named, or in some without that, and which are traced otherwise than was
    asked for."""
    given = {name: list(filter(None, deployment.parameters[name])) for name in ("SubnetIds", "SecurityGroupIds")}
    network = {name: values for name, values in given.items() if given["SubnetIds"]}
    traced = "Active" if deployment.parameters["Tracing"] == "true" else "PassThrough"
    for name, function in rights.functions(deployment):
        if function.get("VpcConfig", {}) != network:
            yield f"{name}: where it runs"
        if function.get("TracingConfig") != {"Mode": traced}:
            yield f"{name}: tracing"


def of_the_domain(deployment):
    """Whether the domain is there that was asked for, leads to the stage, and is there only then."""
    name = deployment.parameters["DomainName"]
    domains = deployment.of_type("AWS::ApiGateway::DomainName")
    mappings = deployment.of_type("AWS::ApiGateway::BasePathMapping")
    wanted = [(name, deployment.parameters["CertificateArn"], {"Types": ["REGIONAL"]})] if name else []
    if [(each["DomainName"], each["RegionalCertificateArn"], each["EndpointConfiguration"]) for each in domains.values()] != wanted:
        yield "domain: which it is"
    (api,), (stage,) = deployment.of_type("AWS::ApiGateway::RestApi"), deployment.of_type("AWS::ApiGateway::Stage")
    place = {"RestApiId": deployment.resolve({"Ref": api}), "Stage": deployment.resolve({"Ref": stage})}
    leading = [{"DomainName": deployment.resolve({"Ref": domain}), **place} for domain in domains]
    if list(mappings.values()) != leading:
        yield "domain: where it leads"


def of_functions(deployment):
    """What is wrong with how a function logs: Lambda's own lines cost as much as ours, and text cannot be searched."""
    written = deployment.resolve({"Ref": "Logs"})
    wanted = {"LogGroup": written, "LogFormat": "JSON", "SystemLogLevel": "WARN", "ApplicationLogLevel": "INFO"}
    for name, function in rights.functions(deployment):
        if function.get("LoggingConfig") != wanted:
            yield f"{name}: how it logs"


# Who hashes passwords has more of a processor than the others: infra/lean-start --memory has the figures.
HASHING = {"account": "1024", "sign-in": "1024"}


def of_memory(deployment):
    """Which functions have another share of a processor than was chosen by measurement."""
    for name, function in rights.functions(deployment):
        if str(function["MemorySize"]) != HASHING.get(name, deployment.parameters["FunctionMemory"]):
            yield f"{name}: memory"


def of_rotation(deployment):
    """Whether somebody looks every day if it is time for new keys, makes those that were asked for, and is heard of on failing."""
    schedules = deployment.of_type("AWS::Scheduler::Schedule").values()
    rotation = deployment.resolve({"Fn::GetAtt": ["RotationFunction", "Arn"]})
    woken = [(each.get("State", "ENABLED"), each["ScheduleExpression"], each["Target"]["Arn"], each["Target"]["Input"])
             for each in schedules]
    tended = [("ENABLED", "rate(1 day)", rotation, "{}"), ("ENABLED", "rate(1 hour)", rotation, '{"checkpoint": true}')]
    if sorted(woken) != tended:
        yield "rotation: when it looks"
    failing = [(each["FunctionName"], each["MaximumRetryAttempts"], each["DestinationConfig"]["OnFailure"]["Destination"])
               for each in deployment.of_type("AWS::Lambda::EventInvokeConfig").values()]
    name, queue = deployment.resolve({"Ref": "RotationFunction"}), deployment.resolve({"Fn::GetAtt": ["DeadLetterQueue", "Arn"]})
    if failing != [(name, 2, queue)]:
        yield "rotation: where it gives up"
    variables = deployment.of_type("AWS::Lambda::Function")["RotationFunction"]["Environment"]["Variables"]
    asked = {"COUNTERSIGN_SIGNING_MODE": "SigningMode", "COUNTERSIGN_ROTATION_DAYS": "RotationDays"}
    if any(variables.get(name) != deployment.parameters[parameter] for name, parameter in asked.items()):
        yield "rotation: which keys it makes, and when"


def of_logs(deployment):
    """The log groups that are kept for ever, or for another time than was asked for."""
    kept = deployment.parameters["LogRetentionDays"]
    for name, group in deployment.of_type("AWS::Logs::LogGroup").items():
        if group.get("RetentionInDays") != kept:
            yield f"{name}: how long it is kept"


# A query holds codes and states, a header secrets and tokens.
SECRET = ("querystring", "header", "body", "authorizer")


# What machines ask most, and how. API Gateway limits each path and verb by itself, also by what the stage has for all
# (developer guide, "Throttle requests to your REST APIs": "applied at the API method level"); where a method is ANY, by the verb.
BUSY = {
    ("/token", "POST"),
    ("/introspect", "POST"),
    ("/par", "POST"),
    ("/bc-authorize", "POST"),
    ("/jwks.json", "GET"),
    ("/.well-known/openid-configuration", "GET"),
    ("/.well-known/oauth-authorization-server", "GET"),
}


def of_the_stage(deployment):
    """What is wrong with the API's stage: how much comes through, what is written down of it, and what is paid for unread."""
    (stage,) = deployment.of_type("AWS::ApiGateway::Stage").values()
    settings = stage.get("MethodSettings", [])
    given = {name: deployment.parameters[name] for name in ("ThrottleRate", "ThrottleBurst", "PagesThrottleRate", "PagesThrottleBurst")}
    wanted = {place: (given["ThrottleRate"], given["ThrottleBurst"]) for place in BUSY}
    wanted["/*", "*"] = (given["PagesThrottleRate"], given["PagesThrottleBurst"])
    found = {
        # In the first slash's place stands one that is not escaped.
        (each["ResourcePath"].replace("/~1", "/").replace("~1", "/"), each["HttpMethod"]):
        (each.get("ThrottlingRateLimit"), each.get("ThrottlingBurstLimit"))
        for each in settings
    }
    if found != wanted or len(settings) != len(wanted):
        yield "stage: throttling"
    if any(each.get("DataTraceEnabled") or each.get("LoggingLevel", "OFF") != "OFF" for each in settings):
        yield "stage: it would log what is asked and answered, secrets among it"
    # Those of the API and of the stage, which alarms watch, are published all the same.
    if any(each.get("MetricsEnabled") for each in settings):
        yield "stage: metrics of each method, which nobody reads"
    logs = stage.get("AccessLogSetting")
    if (logs is not None) != (deployment.parameters["AccessLogs"] == "true"):
        yield "stage: access logs"
    elif logs:
        group = deployment.resolve({"Fn::GetAtt": ["ApiLogs", "Arn"]})
        if logs["DestinationArn"] != group:
            yield "stage: where access logs go"
        if any(part in logs["Format"] for part in SECRET):
            yield "stage: what access logs say"
    traced = deployment.parameters["Tracing"] == "true"
    if stage.get("TracingEnabled", False) != traced:
        yield "stage: tracing"


def of_the_firewall(deployment):
    """Whether the web ACL that was named stands in front of the stage, and none where none was."""
    named = deployment.parameters["WebAclArn"]
    (api,), (stage,) = deployment.of_type("AWS::ApiGateway::RestApi"), deployment.of_type("AWS::ApiGateway::Stage")
    place = f"arn:aws:apigateway:{expansion.REGION}::/restapis/{deployment.resolve({'Ref': api})}/stages/{deployment.resolve({'Ref': stage})}"
    associated = [(each["ResourceArn"], each["WebACLArn"]) for each in deployment.of_type("AWS::WAFv2::WebACLAssociation").values()]
    if associated != ([(place, named)] if named else []):
        yield "stage: the web ACL in front of it"


def of_the_http_stage(deployment):
    """The same of infra/http-api.yaml's."""
    (stage,) = deployment.of_type("AWS::ApiGatewayV2::Stage").values()
    limits = {
        "ThrottlingRateLimit": deployment.parameters["ThrottleRate"],
        "ThrottlingBurstLimit": deployment.parameters["ThrottleBurst"],
    }
    if stage.get("DefaultRouteSettings") != limits or "RouteSettings" in stage:
        yield "stage: throttling"
    logs = stage.get("AccessLogSettings")
    if (logs is not None) != (deployment.parameters["AccessLogs"] == "true"):
        yield "stage: access logs"
    elif logs and any(part in logs["Format"] for part in SECRET):
        yield "stage: what access logs say"


def of_the_door(deployment):
    """What is wrong with who reaches the API."""
    (api,) = deployment.of_type("AWS::ApiGateway::RestApi").values()
    private = deployment.parameters["EndpointType"] == "PRIVATE"
    endpoint = {"Types": [deployment.parameters["EndpointType"]]}
    if private:
        endpoint["VpcEndpointIds"] = deployment.parameters["VpcEndpointIds"].split(",")
    if api.get("EndpointConfiguration") != endpoint:
        yield "API: where it is reached"
    statements = [each for each in rights.statements(deployment) if each.kind == "AWS::ApiGateway::RestApi"]
    # A statement that denies weighs more than any that allows.
    denied = [(each.all("Action"), each.all("Resource"), each.principals, each.condition) for each in statements if not each.allows]
    everything = (["execute-api:Invoke"], ["execute-api:/*"], ["*"])
    condition = (
        {"StringNotEquals": {"aws:SourceVpce": deployment.parameters["VpcEndpointIds"].split(",")}}
        if private
        else {"Bool": {"aws:SecureTransport": "false"}}
    )
    if (*everything, condition) not in denied:
        yield "API: nobody is denied who comes another way"
    certificates = bool(deployment.parameters["TruststoreUri"])
    settings = [server["x-amazon-apigateway-endpoint-configuration"] for server in api["Body"].get("servers", [])]
    if settings != [{"disableExecuteApiEndpoint": certificates}]:
        yield "API: a way past the certificates"
    for domain in deployment.of_type("AWS::ApiGateway::DomainName").values():
        if domain["SecurityPolicy"] != "TLS_1_2" or ("MutualTlsAuthentication" in domain) != certificates:
            yield "domain: TLS"


def of_alarms(deployment):
    """Which alarms are missing, and which would tell nobody."""
    alarms = deployment.of_type("AWS::CloudWatch::Alarm")
    yield from (f"alarm: {name}" for name in sorted(set(LISTENING) ^ set(alarms)))
    topic = deployment.resolve({"Ref": "AlarmTopic"})
    yield from (f"{name}: tells nobody" for name, alarm in alarms.items() if alarm.get("AlarmActions") != [topic])
    subscriptions = deployment.of_type("AWS::SNS::Subscription").values()
    told = [(each["TopicArn"], each["Endpoint"]) for each in subscriptions if each["Protocol"] == "email"]
    address = deployment.parameters["AlarmEmail"]
    if told != ([(topic, address)] if address else []):
        yield "alarms: by e-mail"


def of_news(deployment):
    """What is wrong with how people and clients are told: an emulator drops most of it. What must be told comes again while it
    matters, and what nobody could tell lies where somebody looks."""
    mappings = deployment.of_type("AWS::Lambda::EventSourceMapping")
    wanted = {
        "News": {
            "EventSourceArn": deployment.parameters["RestoredStream"]
            or deployment.resolve({"Fn::GetAtt": ["Table", "StreamArn"]}),
            "StartingPosition": "TRIM_HORIZON",
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "BisectBatchOnFunctionError": True,
            "MaximumRetryAttempts": 10,
            "MaximumRecordAgeInSeconds": 900,
            # Of each shard; together they must not take from those who ask what an account has at once.
            "ParallelizationFactor": 2,
            "DestinationConfig": {"OnFailure": {"Destination": deployment.resolve({"Fn::GetAtt": ["DeadLetterQueue", "Arn"]})}},
        },
        "DelayedNews": {
            "EventSourceArn": deployment.resolve({"Fn::GetAtt": ["DelayQueue", "Arn"]}),
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "ScalingConfig": {"MaximumConcurrency": 5},
        },
    }
    for name, values in wanted.items():
        mapping = {"FunctionName": deployment.resolve({"Ref": "NotifyFunction"}), **values}
        found = mappings.get(name, {})
        yield from (f"{name}: {key}" for key, value in mapping.items() if found.get(key) != value)
    filters = mappings.get("News", {}).get("FilterCriteria", {}).get("Filters", [])
    patterns = [json.loads(each["Pattern"]) for each in filters]
    if patterns != [{"dynamodb": {"NewImage": {"news": {"S": news()}}}}]:
        yield "News: what wakes notify"
    stream = mappings.get("News", {}).get("EventSourceArn", "")
    (statement,) = [each for each in rights.statements(deployment) if each.sid == "FollowTheTable"]
    if not any(fnmatchcase(stream, resource) for resource in statement.all("Resource")):
        yield "NotifyRole: which streams it follows"
    queues = deployment.of_type("AWS::SQS::Queue")
    to_dead_letters = deployment.resolve({"Fn::GetAtt": ["DeadLetterQueue", "Arn"]})
    redrive = queues["DelayQueue"].get("RedrivePolicy", {})
    if (redrive.get("deadLetterTargetArn"), redrive.get("maxReceiveCount")) != (to_dead_letters, 5):
        yield "DelayQueue: where it gives up"
    timeout = deployment.of_type("AWS::Lambda::Function")["NotifyFunction"]["Timeout"]
    if queues["DelayQueue"].get("VisibilityTimeout", 0) < 6 * timeout:
        yield "DelayQueue: how long its reader may take"
    if queues["DeadLetterQueue"].get("MessageRetentionPeriod") != 14 * 24 * 3600:
        yield "DeadLetterQueue: how long it keeps"


def news():
    """The words that notify knows."""
    written = (expansion.ROOT / "functions/notify/src/event.rs").read_text(encoding="utf-8").split("#[cfg(test)]")[0]
    arms = re.findall(r"^        Some\((.+)\) => Order::News", written, re.MULTILINE)
    return [word for arm in arms for word in re.findall(r'"(\w+)"', arm)]


def of_what_waits(deployment):
    """Which queues and topics keep what lies in them readable."""
    for name, queue in deployment.of_type("AWS::SQS::Queue").items():
        if queue.get("SqsManagedSseEnabled") is not True:
            yield f"{name}: encryption"
    if deployment.of_type("AWS::SNS::Topic")["PeopleTopic"].get("KmsMasterKeyId") != "alias/aws/sns":
        yield "PeopleTopic: encryption"


def untagged(deployment, value="countersign"):
    """What could carry the deployment's tag, by AWS's own schema of its type, and does not."""
    for name, resource in deployment.resources.items():
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(expansion.REGION, resource["Type"]).schema
        where = schema.get("tagging", {}).get("tagProperty", "").rpartition("/")[2]
        if where and {"Key": TAG, "Value": value} not in pairs(resource["Properties"].get(where, [])):
            yield f"{name}: no tag"


def pairs(tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()] if isinstance(tags, dict) else tags


CHECKS = (of_table, of_keys, of_functions, of_memory, of_rotation, of_where_functions_run, of_logs, of_the_stage, of_the_firewall, of_the_door,
          of_the_domain, of_alarms, of_news, of_what_waits, untagged)


def wrong(deployment):
    return [told for check in CHECKS for told in check(deployment)]


def without(name, *path):
    """A change that takes a property away."""

    def change(template):
        inner = template["Resources"][name]["Properties"]
        for part in path[:-1]:
            inner = inner[part]
        del inner[path[-1]]

    return change


def put(name, **values):
    """A change that gives properties other values."""
    return lambda template: template["Resources"][name]["Properties"].update(values)


def of_every_function(**values):
    return lambda template: template["Globals"]["Function"]["LoggingConfig"].update(values)


def denying(**values):
    """A change of the API's statement that denies."""

    def change(template):
        policy = template["Resources"]["Api"]["Properties"]["Auth"]["ResourcePolicy"]
        (statement,) = [each for each in policy["CustomStatements"] if each["Effect"] == "Deny"]
        statement.update(values)

    return change


def following(stream):
    """A change of the streams that notify may follow."""

    def change(template):
        policy = template["Resources"]["NotifyRole"]["Properties"]["Policies"][0]["PolicyDocument"]
        (statement,) = [each for each in policy["Statement"] if each["Sid"] == "FollowTheTable"]
        statement["Resource"] = stream

    return change


EVERYBODY = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}]}

# What somebody might do to a copy of the template: the way that it is deployed, and what must be found of it.
PLANTED = [
    ("defaults", without("Table", "TimeToLiveSpecification"), "table: TimeToLiveSpecification"),
    ("defaults", put("Table", TimeToLiveSpecification={"AttributeName": "expires", "Enabled": True}),
     "table: TimeToLiveSpecification"),
    ("defaults", without("Table", "PointInTimeRecoverySpecification"), "table: PointInTimeRecoverySpecification"),
    ("defaults", put("Table", SSESpecification={"SSEEnabled": False}), "table: SSESpecification"),
    ("defaults", put("Table", StreamSpecification={"StreamViewType": "KEYS_ONLY"}), "table: StreamSpecification"),
    ("defaults", without("Table", "DeletionProtectionEnabled"), "table: DeletionProtectionEnabled"),
    ("a trial", put("Table", DeletionProtectionEnabled=True), "table: DeletionProtectionEnabled"),
    ("defaults", put("Table", BillingMode="PROVISIONED"), "table: BillingMode"),
    ("defaults", put("DataKey", EnableKeyRotation=False), "DataKey: what it is for"),
    ("defaults", put("SigningKeyEs256", KeySpec="ECC_NIST_P384"), "SigningKeyEs256: what it is for"),
    ("defaults", put("SigningKeyRs256", KeyPolicy=EVERYBODY), "SigningKeyRs256: its policy"),
    ("defaults", put("DataKey", KeyPolicy=EVERYBODY), "DataKey: its policy"),
    ("defaults", of_every_function(SystemLogLevel="INFO"), "par: how it logs"),
    ("defaults", of_every_function(LogFormat="Text"), "rotation: how it logs"),
    ("defaults", put("ParFunction", LoggingConfig={"LogFormat": "JSON", "LogGroup": "another"}), "par: how it logs"),
    ("defaults", without("SignInFunction", "MemorySize"), "sign-in: memory"),
    ("defaults", lambda template: template["Globals"]["Function"].update(MemorySize=128), "token: memory"),
    ("defaults", without("RotationFunction", "Events"), "rotation: when it looks"),
    ("defaults", lambda template: template["Resources"]["RotationFunction"]["Properties"]["Events"]["Daily"]["Properties"].update(
        ScheduleExpression="rate(365 days)"), "rotation: when it looks"),
    ("defaults", without("RotationFunction", "EventInvokeConfig"), "rotation: where it gives up"),
    ("keys wrapped by KMS", lambda template: template["Resources"]["RotationFunction"]["Properties"]["Environment"]["Variables"].update(
        COUNTERSIGN_SIGNING_MODE="kms"), "rotation: which keys it makes, and when"),
    ("defaults", without("Logs", "RetentionInDays"), "Logs: how long it is kept"),
    ("everything watched", without("ApiLogs", "RetentionInDays"), "ApiLogs: how long it is kept"),
    ("defaults", without("Api", "MethodSettings"), "stage: throttling"),
    ("defaults", lambda template: template["Resources"]["Api"]["Properties"]["MethodSettings"][0].update(
        ThrottlingRateLimit=10000), "stage: throttling"),
    ("defaults", lambda template: template["Resources"]["Api"]["Properties"]["MethodSettings"].pop(), "stage: throttling"),
    ("defaults", lambda template: template["Resources"]["Api"]["Properties"]["MethodSettings"][1].update(
        ThrottlingBurstLimit={"Ref": "PagesThrottleBurst"}), "stage: throttling"),
    ("defaults", lambda template: template["Resources"]["Api"]["Properties"]["MethodSettings"][0].update(
        MetricsEnabled=True), "stage: metrics of each method, which nobody reads"),
    ("everything watched", lambda template: template["Resources"].pop("Firewall"), "stage: the web ACL in front of it"),
    ("everything watched", put("Firewall", ResourceArn={"Fn::Sub": "arn:${AWS::Partition}:apigateway:${AWS::Region}::/restapis/${Api}"}),
     "stage: the web ACL in front of it"),
    ("defaults", lambda template: template["Resources"]["Firewall"].pop("Condition"), "stage: the web ACL in front of it"),
    ("defaults", lambda template: template["Resources"]["Api"]["Properties"]["MethodSettings"][0].update(
        DataTraceEnabled=True), "stage: it would log what is asked and answered, secrets among it"),
    ("everything watched", without("Api", "AccessLogSetting"), "stage: access logs"),
    ("everything watched", put("Api", AccessLogSetting={
        "DestinationArn": {"Fn::GetAtt": ["ApiLogs", "Arn"]}, "Format": "$context.requestOverride.querystring.code"}),
     "stage: what access logs say"),
    ("everything watched", put("Api", AccessLogSetting={
        "DestinationArn": {"Fn::GetAtt": ["Logs", "Arn"]}, "Format": "$context.requestId"}), "stage: where access logs go"),
    ("everything watched", put("Api", TracingEnabled=False), "stage: tracing"),
    ("a private API", put("Api", EndpointConfiguration={"Type": "REGIONAL"}), "API: where it is reached"),
    ("a private API", without("Api", "EndpointConfiguration", "VPCEndpointIds"), "API: where it is reached"),
    ("a private API", denying(Effect="Allow"), "API: nobody is denied who comes another way"),
    ("a private API", denying(Condition={"StringNotEquals": {"aws:SourceVpce": ["vpce-1"]}}),
     "API: nobody is denied who comes another way"),
    ("a private API", denying(Resource="execute-api:/prod/GET/*"), "API: nobody is denied who comes another way"),
    ("a domain", put("Api", DisableExecuteApiEndpoint=False), "API: a way past the certificates"),
    ("a domain", without("Domain", "MutualTlsAuthentication"), "domain: TLS"),
    ("a domain", put("Domain", SecurityPolicy="TLS_1_0"), "domain: TLS"),
    ("a domain", lambda template: template["Resources"].pop("DomainMapping"), "domain: where it leads"),
    ("a domain", put("DomainMapping", BasePath="prod"), "domain: where it leads"),
    ("a domain", put("DomainMapping", Stage="another"), "domain: where it leads"),
    ("a domain", put("Domain", DomainName="another.example.com"), "domain: which it is"),
    ("a domain", put("Domain", EndpointConfiguration={"Types": ["EDGE"]}), "domain: which it is"),
    ("defaults", lambda template: [template["Resources"][name].pop("Condition") for name in ("Domain", "DomainMapping")],
     "domain: which it is"),
    ("inside a VPC", lambda template: template["Globals"]["Function"].pop("VpcConfig"), "token: where it runs"),
    ("inside a VPC", lambda template: template["Globals"]["Function"]["VpcConfig"].pop("SecurityGroupIds"),
     "discovery: where it runs"),
    ("inside a VPC", lambda template: template["Globals"]["Function"]["VpcConfig"].update(SubnetIds=["subnet-1"]),
     "rotation: where it runs"),
    ("defaults", put("ParFunction", VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}), "par: where it runs"),
    ("everything watched", lambda template: template["Globals"]["Function"].pop("Tracing"), "token: tracing"),
    ("everything watched", lambda template: template["Globals"]["Function"].update(Tracing="PassThrough"), "notify: tracing"),
    ("defaults", put("ParFunction", Tracing="Active"), "par: tracing"),
    ("defaults", lambda template: template["Resources"].pop("FailingKms"), "alarm: FailingKms"),
    ("defaults", put("DeadLetters", AlarmActions=[]), "DeadLetters: tells nobody"),
    ("everything watched", lambda template: template["Resources"].pop("AlarmByEmail"), "alarms: by e-mail"),
    ("defaults", without("DelayedNews", "FunctionResponseTypes"), "DelayedNews: FunctionResponseTypes"),
    ("defaults", put("DelayedNews", EventSourceArn="arn:aws:sqs:us-east-1:1:another"), "DelayedNews: EventSourceArn"),
    ("defaults", put("News", FilterCriteria={"Filters": [{"Pattern": '{"dynamodb": {"NewImage": {"news": {"S": ["approved"]}}}}'}]}),
     "News: what wakes notify"),
    ("defaults", without("News", "FilterCriteria"), "News: what wakes notify"),
    *(("defaults", without("News", name), f"News: {name}") for name in (
        "StartingPosition", "FunctionResponseTypes", "BisectBatchOnFunctionError", "MaximumRetryAttempts",
        "MaximumRecordAgeInSeconds", "DestinationConfig")),
    ("defaults", put("News", ParallelizationFactor=10), "News: ParallelizationFactor"),
    ("defaults", without("DelayedNews", "ScalingConfig"), "DelayedNews: ScalingConfig"),
    ("with a table that was restored", put("News", EventSourceArn={"Fn::GetAtt": ["Table", "StreamArn"]}),
     "News: EventSourceArn"),
    ("with a table that was restored", following({"Fn::GetAtt": ["Table", "StreamArn"]}), "NotifyRole: which streams it follows"),
    ("defaults", without("DelayQueue", "RedrivePolicy"), "DelayQueue: where it gives up"),
    ("defaults", put("DelayQueue", VisibilityTimeout=30), "DelayQueue: how long its reader may take"),
    ("defaults", without("DeadLetterQueue", "MessageRetentionPeriod"), "DeadLetterQueue: how long it keeps"),
    ("defaults", without("DelayQueue", "SqsManagedSseEnabled"), "DelayQueue: encryption"),
    ("defaults", without("PeopleTopic", "KmsMasterKeyId"), "PeopleTopic: encryption"),
    *(("everything watched", without(name, "Tags"), f"{name}: no tag") for name in (
        "Table", "DataKey", "SigningKeyRs256", "Logs", "ApiLogs", "DeadLetterQueue", "DelayQueue", "PeopleTopic",
        "AlarmTopic", "ParRole", "RotationRole", "Crashes", "DeadLetters")),
    ("a domain", without("Domain", "Tags"), "Domain: no tag"),
    ("everything watched", without("Budget", "ResourceTags"), "Budget: no tag"),
    ("defaults", without("Api", "Tags"), "ApiStage: no tag"),
    ("defaults", without("Api", "PropagateTags"), "Api: no tag"),
    ("defaults", lambda template: template["Globals"]["Function"].pop("Tags"), "ParFunction: no tag"),
    ("defaults", lambda template: template["Globals"]["Function"].pop("PropagateTags"),
     "RotationFunctionDailyRole: no tag"),
]

WAYS = {**expansion.WAYS, "a trial": {"DeletionProtection": "false"}}


class Settings(unittest.TestCase):
    def test_what_guards_state_keys_log_and_door_is_set_however_the_stack_is_deployed(self):
        for way, parameters in WAYS.items():
            with self.subTest(way):
                self.assertEqual(wrong(expansion.Deployment(expansion.read(), parameters)), [])

    def test_each_planted_fault_is_found_and_nothing_else(self):
        for number, (way, change, told) in enumerate(PLANTED):
            with self.subTest(f"{number}, {told}"):
                template = expansion.read()
                change(template)
                found = wrong(expansion.Deployment(template, WAYS[way]))
                self.assertIn(told, found)
                # A change for all functions is found of each.
                self.assertEqual({each.split(": ")[1] for each in found}, {told.split(": ")[1]})

    def test_the_runbook_shuts_and_opens_the_door_of_every_function(self):
        runbook = (expansion.ROOT / "infra/runbook.md").read_text(encoding="utf-8")
        functions = {function["FunctionName"].removeprefix("countersign-")
                     for function in expansion.Deployment(expansion.read()).of_type("AWS::Lambda::Function").values()}
        lists = re.findall(r"for f in ([a-z -]+); do", runbook)
        self.assertEqual(len(lists), 2, "shut and opened")
        for each in lists:
            self.assertEqual(set(each.split()), functions)

    def test_a_restore_gives_back_the_concurrency_that_it_found_reserved(self):
        runbook = (expansion.ROOT / "infra/runbook.md").read_text(encoding="utf-8")
        chapter = runbook.split("\n## The table was lost or damaged\n")[1].split("\n## ")[0]
        steps = [chapter.index(each) for each in (
            "lambda get-function-concurrency", "> reserved", "--reserved-concurrent-executions 0", "lambda delete-function-concurrency",
            "--reserved-concurrent-executions $n", "< reserved")]
        self.assertEqual(steps, sorted(steps))

    def test_who_looks_for_keys_asks_for_both_tags(self):
        """Keys that sign checkpoints carry a tag of their own, and not the deployment's."""
        tags = {
            tag
            for statement in rights.statements(expansion.Deployment(expansion.read()))
            if statement.allows and "kms:TagResource" in statement.all("Action")
            for tag in statement.condition["ForAllValues:StringEquals"]["aws:TagKeys"]
        }
        self.assertEqual(tags, {TAG, "countersign-checkpoints"})
        for file, times in (("infra/runbook.md", 2), ("infra/aws-smoke", 1)):
            with self.subTest(file):
                text = (expansion.ROOT / file).read_text(encoding="utf-8")
                asked = re.findall(r"for tag in ([a-z -]+); do\s+aws resourcegroupstaggingapi", text)
                self.assertEqual([set(each.split()) for each in asked], [tags] * times)
                self.assertEqual(text.count("resourcegroupstaggingapi"), times)

    def test_the_attribute_by_which_items_go_is_the_one_that_the_store_writes(self):
        written = (expansion.ROOT / "shared/store/src/item.rs").read_text(encoding="utf-8")
        self.assertIn('"expires_at"', written)

    def test_what_stands_beside_the_product_carries_its_tag_and_keeps_its_logs_for_a_time(self):
        for name, deployment in expansion.beside().items():
            with self.subTest(name):
                self.assertEqual(list(untagged(deployment)), [])
                for group in deployment.of_type("AWS::Logs::LogGroup").values():
                    self.assertIn("RetentionInDays", group)

    def test_the_http_apis_stage_is_throttled_and_its_log_holds_no_secret(self):
        watched = {"AccessLogs": "true"}

        def found(change=lambda template: None, parameters=None):
            template = expansion.read(expansion.HTTP_API)
            change(template)
            return list(of_the_http_stage(expansion.Deployment(template, parameters)))

        self.assertEqual((found(), found(parameters=watched)), ([], []))
        self.assertEqual(found(without("Stage", "DefaultRouteSettings")), ["stage: throttling"])
        self.assertEqual(found(put("Stage", RouteSettings={"ANY /token": {}})), ["stage: throttling"])
        self.assertEqual(found(without("Stage", "AccessLogSettings"), watched), ["stage: access logs"])
        told = {"DestinationArn": {"Fn::GetAtt": ["ApiLogs", "Arn"]}, "Format": "$context.requestOverride.header.Authorization"}
        self.assertEqual(found(put("Stage", AccessLogSettings=told), watched), ["stage: what access logs say"])

    def test_what_has_a_limit_of_its_own_is_a_path_of_the_api(self):
        paths = expansion.Deployment(expansion.read()).resources["Api"]["Properties"]["Body"]["paths"]
        self.assertLessEqual({path for path, _ in BUSY}, set(paths))

    def test_no_function_of_the_product_is_without_the_settings_of_all(self):
        deployment = expansion.Deployment(expansion.read())
        self.assertEqual({name for name, _ in rights.functions(deployment)}, expansion.functions() - {"authorizer"})


if __name__ == "__main__":
    unittest.main()
