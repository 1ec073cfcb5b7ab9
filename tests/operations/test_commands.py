"""The operator's commands, on the deployed table, with the rights of the stack's own policies and no others."""

import datetime
import ipaddress
import re
import shutil
import tempfile
import time
import unittest
import urllib.parse
from pathlib import Path

from botocore.exceptions import ClientError
from deployment import (
    DEMO, ISSUER, TABLE, UNTIL_ALL_KNOW, demo_in_force, eventually, introspects, needs_enforced_rights, operator_with, outputs,
    physical, rights_are_enforced, works_alone,
)

DENIED = re.compile("AccessDenied|not among your rights|may not read")


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.operator = operator_with("operator", "OperatorPolicy")
        cls.auditor = operator_with("auditor", "AuditorPolicy")
        cls.nobody = operator_with("nobody")
        cls.secrets = demo_in_force(cls.operator, "nightly-agent", "files-tool")

    def token(self):
        answer = works_alone(self.secrets["nightly-agent"])
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json["access_token"]

    def active(self, token):
        return introspects(token, self.secrets["files-tool"]).json["active"]

    def test_the_operator_puts_a_configuration_in_force_and_goes_back(self):
        before = self.operator.does("apply", str(DEMO), "--issuer", ISSUER, "--yes", "--json").json["version"]
        with tempfile.TemporaryDirectory() as folder:
            changed = Path(folder) / "configuration"
            shutil.copytree(DEMO, changed)
            file = changed / "clients/nightly-agent.toml"
            text, count = re.subn('^name = ".*"$', 'name = "Agent of the night"', file.read_text(), flags=re.MULTILINE)
            self.assertEqual(count, 1)
            file.write_text(text)
            applied = self.operator.does("apply", str(changed), "--issuer", ISSUER, "--yes", "--json").json
        self.assertGreater(applied["version"], before)
        self.assertIn("Agent of the night", str(applied["changes"]))
        back = self.operator.does("rollback", "--to", str(before), "--yes").out
        self.assertIn(f"{before}", back)
        again = self.operator.does("apply", str(DEMO), "--issuer", ISSUER, "--yes", "--json").json
        self.assertEqual((again["version"], again["changes"]), (before, []))

    def test_the_operator_looks_after_people(self):
        name = f"operated-{time.time_ns()}"
        added = self.operator.does("user", "add", name, "--name", "Operated", "--json").json
        self.assertTrue(added["password"])
        changed = self.operator.does("user", "reset-password", name, "--json").json
        self.assertNotEqual(changed["password"], added["password"])
        self.operator.does("user", "disable", name)
        self.assertTrue(self.person(name)["disabled"])
        self.operator.does("user", "enable", name)
        self.assertFalse(self.person(name)["disabled"])
        self.operator.does("user", "remove", name)
        self.assertIsNone(self.person(name))

    def test_the_operator_makes_a_link_for_a_passkey_where_the_pages_have_a_domain(self):
        name = f"enrolled-{time.time_ns()}"
        self.operator.does("user", "add", name, "--name", "Enrolled", "--no-password")
        self.addCleanup(self.operator.does, "user", "remove", name)
        at_domain = self.at_a_domain()
        link = self.operator.does("user", "enrol", name, "--json").json["link"]
        self.assertTrue(link.startswith(f"{at_domain}/account/passkeys/enrol?person="), link)
        if rights_are_enforced():
            for who in (self.auditor, self.nobody):
                done = who.runs("user", "enrol", name)
                self.assertEqual((done.code, done.out), (1, ""))

    def at_a_domain(self):
        """Lets the issuer have a domain, where it is at an address: a passkey belongs to one, and nobody is given a link without."""
        parts = urllib.parse.urlsplit(ISSUER)
        try:
            ipaddress.ip_address(parts.hostname)
        except ValueError:
            return ISSUER
        someone = f"nowhere-{time.time_ns()}"
        self.operator.does("user", "add", someone, "--name", "Nowhere", "--no-password")
        self.addCleanup(self.operator.does, "user", "remove", someone)
        self.assertEqual(self.operator.runs("user", "enrol", someone).code, 1)
        domain = parts._replace(netloc=f"localhost:{parts.port}").geturl()

        def back():
            self.operator.does("apply", str(DEMO), "--issuer", ISSUER, "--yes")
            time.sleep(UNTIL_ALL_KNOW)

        self.addCleanup(back)
        self.operator.does("apply", str(DEMO), "--issuer", domain, "--yes")
        return domain

    def person(self, name):
        people = self.operator.does("user", "list", "--json").json
        return next((person for person in people if person["profile"]["user_name"] == name), None)

    def test_the_operator_switches_a_client_off_and_on(self):
        self.operator.does("client", "disable", "nightly-agent")
        self.addCleanup(self.operator.does, "client", "enable", "nightly-agent")
        refused = eventually(lambda: works_alone(self.secrets["nightly-agent"]).status == 401)
        self.assertTrue(refused)
        self.operator.does("client", "enable", "nightly-agent")
        self.assertTrue(eventually(lambda: works_alone(self.secrets["nightly-agent"]).status == 200))

    def test_the_operator_ends_everything(self):
        token = self.token()
        self.assertTrue(self.active(token))
        self.operator.does("end-everything", "--yes")
        self.assertTrue(eventually(lambda: not self.active(token)))
        # What begins in the very second of it has ended, too.
        self.assertTrue(eventually(lambda: self.active(self.token())))

    def test_the_operator_sees_what_agents_hold_and_ends_what_a_client_has(self):
        held = self.operator.does("agents", "--json").json
        self.assertIsInstance(held, list)
        token = self.token()
        self.assertTrue(self.active(token))
        done = self.operator.does("end", "--client", "nightly-agent", "--yes", "--json").json
        self.assertEqual(done, {"ended": []})
        self.assertTrue(eventually(lambda: not self.active(token)))
        # It is not switched off.
        self.assertTrue(eventually(lambda: self.active(self.token())))

    def test_the_operator_has_the_keys_tended(self):
        invoked = self.operator.client("lambda").invoke(FunctionName=outputs()["RotationFunction"], Payload=b"{}")
        self.assertNotIn("FunctionError", invoked)

    def test_the_auditor_examines_the_deployment_and_finds_it_well_but_for_deletion_protection(self):
        done = self.auditor.runs("doctor", "--issuer", ISSUER, "--json")
        findings = {finding["check"]: finding["verdict"] for finding in done.json["findings"]}
        # A trial stack can be deleted, and the doctor says so.
        self.assertEqual(findings.pop("deletion protection"), "wrong")
        self.assertEqual(done.code, 1)
        # Of these an emulator knows nothing, and an account what it will.
        of_the_account = {check: findings.pop(check) for check in ("texts", "texts a month")}
        self.assertLessEqual(set(of_the_account.values()), {"ok", "wrong", "not-checked"})
        inside = {"table", "stream", "news", "time to live", "backups", "configuration", "signing keys", "signing keys in KMS",
                  "data key"}
        self.assertLessEqual(inside, set(findings))
        self.assertEqual({check for check, verdict in findings.items() if verdict != "ok"}, set())

    def test_without_the_rights_the_doctor_says_what_it_could_not_check(self):
        needs_enforced_rights()
        done = self.nobody.runs("doctor", "--issuer", ISSUER, "--json")
        told = {finding["check"]: finding for finding in done.json["findings"]}
        for check, right in (("table", "dynamodb:DescribeTable"), ("time to live", "dynamodb:DescribeTimeToLive"),
                             ("backups", "dynamodb:DescribeContinuousBackups"), ("texts", "sns:GetSMSSandboxAccountStatus"),
                             ("texts a month", "sns:GetSMSAttributes")):
            self.assertEqual(told[check]["verdict"], "not-checked")
            self.assertIn(right, told[check]["why"])

    def test_the_auditor_reads_who_was_given_what_in_the_log_of_the_functions(self):
        group = ("--log-group", outputs()["Logs"])
        began = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.token()

        def issued():
            found = self.auditor.does(
                "audit", *group, "--client", "nightly-agent", "--since", began, "--json", table=False
            ).out.splitlines()
            return [line for line in found if '"outcome":"granted"' in line]

        lines = eventually(issued)
        self.assertTrue(lines, "the token that was just issued is not in the audit trail")
        for line in lines:
            self.assertIn('"client":"nightly-agent"', line)
        other = self.auditor.does("audit", *group, "--client", "nobody-at-all", table=False)
        self.assertEqual(other.out, "")

    def test_the_auditor_walks_the_chains_of_approvals_and_nobody_does_without_rights(self):
        told = self.auditor.does("evidence", "audit", "--json").json
        self.assertEqual((told["verdict"], told["breaks"]), ("in_order", []))
        unknown = self.auditor.runs("evidence", "export", "A" * 22)
        self.assertEqual((unknown.code, unknown.out), (1, ""))
        self.assertIn("no approval", unknown.err)
        if rights_are_enforced():
            # The emulator goes by actions and not by keys: that the operator reads none of it, test_operators.py holds.
            for words in (("evidence", "audit"), ("evidence", "export", "A" * 22)):
                done = self.nobody.runs(*words)
                self.assertEqual((done.code, done.out), (1, ""))
                self.assertNotIn("no approval", done.err)

    def test_the_auditor_counts_what_a_client_costs(self):
        def of_agent():
            done = self.auditor.does("usage", "--log-group", outputs()["Logs"], "--json", table=False).json
            return next((row for row in done["usage"] if row["name"] == "nightly-agent"), {"requests": 0, "usd": 0})

        before = of_agent()
        for _ in range(3):
            self.token()
        after = eventually(lambda: (row := of_agent())["requests"] >= before["requests"] + 3 and row)
        self.assertTrue(after, "three requests are not counted")
        self.assertGreater(after["usd"], before["usd"])
        # 3.50 for the API alone.
        self.assertGreater((after["usd"] - before["usd"]) / 3 * 1e6, 3.5)

    def test_who_may_only_look_changes_nothing(self):
        needs_enforced_rights()
        name = f"smuggled-{time.time_ns()}"
        for words in (
            ("user", "add", name, "--name", "Smuggled"),
            ("client", "disable", "nightly-agent"),
            ("client", "rotate-secret", "nightly-agent"),
            ("end-everything", "--yes"),
            ("end", "--client", "nightly-agent", "--yes"),
            ("agents",),
        ):
            with self.subTest(" ".join(words[:2])):
                done = self.auditor.runs(*words)
                self.assertEqual(done.code, 1, done.out)
        self.assertIsNone(self.person(name))
        self.token()

    def test_who_may_change_does_not_read_the_log(self):
        needs_enforced_rights()
        for command in ("audit", "usage"):
            done = self.operator.runs(command, "--log-group", outputs()["Logs"], table=False)
            self.assertEqual((done.code, done.out), (1, ""))
            self.assertRegex(done.err, DENIED)

    def test_without_a_policy_nothing_can_be_done(self):
        needs_enforced_rights()
        for words in (("user", "list"), ("client", "disable", "nightly-agent"), ("rollback", "--yes"),
                      ("apply", str(DEMO), "--issuer", ISSUER, "--yes")):
            with self.subTest(words[0]):
                self.assertEqual(self.nobody.runs(*words).code, 1)

    def test_neither_may_read_the_whole_table_delete_it_or_use_a_key(self):
        needs_enforced_rights()
        key = physical("DataKey")
        for who in (self.operator, self.auditor, self.nobody):
            table, keys = who.client("dynamodb"), who.client("kms")
            for name, attempt in {
                "Scan": lambda: table.scan(TableName=TABLE),
                "DeleteTable": lambda: table.delete_table(TableName=TABLE),
                "UpdateTable": lambda: table.update_table(TableName=TABLE, DeletionProtectionEnabled=False),
                "Encrypt": lambda: keys.encrypt(KeyId=key, Plaintext=b"x"),
                "ScheduleKeyDeletion": lambda: keys.schedule_key_deletion(KeyId=key, PendingWindowInDays=7),
            }.items():
                with self.subTest(name), self.assertRaises(ClientError) as refused:
                    attempt()
                self.assertIn("AccessDenied", refused.exception.response["Error"]["Code"])


if __name__ == "__main__":
    unittest.main()
