"""What CloudFormation refuses before it makes anything: parameters that do not go together. No emulator looks at a template's rules."""

import unittest

import expansion

# What is said, and of which parameters.
REFUSED = {
    "A PRIVATE API needs VpcEndpointIds.": {"EndpointType": "PRIVATE"},
    "TruststoreUri needs DomainName, whose callers it is about.": {"TruststoreUri": "s3://bucket/authorities.pem"},
    "TruststoreUri needs EndpointType REGIONAL.": {**expansion.WAYS["a domain"], **expansion.WAYS["a private API"]},
    "SubnetIds needs SecurityGroupIds.": {"SubnetIds": "subnet-1,subnet-2"},
    "SecurityGroupIds needs SubnetIds.": {"SecurityGroupIds": "sg-1"},
    "MonthlyBudget needs AlarmEmail, who is told.": {"MonthlyBudget": "50"},
    "DomainName needs CertificateArn.": {"DomainName": "auth.example.com"},
}
OF_THE_HTTP_API = "DomainName needs CertificateArn."


def refusals(template, parameters):
    """What the rules of a template say against parameters."""
    deployment = expansion.Deployment(template, parameters)
    return [
        assertion["AssertDescription"]
        for rule in deployment.template.get("Rules", {}).values()
        if "RuleCondition" not in rule or deployment.is_true(rule["RuleCondition"])
        for assertion in rule["Assertions"]
        if not deployment.is_true(assertion["Assert"])
    ]


class Rules(unittest.TestCase):
    def test_each_way_to_deploy_it_is_let_through(self):
        for way, parameters in expansion.WAYS.items():
            with self.subTest(way):
                self.assertEqual(refusals(expansion.read(), parameters), [])

    def test_parameters_that_do_not_go_together_are_refused_with_the_reason(self):
        for told, parameters in REFUSED.items():
            with self.subTest(told):
                self.assertIn(told, refusals(expansion.read(), parameters))

    def test_the_http_api_lets_no_domain_through_without_its_certificate(self):
        template = expansion.read(expansion.HTTP_API)
        self.assertEqual(refusals(template, {"DomainName": ""}), [])
        self.assertEqual(refusals(template, {"DomainName": "auth.example.com", "CertificateArn": ""}), [OF_THE_HTTP_API])

    def test_every_rule_is_among_these(self):
        written = [
            assertion["AssertDescription"]
            for rule in expansion.read()["Rules"].values()
            for assertion in rule["Assertions"]
        ]
        self.assertEqual(sorted(written), sorted(REFUSED))


if __name__ == "__main__":
    unittest.main()
