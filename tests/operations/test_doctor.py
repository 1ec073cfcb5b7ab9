"""`countersign doctor` on the deployed stack: one thing is broken at a time, and it says what is wrong and what to do."""

import contextlib
import email.utils
import json
import time
import unittest

import boto3
from deployment import ISSUER, OF_A_TRIAL, TABLE, demo_in_force, operator_with, physical
from street import Street


class Doctor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.operator = operator_with("operator", "OperatorPolicy")
        cls.auditor = operator_with("auditor", "AuditorPolicy")
        demo_in_force(cls.operator)

    def finds(self, issuer=ISSUER):
        """What is wrong, by check, and what to do about it."""
        done = self.auditor.runs("doctor", "--issuer", issuer, "--json")
        found = {finding["check"]: finding for finding in done.json["findings"] if finding["verdict"] == "wrong"}
        self.assertEqual(done.code, 1 if found else 0)
        self.assertEqual(done.json["well"], not found)
        if found:
            self.assertRegex(done.err, r"(One thing is|\d+ things are) wrong")
        for finding in found.values():
            self.assertTrue(finding["remedy"])
        return {check: finding for check, finding in found.items() if check not in OF_A_TRIAL}

    @contextlib.contextmanager
    def broken(self, broken, mended):
        """For as long as this lasts; before and after nothing is wrong."""
        self.assertEqual(self.finds(), {})
        try:
            broken()
            yield
        finally:
            mended()
        self.assertEqual(self.finds(), {})

    def only(self, check, words, remedy):
        found = self.finds()
        self.assertEqual(set(found), {check}, found)
        self.assertRegex(found[check]["what"], words)
        self.assertRegex(found[check]["remedy"], remedy)

    def test_that_what_has_expired_stays_in_the_table(self):
        database = boto3.client("dynamodb")

        def switched(on):
            specification = {"AttributeName": "expires_at", "Enabled": on}
            database.update_time_to_live(TableName=TABLE, TimeToLiveSpecification=specification)

        with self.broken(lambda: switched(False), lambda: switched(True)):
            self.only("time to live", "it is off", "TimeToLiveSpecification")

    def test_that_nothing_can_be_restored(self):
        database = boto3.client("dynamodb")

        def switched(on):
            specification = {"PointInTimeRecoveryEnabled": on}
            database.update_continuous_backups(TableName=TABLE, PointInTimeRecoverySpecification=specification)

        with self.broken(lambda: switched(False), lambda: switched(True)):
            self.only("backups", "recovery is off", "PointInTimeRecoverySpecification")

    def test_that_a_key_does_not_sign_because_somebody_has_disabled_it(self):
        kms, key = boto3.client("kms"), physical("SigningKeyEs256")
        with self.broken(lambda: kms.disable_key(KeyId=key), lambda: kms.enable_key(KeyId=key)):
            self.only("signing keys in KMS", f"{key} is Disabled", "aws kms enable-key")

    def test_that_a_key_is_about_to_be_lost(self):
        kms = boto3.client("kms")
        for key, check in ((physical("SigningKeyRs256"), "signing keys in KMS"), (physical("DataKey"), "data key")):

            def kept(key=key):
                kms.cancel_key_deletion(KeyId=key)
                kms.enable_key(KeyId=key)

            with self.subTest(check):
                lost = lambda key=key: kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)  # noqa: E731
                with self.broken(lost, kept):
                    self.only(check, f"{key} is PendingDeletion", "cancel-key-deletion first")

    def test_that_people_and_clients_are_told_nothing(self):
        """The stream's own end is in test_restored_stream.py: on again, it has another name."""
        functions = boto3.client("lambda")
        stream = boto3.client("dynamodb").describe_table(TableName=TABLE)["Table"]["LatestStreamArn"]
        (mapping,) = functions.list_event_source_mappings(EventSourceArn=stream)["EventSourceMappings"]

        def switched(on):
            functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=on)

        with self.broken(lambda: switched(False), lambda: switched(True)):
            self.only("news", "is Disabled: nobody is told", f"--enabled --uuid {mapping['UUID']}")

    def test_that_another_issuer_is_in_force_than_the_one_it_was_asked_about(self):
        """What stands before the API passes everything on, and its own address is not the issuer's."""
        with Street() as street:
            street.renamed = False
            found = self.finds(street.issuer)
        self.assertEqual(set(found), {"OpenID discovery", "OAuth discovery", "configuration", "pages"})
        for check in ("OpenID discovery", "OAuth discovery"):
            self.assertIn(f'it says that the issuer is "{ISSUER}" and not {street.issuer}', found[check]["what"])
            self.assertIn("countersign apply DIR --issuer URL", found[check]["remedy"])
        self.assertIn(f"the issuer in force is {ISSUER}", found["configuration"]["what"])

    # --- what stands before the API changes ------------------------------------------------------------------------------

    def changes(self, path, change):
        """What is wrong where this is changed on the way, besides the address, which is not the issuer's."""
        with Street() as street:
            untouched = self.finds(street.issuer)
            self.assertEqual(set(untouched), {"configuration"}, untouched)
            street.changed[path] = change
            found = self.finds(street.issuer)
        del found["configuration"]
        return found

    def test_that_the_clocks_are_apart(self):
        def late(body, headers):
            return body, {**headers, "Date": email.utils.formatdate(time.time() - 60, usegmt=True)}

        found = self.changes("*", late)
        self.assertEqual(set(found), {"clock"}, found)
        self.assertRegex(found["clock"]["what"], "this machine's are (59|6[0-3]) s apart")
        self.assertIn("NTP", found["clock"]["remedy"])

    def test_that_clients_have_a_key_set_without_the_key_that_signs(self):
        """A successor has taken over, and a cache keeps the set of before."""

        def old(body, headers):
            keys = json.loads(body)
            for key in keys["keys"]:
                if key["alg"] == "ES256":
                    key["kid"] = "before"
            return json.dumps(keys).encode(), headers

        found = self.changes("/jwks.json", old)
        self.assertEqual(set(found), {"signing keys published"}, found)
        self.assertRegex(found["signing keys published"]["what"], r"which signs ES256 now, is not among the \d+ published")
        self.assertIn("nothing between clients and the API keep", found["signing keys published"]["remedy"])

    def test_that_an_algorithm_has_no_key(self):
        def without(body, headers):
            keys = [key for key in json.loads(body)["keys"] if key["alg"] != "RS256"]
            return json.dumps({"keys": keys}).encode(), headers

        found = self.changes("/jwks.json", without)
        self.assertEqual(set(found), {"key set", "signing keys published"}, found)
        self.assertIn("no key for RS256", found["key set"]["what"])
        self.assertIn("rotation function", found["key set"]["remedy"])

    def test_that_there_is_no_key_set(self):
        with Street() as street:
            real = street.passes_on
            street.passes_on = lambda request: (503, {}, b"{}") if request.path.endswith("/jwks.json") else real(request)
            found = self.finds(street.issuer)
        self.assertEqual(set(found), {"configuration", "key set"}, found)
        self.assertIn("status 503", found["key set"]["what"])

    def test_that_nobody_is_there(self):
        with Street() as street:
            gone = street.issuer
        found = self.finds(gone)
        self.assertIn("refused", found["address"]["what"].lower())
        self.assertIn("see that the address is right", found["address"]["remedy"])


if __name__ == "__main__":
    unittest.main()
