"""What a function's binary does where something is wrong with itself: its caller hears that and no more, and the log says
what it is."""

import json
import unittest

from process import Process

COMPLETE = {
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    # Nothing listens there. It is a name, so a thread has to ask who that is.
    "AWS_ENDPOINT_URL": "http://localhost:9",
    "COUNTERSIGN_TABLE": "table",
    "COUNTERSIGN_DEPLOYMENT": "trial",
}
OF_ROTATION = {
    "COUNTERSIGN_DATA_KEY": "data-key",
    "COUNTERSIGN_SIGNING_MODE": "kms",
    "COUNTERSIGN_ROTATION_DAYS": "90",
    "COUNTERSIGN_FIRST_KEYS": "{}",
}
# What rotation can do without.
MAY_BE_MISSING = {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "COUNTERSIGN_FIRST_KEYS"}


def lines(log):
    """What the log says. Every line is JSON, whatever went wrong."""
    return [json.loads(line) for line in log.splitlines()]


class Functions(unittest.TestCase):
    def test_a_panic_is_answered_with_a_plain_500_and_its_place_is_in_the_log(self):
        """The system refuses the process a thread, upon which the runtime that it is built on panics."""
        event = {
            "httpMethod": "GET", "path": "/jwks.json", "resource": "/jwks.json", "headers": {},
            "requestContext": {"requestId": "req-1", "stage": "prod", "resourcePath": "/jwks.json"},
        }
        with Process("discovery", COMPLETE, threads=False) as process:
            # Twice: a panic does not end the process.
            for _ in range(2):
                kind, answer = process.takes(event)
                self.assertEqual((kind, answer["statusCode"]), ("response", 500), process.log())
                self.assertEqual(json.loads(answer["body"])["error"], "server_error")
                for inside in ("panic", "thread", ".rs", "tokio", "localhost", "Resource"):
                    self.assertNotIn(inside, json.dumps(answer))
            said = lines(process.log())
        panics = [line for line in said if line.get("message") == "panic"]
        # One at the start, which tries the connection.
        self.assertEqual(len(panics), 3, said)
        for line in panics:
            self.assertEqual(line["level"], "ERROR")
            self.assertRegex(line["place"], r"\.rs:\d+:\d+$")
        answered = [line["status"] for line in said if line["target"] == "request"]
        self.assertEqual(answered, [500, 500])

    def test_rotation_that_lacks_a_variable_fails_and_names_it_in_the_log_alone(self):
        complete = {**COMPLETE, **OF_ROTATION}
        for name in sorted(complete.keys() - MAY_BE_MISSING):
            with self.subTest(name), Process("rotation", {**complete, name: ""}) as empty:
                without = {key: value for key, value in complete.items() if key != name}
                with Process("rotation", without) as missing:
                    for process in (missing, empty):
                        kind, said = process.takes({})
                        self.assertEqual(kind, "error", said)
                        self.assertIn("it failed; the log says why", said["errorMessage"])
                        self.assertNotIn(name, json.dumps(said))
                        said = lines(process.log())
                        faults = [line["fault"] for line in said if "fault" in line]
                        self.assertTrue(faults and all(name in fault for fault in faults), said)
                        self.assertNotIn("panic", [line.get("message") for line in said])


if __name__ == "__main__":
    unittest.main()
