"""infra/http-api.yaml is in front of the same functions, by the same routes."""

import unittest

import expansion
import http_api

PAGES = {
    "/account",
    "/account/agents",
    "/account/agents/access",
    "/account/agents/approvals",
    "/account/agents/approvals/file",
    "/account/agents/end",
    "/account/devices",
    "/account/devices/confirm",
    "/app.webmanifest",
    "/account/invitations",
    "/account/passkeys",
    "/account/passkeys/enrol",
    "/account/user-code",
    "/approval",
    "/assets/{file}",
    "/authorize",
    "/consent",
    "/errors",
    "/errors/{name}",
    "/sign-in",
    "/sign-in/password",
    "/sign-out",
}


def routes(deployment):
    """The function that each route key leads to."""
    integrations = {name: found["IntegrationUri"] for name, found in deployment.of_type(KIND.format("Integration")).items()}
    found = {}
    for route in deployment.of_type(KIND.format("Route")).values():
        # A reference to an integration comes out as a name that ends so.
        name = route["Target"].removeprefix(f"integrations/{deployment.stack}-").removesuffix("-1ABCDEFGHIJKL")
        found[route["RouteKey"]] = integrations[name]
    return found


KIND = "AWS::ApiGatewayV2::{}"


class HttpApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.product = expansion.Deployment(expansion.read(), stack="trial")
        paths = cls.product.resources["Api"]["Properties"]["Body"]["paths"]
        cls.rest = {
            f"ANY {path}": methods["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"]["uri"]
            .split("/functions/")[1]
            .removesuffix("/invocations")
            for path, methods in paths.items()
        }
        template = expansion.read(expansion.HTTP_API)
        cls.all = expansion.Deployment(template, {"Deployment": "trial"}, stack="trial-http")
        cls.pages = expansion.Deployment(template, {"Deployment": "trial", "Routes": "pages"}, stack="trial-http")

    def test_its_routes_are_those_of_the_template(self):
        text = expansion.HTTP_API.read_text(encoding="utf-8")
        self.assertEqual(
            text, http_api.up_to_date(text, expansion.read()), "bring it up to date: tests/template/http_api.py --write"
        )

    def test_one_more_path_in_the_template_makes_it_out_of_date(self):
        template = expansion.read()
        event = {"Type": "Api", "Properties": {"RestApiId": {"Ref": "Api"}, "Path": "/new", "Method": "ANY"}}
        template["Resources"]["ParFunction"]["Properties"]["Events"]["New"] = event
        text = expansion.HTTP_API.read_text(encoding="utf-8")
        self.assertIn("RouteKey: ANY /new\n", http_api.up_to_date(text, template))

    def test_each_path_of_the_rest_api_leads_to_the_same_function(self):
        self.assertEqual(routes(self.all), self.rest)

    def test_of_the_pages_alone_there_is_what_a_person_opens_and_nothing_for_machines(self):
        found = routes(self.pages)
        self.assertEqual({key.removeprefix("ANY ") for key in found}, PAGES)
        self.assertLessEqual(found.items(), self.rest.items())

    def test_each_function_gets_events_of_version_2_and_may_be_invoked_once_for_all_its_routes(self):
        for deployment in (self.all, self.pages):
            integrations = deployment.of_type(KIND.format("Integration")).values()
            self.assertEqual({found["PayloadFormatVersion"] for found in integrations}, {"2.0"})
            wanted = sorted(set(routes(deployment).values()))
            self.assertEqual(sorted(found["IntegrationUri"] for found in integrations), wanted)
            permissions = deployment.of_type("AWS::Lambda::Permission").values()
            self.assertEqual(sorted(found["FunctionName"] for found in permissions), wanted)

    def test_no_stage_stands_in_a_path(self):
        (stage,) = self.all.of_type(KIND.format("Stage")).values()
        self.assertEqual(stage["StageName"], "$default")

    def test_what_has_a_domain_is_not_reached_by_another_name(self):
        domain = {"DomainName": "auth.example.com", "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1"}
        for parameters, disabled in ((domain, True), ({}, False)):
            deployment = expansion.Deployment(expansion.read(expansion.HTTP_API), parameters)
            (api,) = deployment.of_type(KIND.format("Api")).values()
            self.assertEqual(api["DisableExecuteApiEndpoint"], disabled)


if __name__ == "__main__":
    unittest.main()
