"""What the tools of AWS say of the templates: nothing."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import expansion

TEMPLATES = [expansion.PRODUCT, expansion.HTTP_API, expansion.AUDIT_ARCHIVE, expansion.AUTHORIZER]
CACHE = Path(os.environ.get("COUNTERSIGN_CACHE", Path.home() / ".cache/countersign"))
SAM = CACHE / "localstack/deploy/bin/sam"


def lint(*paths):
    """Warnings count as errors do."""
    command = [str(Path(sys.executable).with_name("cfn-lint")), *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


class Lint(unittest.TestCase):
    def test_cfn_lint_has_nothing_to_say(self):
        found = lint(*TEMPLATES)
        self.assertEqual((found.stdout, found.stderr, found.returncode), ("", "", 0))

    def test_cfn_lint_finds_a_property_that_there_is_not_in_each_template(self):
        planted = ("BillingMode: ", "ProtocolType: ", "ObjectLockEnabled: true", "AuthorizerPayloadFormatVersion: ")
        with tempfile.TemporaryDirectory() as folder:
            copies = []
            for path, property_ in zip(TEMPLATES, planted):
                text = path.read_text(encoding="utf-8")
                self.assertIn(f"      {property_}", text)
                copies.append(Path(folder) / path.name)
                copies[-1].write_text(text.replace(f"      {property_}", f"      No{property_}", 1), encoding="utf-8")
            found = lint(*copies)
            for copy in copies:
                self.assertRegex(found.stdout, rf"(?s)E3002.*{copy.name}")

    def test_sam_takes_the_template(self):
        environment = {"HOME": tempfile.gettempdir(), "PATH": os.environ["PATH"], "SAM_CLI_TELEMETRY": "0"}
        command = [str(SAM), "validate", "--lint", "--region", "us-east-1", "--template", str(expansion.PRODUCT)]
        found = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        self.assertEqual(found.returncode, 0, found.stderr)


if __name__ == "__main__":
    unittest.main()
