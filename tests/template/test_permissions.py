"""infra/permissions.md says what the template says."""

import unittest

import expansion
import permissions


def with_statement(statement):
    """The template with one more right of par's."""
    template = expansion.read()
    role = template["Resources"]["ParRole"]["Properties"]
    role["Policies"][0]["PolicyDocument"]["Statement"].append({"Sid": "More", "Effect": "Allow", **statement})
    return template


class Permissions(unittest.TestCase):
    def test_the_page_says_what_the_template_says(self):
        self.assertEqual(
            permissions.FILE.read_text(encoding="utf-8"),
            permissions.made(expansion.read()),
            "bring it up to date: tests/template/permissions.py --write",
        )

    def test_one_more_right_is_one_more_word_on_the_page(self):
        statement = {
            "Action": "dynamodb:DeleteItem",
            "Resource": {"Fn::GetAtt": ["Table", "Arn"]},
            "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["SESSION#*"]}},
        }
        line = next(
            line for line in permissions.made(with_statement(statement)).splitlines() if line.startswith("| par |")
        )
        self.assertEqual(line.split(" | ")[3], "sessions")

    def test_a_right_without_a_word_for_it_cannot_be_left_out(self):
        for action, resource in (
            ("dynamodb:Scan", {"Fn::GetAtt": ["Table", "Arn"]}),
            ("kms:Encrypt", {"Fn::GetAtt": ["DataKey", "Arn"]}),
        ):
            with self.subTest(action):
                template = with_statement({"Action": action, "Resource": resource})
                self.assertRaises((KeyError, StopIteration, TypeError), permissions.made, template)


if __name__ == "__main__":
    unittest.main()
