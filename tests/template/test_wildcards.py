"""No right is wider than it must be. What is meant to be wide is in `wildcards.ALLOWED`, with its reason."""

import unittest

import expansion
import wildcards


def first_policy(role):
    return role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]


def of_basics(resources):
    return resources["Basics"]["Properties"]["PolicyDocument"]["Statement"]


def statement(resources, role, sid):
    return next(found for found in first_policy(resources[role]) if found["Sid"] == sid)


# What somebody might do to a copy of the template, and what must be found of it.
PLANTED = {
    "all actions": (
        lambda resources: of_basics(resources)[1].update(Action="dynamodb:*"),
        "Action dynamodb:*",
    ),
    "actions by pattern": (
        lambda resources: of_basics(resources)[0].update(Action=["logs:Put*"]),
        "Action logs:Put*",
    ),
    "all but some actions": (
        lambda resources: of_basics(resources).append(
            {"Effect": "Allow", "NotAction": "iam:PassRole", "Resource": {"Fn::GetAtt": ["Table", "Arn"]}}
        ),
        "NotAction iam:PassRole",
    ),
    "all but some resources": (
        lambda resources: of_basics(resources).append(
            {"Effect": "Allow", "Action": "dynamodb:GetItem", "NotResource": {"Fn::GetAtt": ["Table", "Arn"]}}
        ),
        "NotResource arn:aws:dynamodb",
    ),
    "every resource": (
        lambda resources: statement(resources, "ParRole", "Read").update(Resource="*"),
        "Resource *",
    ),
    "every table": (
        lambda resources: statement(resources, "ParRole", "Read").update(
            Resource={"Fn::Sub": "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/*"}
        ),
        "Resource arn:aws:dynamodb:us-east-1:123456789012:table/*",
    ),
    "every index": (
        lambda resources: statement(resources, "SignInRole", "FindThePersonsSessions").update(
            Resource={"Fn::Sub": "${Table.Arn}/index/*"}
        ),
        "/index/*",
    ),
    "signing with any key": (
        lambda resources: statement(resources, "TokenRole", "SignByKms").pop("Condition"),
        "Resource arn:aws:kms:us-east-1:123456789012:key/*",
    ),
    "making keys of any tag": (
        lambda resources: statement(resources, "RotationRole", "MakeSigningKeys").pop("Condition"),
        "Resource *",
    ),
    "a key for everybody": (
        lambda resources: resources["DataKey"]["Properties"]["KeyPolicy"]["Statement"][0].update(Principal="*"),
        "Principal *",
    ),
    "a role for everybody": (
        lambda resources: resources["ParRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0].update(
            Principal={"AWS": ["*"]}
        ),
        "Principal *",
    ),
    "a function that any API may invoke": (
        lambda resources: resources.update(
            Anybody={
                "Type": "AWS::Lambda::Permission",
                "Properties": {
                    "Action": "lambda:InvokeFunction",
                    "FunctionName": {"Ref": "ParFunction"},
                    "Principal": "apigateway.amazonaws.com",
                },
            }
        ),
        "SourceArn is missing",
    ),
    "a function that everybody may invoke": (
        lambda resources: resources.update(
            Anybody={
                "Type": "AWS::Lambda::Permission",
                "Properties": {
                    "Action": "lambda:InvokeFunction",
                    "FunctionName": {"Ref": "ParFunction"},
                    "Principal": "*",
                    "SourceArn": {"Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/*/par"},
                },
            }
        ),
        "Principal *",
    ),
    "somebody else's policy": (
        lambda resources: resources["ParRole"]["Properties"].update(
            ManagedPolicyArns=["arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"]
        ),
        "ManagedPolicyArns arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess",
    ),
    "network interfaces outside a network": (
        lambda resources: resources["ParRole"]["Properties"].update(
            ManagedPolicyArns=["arn:aws:iam::aws:policy/service-role/AWSLambdaENIManagementAccess"]
        ),
        "ManagedPolicyArns arn:aws:iam::aws:policy/service-role/AWSLambdaENIManagementAccess",
    ),
    "an action that there is not": (
        lambda resources: statement(resources, "ParRole", "Read").update(Action="dynamodb:GetItems"),
        "UNKNOWN_ACTION",
    ),
    "an action on what it cannot act on": (
        lambda resources: statement(resources, "ParRole", "Read").update(Action="kms:Decrypt"),
        "RESOURCE_MISMATCH",
    ),
    "a condition that does nothing": (
        lambda resources: statement(resources, "ParRole", "Read").update(
            Condition={"StringLike": {"dynamodb:LeadingKey": "CLIENT#*"}}
        ),
        "UNKNOWN_CONDITION",
    ),
}


class Wildcards(unittest.TestCase):
    def test_no_right_is_wider_than_it_must_be_however_the_stack_is_deployed(self):
        for way, deployment in {**expansion.ways(), **expansion.beside()}.items():
            with self.subTest(way):
                self.assertEqual([str(found) for found in wildcards.findings(deployment)], [])

    def test_every_wildcard_that_is_meant_is_there_somewhere(self):
        there = set()
        for deployment in (*expansion.ways().values(), *expansion.beside().values()):
            there |= wildcards.used(deployment)
        self.assertEqual([each for each in wildcards.ALLOWED if each not in there], [])

    def test_each_planted_violation_is_found(self):
        for name, (plant, told) in PLANTED.items():
            with self.subTest(name):
                template = expansion.read()
                plant(template["Resources"])
                found = [str(each) for each in wildcards.findings(expansion.Deployment(template))]
                self.assertTrue(any(told in each for each in found), f"found only {found}")


if __name__ == "__main__":
    unittest.main()
