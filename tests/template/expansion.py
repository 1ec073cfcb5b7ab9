"""A template as CloudFormation gets it from SAM, and as it is once it is deployed with given parameters.

Nothing of it speaks to AWS: names that AWS would give are made up here.
"""

import copy
import logging
import os
import re
from functools import cache
from pathlib import Path

# The translator asks for a region, and must not look for credentials.
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

from samtranslator.parser.parser import Parser  # noqa: E402
from samtranslator.translator.transform import transform  # noqa: E402
from samtranslator.yaml_helper import yaml_parse  # noqa: E402

# It warns of its own feature switches.
logging.getLogger("samtranslator").setLevel(logging.ERROR)

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ROOT / "template.yaml"
HTTP_API = ROOT / "infra/http-api.yaml"
AUDIT_ARCHIVE = ROOT / "infra/audit-archive.yaml"
AUTHORIZER = ROOT / "infra/authorizer.yaml"

PARTITION, REGION, ACCOUNT = "aws", "us-east-1", "123456789012"
PSEUDO = {
    "AWS::Partition": PARTITION,
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::URLSuffix": "amazonaws.com",
}

# The ways to deploy template.yaml that make a difference. What holds is to hold in each of them.
WAYS = {
    "defaults": {},
    "keys wrapped by KMS": {"SigningMode": "kms-wrapped"},
    "a private API": {"EndpointType": "PRIVATE", "VpcEndpointIds": "vpce-1,vpce-2"},
    "inside a VPC": {"SubnetIds": "subnet-1,subnet-2", "SecurityGroupIds": "sg-1"},
    "a domain": {
        "DomainName": "auth.example.com",
        "CertificateArn": f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/one",
        "TruststoreUri": "s3://bucket/authorities.pem",
    },
    "with a table that was restored": {
        "RestoredStream": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/countersign-Table-1ABCDEFGHIJKL/stream/2026-11-26T09:30:00.000",
    },
    "everything watched": {
        "Tracing": "true",
        "AccessLogs": "true",
        "AlarmEmail": "operators@example.com",
        "WebAclArn": f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl/countersign/0a1b2c3d-1111-2222-3333-444455556666",
        "MonthlyBudget": "50",
    },
}

# Of a stack of this name every physical name has its greatest length.
LONGEST_STACK_NAME = "countersign-" + "n" * 28

ABSENT = object()


def functions():
    """The names of the folders that functions are in: those of the product, and the authorizer."""
    return {path.name for path in (ROOT / "functions").iterdir() if path.is_dir()}


def read(path=PRODUCT):
    """The template as it is written; `!Ref X` is `{"Ref": "X"}`."""
    return yaml_parse(Path(path).read_text(encoding="utf-8"))


def expand(template, parameters=None):
    """What SAM makes of a template. One that needs no SAM stays as it is."""
    if "Transform" not in template:
        return copy.deepcopy(template)
    template = copy.deepcopy(template)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            # `sam deploy` uploads the code first and puts this in the folder's place.
            resource["Properties"]["CodeUri"] = "s3://bucket/code"
    values = {name: str(found["Default"]) for name, found in template["Parameters"].items() if "Default" in found}
    return transform(template, {**values, **(parameters or {})}, NoManagedPolicies(), None, Parser())


class NoManagedPolicies:
    """The template names no managed policy in short, so nobody has to be asked what they are called."""

    def load(self):
        return {}


class Deployment:
    """The resources of a stack, with every intrinsic function and condition worked out."""

    def __init__(self, template, parameters=None, stack="countersign"):
        self.stack = stack
        self.template = expand(template, parameters)
        self.parameters = {
            name: self._value(found, (parameters or {}).get(name, found.get("Default", f"{name}-value")))
            for name, found in self.template.get("Parameters", {}).items()
        }
        self.resources = {}
        for name, resource in self.template["Resources"].items():
            if "Condition" not in resource or self.holds(resource["Condition"]):
                self.resources[name] = {**resource, "Properties": self.resolve(resource.get("Properties", {}))}

    @staticmethod
    def _value(parameter, value):
        is_list = parameter["Type"] == "CommaDelimitedList" or parameter["Type"].startswith("List<")
        return str(value).split(",") if is_list else str(value)

    def of_type(self, kind):
        """The resources of a type: logical id and properties."""
        return {name: found["Properties"] for name, found in self.resources.items() if found["Type"] == kind}

    def holds(self, condition):
        return self.is_true(self.template["Conditions"][condition])

    def resolve(self, value):
        """A value with its intrinsic functions worked out. Raises KeyError for one that is unknown here."""
        if isinstance(value, list):
            return [found for found in map(self.resolve, value) if found is not ABSENT]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._function(name, argument)
        resolved = {key: self.resolve(found) for key, found in value.items()}
        return {key: found for key, found in resolved.items() if found is not ABSENT}

    def _function(self, name, argument):
        return {
            "Ref": self._ref,
            "Fn::GetAtt": self._attribute,
            "Fn::Sub": self._sub,
            "Fn::If": self._if,
            "Fn::Join": lambda given: given[0].join(text(part) for part in self.resolve(given[1])),
            "Fn::Split": lambda given: self.resolve(given[1]).split(given[0]),
        }[name](argument)

    def _ref(self, name):
        if name == "AWS::NoValue":
            return ABSENT
        if name == "AWS::StackName":
            return self.stack
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.parameters:
            return self.parameters[name]
        return self._physical(name)

    def _sub(self, argument):
        pattern, given = (argument, {}) if isinstance(argument, str) else argument

        def put(match):
            name = match.group(1)
            if name in given:
                return text(self.resolve(given[name]))
            return text(self._attribute(name.split(".", 1)) if "." in name else self._ref(name))

        return re.sub(r"\$\{([^!}][^}]*)\}", put, pattern)

    def _if(self, argument):
        condition, then, otherwise = argument
        return self.resolve(then if self.holds(condition) else otherwise)

    def is_true(self, condition):
        """Whether a condition holds, written as in `Conditions` and `Rules`."""
        ((name, argument),) = condition.items()
        if name == "Condition":
            return self.holds(argument)
        if name == "Fn::Equals":
            left, right = (text(self.resolve(side)) for side in argument)
            return left == right
        if name == "Fn::EachMemberEquals":
            members, wanted = map(self.resolve, argument)
            return all(each == wanted for each in members)
        if name == "Fn::Not":
            return not self.is_true(argument[0])
        return {"Fn::And": all, "Fn::Or": any}[name](self.is_true(part) for part in argument)

    def _physical(self, name):
        """What `Ref` gives for a resource."""
        kind = self.template["Resources"][name]["Type"]
        if kind in ("AWS::SNS::Topic", "AWS::IAM::ManagedPolicy"):
            return self._attribute([name, "Arn"])
        return self._name(name)

    def _name(self, name):
        properties = self.template["Resources"][name].get("Properties", {})
        given = ("FunctionName", "LogGroupName", "QueueName", "TopicName", "DeliveryStreamName")
        found = next((properties[key] for key in given if key in properties), None)
        return self.resolve(found) if found else f"{self.stack}-{name}-1ABCDEFGHIJKL"

    def _attribute(self, argument):
        name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        if attribute == "StreamArn":
            return f"{self._attribute([name, 'Arn'])}/stream/1ABCDEFGHIJKL"
        if attribute != "Arn":
            return self._name(name) if attribute.endswith("Name") else f"{name}.{attribute}"
        kind, own = self.template["Resources"][name]["Type"], self._name(name)
        place = f"{REGION}:{ACCOUNT}"
        return {
            "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{place}:table/{own}",
            "AWS::IAM::ManagedPolicy": f"arn:aws:iam::{ACCOUNT}:policy/{own}",
            "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{own}",
            "AWS::KMS::Key": f"arn:aws:kms:{place}:key/{name}",
            "AWS::KinesisFirehose::DeliveryStream": f"arn:aws:firehose:{place}:deliverystream/{own}",
            "AWS::Lambda::Function": f"arn:aws:lambda:{place}:function:{own}",
            "AWS::Logs::LogGroup": f"arn:aws:logs:{place}:log-group:{own}:*",
            "AWS::S3::Bucket": f"arn:aws:s3:::{own.lower()}",
            "AWS::SNS::Topic": f"arn:aws:sns:{place}:{own}",
            "AWS::SQS::Queue": f"arn:aws:sqs:{place}:{own}",
        }[kind]


def text(value):
    """A value as CloudFormation puts it into a text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@cache
def ways():
    """The product's template, deployed in each of the ways that make a difference."""
    return {way: Deployment(read(), parameters) for way, parameters in WAYS.items()}


@cache
def beside():
    """The two optional stacks, in each of the ways that make a difference."""
    domain = {name: WAYS["a domain"][name] for name in ("DomainName", "CertificateArn")}
    return {
        "the HTTP API": Deployment(read(HTTP_API), {"AccessLogs": "true", **domain}),
        "the HTTP API's pages": Deployment(read(HTTP_API), {"Routes": "pages"}),
        "the archive": Deployment(read(AUDIT_ARCHIVE)),
    }
