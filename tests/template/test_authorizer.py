"""infra/authorizer.yaml stands before a tool: it may do nothing on AWS, and nothing that it said is remembered."""

import re
import unittest

import expansion
import rights

METADATA = "https://files.internal.corp/.well-known/oauth-protected-resource"
WAYS = {
    "a REST API": {"RestApiId": "rest", "Scope": "files.access"},
    "a REST API of a tool that describes itself": {"RestApiId": "rest", "Scope": "files.access", "MetadataUrl": METADATA},
    "an HTTP API": {"HttpApiId": "http", "Rules": "[]", "ClientId": "files-tool", "ClientSecretArn": "arn:secret"},
}


class Authorizer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        template = expansion.read(expansion.AUTHORIZER)
        given = {"Issuer": "https://auth.example.com", "Resource": "https://files.internal.corp"}
        cls.ways = {
            way: expansion.Deployment(template, {**given, **parameters}, stack="trial")
            for way, parameters in WAYS.items()
        }

    def the(self, way, kind):
        (found,) = self.ways[way].of_type(kind).values()
        return found

    def test_it_may_write_its_own_log_and_no_more(self):
        for way, deployment in self.ways.items():
            with self.subTest(way):
                allowed = [held for held in rights.statements(deployment) if held.all("Action") != ["sts:AssumeRole"]]
                (log,) = allowed
                self.assertEqual(set(log.all("Action")), {"logs:CreateLogStream", "logs:PutLogEvents"})
                self.assertEqual(log.all("Resource"), [deployment.resolve({"Fn::GetAtt": ["Logs", "Arn"]})])

    def test_the_gateway_remembers_no_answer(self):
        """It would outlive the token; and an answer about one path is none about another."""
        rest = self.the("a REST API", "AWS::ApiGateway::Authorizer")
        http = self.the("an HTTP API", "AWS::ApiGatewayV2::Authorizer")
        self.assertEqual([rest["AuthorizerResultTtlInSeconds"], http["AuthorizerResultTtlInSeconds"]], [0, 0])
        self.assertEqual((rest["Type"], http["AuthorizerType"]), ("REQUEST", "REQUEST"))
        self.assertEqual((http["AuthorizerPayloadFormatVersion"], http["EnableSimpleResponses"]), ("2.0", True))

    def test_only_this_authorizer_of_this_api_may_invoke_it(self):
        for way, api in (("a REST API", "rest"), ("an HTTP API", "http")):
            with self.subTest(way):
                permission = self.the(way, "AWS::Lambda::Permission")
                self.assertEqual(permission["Principal"], "apigateway.amazonaws.com")
                self.assertRegex(permission["SourceArn"], rf"^arn:aws:execute-api:[^:]+:\d+:{api}/authorizers/[^*]+$")

    def test_what_a_refusal_says_reaches_the_client(self):
        header = "gatewayresponse.header.WWW-Authenticate"
        responses = self.responses("a REST API")
        self.assertEqual(responses["UNAUTHORIZED"]["ResponseParameters"][header], "'Bearer'")
        denied = responses["ACCESS_DENIED"]
        self.assertEqual(denied["ResponseParameters"][header], "context.authorizer.challenge")
        self.assertEqual(denied["ResponseTemplates"], {"application/json": "$context.authorizer.refusal"})
        answer = (expansion.ROOT / "functions/authorizer/src/answer.rs").read_text(encoding="utf-8")
        for name in ("challenge", "refusal"):
            self.assertIn(f'"{name}"', answer)

    def test_who_has_no_token_is_told_where_the_tool_says_who_gives_one(self):
        """RFC 9728, section 5.1."""
        unauthorized = self.responses("a REST API of a tool that describes itself")["UNAUTHORIZED"]
        self.assertEqual(
            unauthorized["ResponseParameters"]["gatewayresponse.header.WWW-Authenticate"],
            f"'Bearer resource_metadata=\"{METADATA}\"'",
        )

    def test_a_place_of_metadata_cannot_end_the_header_that_it_stands_in(self):
        pattern = expansion.read(expansion.AUTHORIZER)["Parameters"]["MetadataUrl"]["AllowedPattern"]
        for good in ("", METADATA, f"{METADATA}/mcp?a=b&c=%20"):
            self.assertRegex(good, rf"\A(?:{pattern})\Z")
        for quote in ("'", '"', "\\", " ", "\n", "\u00fc"):
            self.assertNotRegex(f"{METADATA}{quote}, x=y", rf"\A(?:{pattern})\Z")
            self.assertNotRegex(f"{METADATA}{quote}", rf"\A(?:{pattern})\Z")

    def responses(self, way):
        found = self.ways[way].of_type("AWS::ApiGateway::GatewayResponse").values()
        return {response["ResponseType"]: response for response in found}

    def test_its_environment_is_what_the_function_reads(self):
        settings = (expansion.ROOT / "functions/authorizer/src/settings.rs").read_text(encoding="utf-8")
        written, _ = settings.split("#[cfg(test)]")
        read = set(re.findall(r'(?:set|needed)\("(COUNTERSIGN_[A-Z_]+)"\)', written))
        for way in WAYS:
            with self.subTest(way):
                variables = self.the(way, "AWS::Lambda::Function")["Environment"]["Variables"]
                self.assertEqual(set(variables), read)

    def test_a_secret_is_fetched_by_cloudformation_and_stands_in_no_template(self):
        variables = self.the("an HTTP API", "AWS::Lambda::Function")["Environment"]["Variables"]
        self.assertEqual(variables["COUNTERSIGN_CLIENT_SECRET"], "{{resolve:secretsmanager:arn:secret}}")


if __name__ == "__main__":
    unittest.main()
