"""Makes the routes of infra/http-api.yaml of those of template.yaml, so that the two cannot differ.

    http_api.py           says whether infra/http-api.yaml is up to date
    http_api.py --write   brings it up to date
"""

import re
import sys

import expansion

BEGIN = "  # What follows is made of template.yaml by tests/template/http_api.py --write; a test holds it to that.\n"
END = "  # End of what is made.\n"

# What a person opens, and what such a page fetches or links to.
PAGES = re.compile(r"/(authorize|sign-in(/.*)?|sign-out|consent|approval|account(/.*)?|assets/\{file\}|app\.webmanifest|errors(/\{name\})?)")

FUNCTION = "arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:${{Deployment}}-{name}"

INTEGRATION = """
  {id}Integration:
    Type: AWS::ApiGatewayV2::Integration
{condition}    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub {function}
      PayloadFormatVersion: "2.0"
  {id}Permission:
    Type: AWS::Lambda::Permission
{condition}    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Sub {function}
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{Api}}/*
"""
ROUTE = """\
  {id}Route:
    Type: AWS::ApiGatewayV2::Route
{condition}    Properties:
      ApiId: !Ref Api
      RouteKey: {key}
      Target: !Sub integrations/${{{integration}Integration}}
"""
MACHINES_ONLY = "    Condition: AllRoutes\n"


def is_page(path):
    return PAGES.fullmatch(path) is not None


def routes(template):
    """The routes of template.yaml: logical id of the function, its name without the stack's, its events."""
    for name, resource in template["Resources"].items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        function = resource["Properties"]["FunctionName"]["Fn::Sub"].removeprefix("${AWS::StackName}-")
        events = resource["Properties"].get("Events", {}).items()
        found = {event: body["Properties"] for event, body in events if body["Type"] == "Api"}
        if found:
            yield name.removesuffix("Function"), function, found


def made(template):
    """The resources, as text."""
    parts = []
    for identifier, function, events in routes(template):
        for_people = any(is_page(event["Path"]) for event in events.values())
        parts.append(
            INTEGRATION.format(
                id=identifier,
                condition="" if for_people else MACHINES_ONLY,
                function=FUNCTION.format(name=function),
            )
        )
        for event, properties in events.items():
            key = f"{properties['Method']} {properties['Path']}"
            parts.append(
                ROUTE.format(
                    # An integration and a route never have the same id: each ends with what it is.
                    id=event,
                    condition="" if is_page(properties["Path"]) else MACHINES_ONLY,
                    key=f'"{key}"' if "{" in key else key,
                    integration=identifier,
                )
            )
    return "".join(parts)


def up_to_date(text, template):
    """The file's text with the routes as they should be."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}{made(template)}{END}{rest.split(END)[1]}"


def main(arguments):
    text = expansion.HTTP_API.read_text(encoding="utf-8")
    wanted = up_to_date(text, expansion.read())
    if arguments == ["--write"]:
        expansion.HTTP_API.write_text(wanted, encoding="utf-8")
    elif text != wanted:
        raise SystemExit("infra/http-api.yaml has not the routes of template.yaml: tests/template/http_api.py --write")


if __name__ == "__main__":
    main(sys.argv[1:])
