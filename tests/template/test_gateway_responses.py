"""What the gateway answers by itself, as when a function crashed: in our words, with nothing of the inside."""

import copy
import json
import unittest

import expansion

# What OpenAPI calls them (API Gateway, "x-amazon-apigateway-gateway-responses").
NAME = "x-amazon-apigateway-gateway-responses"

# A caller who hears nothing else must hear when to come again (RFC 9110, section 10.2.3).
WITH_A_MOMENT = {"429", "503"}


def responses(template):
    """The gateway responses in the definition of the API, by their type."""
    (api,) = expansion.Deployment(template).of_type("AWS::ApiGateway::RestApi").values()
    return api["Body"][NAME]


def deployments(template):
    """The logical ids of the API's deployments: one that is new is made."""
    return set(expansion.Deployment(template).of_type("AWS::ApiGateway::Deployment"))


def faults(response):
    """What is wrong with one."""
    headers = {name.rsplit(".", 1)[1].lower(): value for name, value in response["responseParameters"].items()}
    if headers.get("cache-control") != "'no-store'":
        yield "it may be kept"
    if response.get("statusCode") in WITH_A_MOMENT and not headers.get("retry-after", "''").strip("'").isdigit():
        yield "it does not say when to come again"
    for kind, body in response["responseTemplates"].items():
        # What the gateway would put in place of it is a message of the inside: of Lambda, of IAM, of its own parts.
        if "$" in body:
            yield "it quotes"
        elif kind != "application/json" or set(json.loads(body)) != {"error", "error_description"}:
            yield "it is no error of ours"
    if not response["responseTemplates"]:
        yield "it says what the gateway says"


# Each type of which the template speaks, with its status; of those that it does not name DEFAULT_4XX and DEFAULT_5XX speak, and
# without a status of its own DEFAULT_4XX leaves each the one that it has.
STATUSES = {
    "MISSING_AUTHENTICATION_TOKEN": "404",
    "REQUEST_TOO_LARGE": "413",
    "THROTTLED": "429",
    "DEFAULT_4XX": None,
    "DEFAULT_5XX": "503",
}


class GatewayResponses(unittest.TestCase):
    def test_each_is_in_our_words(self):
        for kind, response in responses(expansion.read()).items():
            with self.subTest(kind):
                self.assertEqual(list(faults(response)), [])

    def test_a_function_that_crashed_did_not_answer_in_time_or_is_gone_is_a_503_of_ours(self):
        """RFC 6749, section 4.1.2.1. A crash is INTEGRATION_FAILURE, of which DEFAULT_5XX speaks unless it is named."""
        found = responses(expansion.read())
        self.assertEqual({kind: found[kind].get("statusCode") for kind in found}, STATUSES)
        body = json.loads(found["DEFAULT_5XX"]["responseTemplates"]["application/json"])
        self.assertEqual(body["error"], "temporarily_unavailable")

    def test_they_are_in_force_with_the_deployment_that_has_them(self):
        """Beside the API they would be made in any order with its deployment, and one that was made before does not have them."""
        template = expansion.read()
        self.assertEqual(expansion.Deployment(template).of_type("AWS::ApiGateway::GatewayResponse"), {})
        before = deployments(template)
        words = template["Resources"]["Api"]["Properties"]["GatewayResponses"]["THROTTLED"]["ResponseTemplates"]
        words["application/json"] = words["application/json"].replace("a second", "two seconds")
        self.assertEqual((len(before), before & deployments(template)), (1, set()))

    def test_one_that_quotes_may_be_kept_or_says_no_moment_would_be_found(self):
        good = responses(expansion.read())["DEFAULT_5XX"]
        quotes, kept, when, bare = (copy.deepcopy(good) for _ in range(4))
        quotes["responseTemplates"]["application/json"] = '{"message":$context.error.messageString}'
        del kept["responseParameters"]["gatewayresponse.header.Cache-Control"]
        del when["responseParameters"]["gatewayresponse.header.Retry-After"]
        bare["responseTemplates"] = {}
        for response, said in [
            (quotes, "it quotes"),
            (kept, "it may be kept"),
            (when, "it does not say when to come again"),
            (bare, "it says what the gateway says"),
        ]:
            self.assertEqual(list(faults(response)), [said])


if __name__ == "__main__":
    unittest.main()
