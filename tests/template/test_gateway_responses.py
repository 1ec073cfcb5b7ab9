"""What the gateway answers by itself, as when a function crashed: in our words, with nothing of the inside."""

import copy
import json
import unittest

import expansion

KIND = "AWS::ApiGateway::GatewayResponse"

# A caller who hears nothing else must hear when to come again (RFC 9110, section 10.2.3).
WITH_A_MOMENT = {"429", "503"}


def responses(template):
    """The gateway responses of an expanded template, by their type."""
    found = expansion.Deployment(template).of_type(KIND).values()
    return {response["ResponseType"]: response for response in found}


def faults(response):
    """What is wrong with one."""
    headers = {name.rsplit(".", 1)[1].lower(): value for name, value in response["ResponseParameters"].items()}
    if headers.get("cache-control") != "'no-store'":
        yield "it may be kept"
    if response["StatusCode"] in WITH_A_MOMENT and not headers.get("retry-after", "''").strip("'").isdigit():
        yield "it does not say when to come again"
    for kind, body in response["ResponseTemplates"].items():
        # What the gateway would put in place of it is a message of the inside: of Lambda, of IAM, of its own parts.
        if "$" in body:
            yield "it quotes"
        elif kind != "application/json" or set(json.loads(body)) != {"error", "error_description"}:
            yield "it is no error of ours"
    if not response["ResponseTemplates"]:
        yield "it says what the gateway says"


class GatewayResponses(unittest.TestCase):
    def test_each_is_in_our_words(self):
        for kind, response in responses(expansion.read()).items():
            with self.subTest(kind):
                self.assertEqual(list(faults(response)), [])

    def test_a_function_that_crashed_did_not_answer_in_time_or_is_gone_is_a_503_of_ours(self):
        """RFC 6749, section 4.1.2.1. A crash is INTEGRATION_FAILURE, of which DEFAULT_5XX speaks unless it is named."""
        found = responses(expansion.read())
        self.assertEqual(set(found), {"MISSING_AUTHENTICATION_TOKEN", "THROTTLED", "DEFAULT_5XX"})
        response = found["DEFAULT_5XX"]
        self.assertEqual(response["StatusCode"], "503")
        body = json.loads(response["ResponseTemplates"]["application/json"])
        self.assertEqual(body["error"], "temporarily_unavailable")

    def test_one_that_quotes_may_be_kept_or_says_no_moment_would_be_found(self):
        good = responses(expansion.read())["DEFAULT_5XX"]
        quotes, kept, when, bare = (copy.deepcopy(good) for _ in range(4))
        quotes["ResponseTemplates"]["application/json"] = '{"message":$context.error.messageString}'
        del kept["ResponseParameters"]["gatewayresponse.header.Cache-Control"]
        del when["ResponseParameters"]["gatewayresponse.header.Retry-After"]
        bare["ResponseTemplates"] = {}
        for response, said in [
            (quotes, "it quotes"),
            (kept, "it may be kept"),
            (when, "it does not say when to come again"),
            (bare, "it says what the gateway says"),
        ]:
            self.assertEqual(list(faults(response)), [said])


if __name__ == "__main__":
    unittest.main()
