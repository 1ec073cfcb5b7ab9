"""infra/audit-archive.yaml keeps the audit, the whole of it and nothing else, where nobody can change it."""

import re
import unittest

import expansion
import rights


class AuditArchive(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        template = expansion.read(expansion.AUDIT_ARCHIVE)
        parameters = {"Deployment": "trial", "Mode": "COMPLIANCE", "Years": "10"}
        cls.deployment = expansion.Deployment(template, parameters, stack="trial-archive")

    def the(self, kind):
        (found,) = self.deployment.of_type(kind).values()
        return found

    def test_it_takes_the_lines_that_the_functions_write_as_audit(self):
        pattern = re.fullmatch(
            r'\{ \$\.(\w+) = "(\w+)" \}', self.the("AWS::Logs::SubscriptionFilter")["FilterPattern"]
        )
        self.assertEqual(pattern.groups(), ("target", "audit"))
        audit = (expansion.ROOT / "shared/http/src/audit.rs").read_text(encoding="utf-8")
        written, tests = audit.split("#[cfg(test)]")
        self.assertIn('target: "audit",', written)
        self.assertIn('"target": "audit"', tests)

    def test_it_reads_the_log_group_that_the_deployment_writes(self):
        product = expansion.Deployment(expansion.read(), stack="trial")
        written = product.of_type("AWS::Logs::LogGroup")["Logs"]["LogGroupName"]
        self.assertEqual(self.the("AWS::Logs::SubscriptionFilter")["LogGroupName"], written)

    def test_nobody_can_change_or_delete_what_is_in_it_before_the_years_are_over(self):
        bucket = self.the("AWS::S3::Bucket")
        self.assertIs(bucket["ObjectLockEnabled"], True)
        lock = bucket["ObjectLockConfiguration"]
        self.assertEqual(lock["ObjectLockEnabled"], "Enabled")
        self.assertEqual(lock["Rule"]["DefaultRetention"], {"Mode": "COMPLIANCE", "Years": "10"})
        self.assertEqual(bucket["VersioningConfiguration"], {"Status": "Enabled"})
        for name in ("Archive", "ArchivePolicy"):
            for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
                self.assertEqual(self.deployment.resources[name][policy], "Retain")

    def test_it_is_encrypted_and_nobody_outside_or_without_tls_gets_at_it(self):
        bucket = self.the("AWS::S3::Bucket")
        (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        self.assertEqual(encryption["ServerSideEncryptionByDefault"], {"SSEAlgorithm": "AES256"})
        self.assertEqual(set(bucket["PublicAccessBlockConfiguration"].values()), {True})
        self.assertEqual(len(bucket["PublicAccessBlockConfiguration"]), 4)
        (statement,) = self.the("AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
        arn = self.deployment.resolve({"Fn::GetAtt": ["Archive", "Arn"]})
        self.assertEqual((statement["Effect"], statement["Principal"], statement["Action"]), ("Deny", "*", "s3:*"))
        self.assertEqual(statement["Resource"], [arn, f"{arn}/*"])
        self.assertEqual(statement["Condition"], {"Bool": {"aws:SecureTransport": "false"}})

    def test_what_writes_it_can_neither_read_nor_delete_it(self):
        actions = {
            action
            for statement in rights.statements(self.deployment)
            if statement.allows
            for action in statement.all("Action")
        }
        self.assertEqual(
            actions,
            {
                "sts:AssumeRole",
                "firehose:PutRecord",
                "firehose:PutRecordBatch",
                "logs:PutLogEvents",
                "s3:AbortMultipartUpload",
                "s3:GetBucketLocation",
                "s3:ListBucket",
                "s3:ListBucketMultipartUploads",
                "s3:PutObject",
            },
        )

    def test_only_the_log_and_the_stream_of_this_account_take_its_roles(self):
        trusted = {
            statement.resource: (*statement.principals, *statement.condition.values())
            for statement in rights.statements(self.deployment)
            if statement.all("Action") == ["sts:AssumeRole"]
        }
        self.assertEqual(
            trusted,
            {
                "HandOnRole": ("logs.amazonaws.com", {"aws:SourceArn": "arn:aws:logs:us-east-1:123456789012:*"}),
                "DeliveryRole": ("firehose.amazonaws.com", {"sts:ExternalId": "123456789012"}),
            },
        )


if __name__ == "__main__":
    unittest.main()
