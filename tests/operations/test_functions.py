"""What a function's binary does where something is wrong with itself: its caller hears that and no more, and the log says
what it is."""

import http.server
import json
import os
import unittest

from deployment import ROOT, eventually
from listening import Listening
from process import Process
from samtranslator.yaml_helper import yaml_parse

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
OF_ACCOUNT = {"COUNTERSIGN_PEOPLE_TOPIC": "arn:aws:sns:us-east-1:000000000000:people"}
# Where nobody registers there is nothing to read, and for what a schedule or a stream wakes nobody waits.
READ_NOTHING_AT_THEIR_START = {"register", "rotation", "notify"}
# What rotation can do without.
MAY_BE_MISSING = {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "COUNTERSIGN_FIRST_KEYS"}


def lines(log):
    """What the log says. Every line is JSON, whatever went wrong."""
    return [json.loads(line) for line in log.splitlines()]


class Refusing(Listening):
    """A table that turns every call away, and remembers them."""

    def __init__(self):
        heard = self.heard = []

        class Table(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                heard.append(self.headers["X-Amz-Target"])
                self.send_response(500)
                body = b'{"__type": "InternalServerError"}'
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        super().__init__(Table)


def deployed():
    """The functions that the template deploys."""
    resources = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))["Resources"].values()
    functions = [found["Properties"] for found in resources if found["Type"] == "AWS::Serverless::Function"]
    return {found["CodeUri"].removeprefix("functions/").rstrip("/") for found in functions}


class Functions(unittest.TestCase):
    def test_what_answers_requests_has_spoken_to_the_table_before_it_takes_the_first_on_its_one_thread(self):
        """Lambda gives the start a whole processor: there the connection is opened, and the configuration read. Where the table
        turns the calls away, the log says so once, and nothing of other people's."""
        for name in sorted(deployed() - READ_NOTHING_AT_THEIR_START):
            with self.subTest(name), Refusing() as table:
                environment = {**COMPLETE, **OF_ACCOUNT, "AWS_ENDPOINT_URL": table.url}
                with Process(name, environment) as process:
                    said = eventually(lambda: lines(process.log()))
                    self.assertEqual([(line["level"], line["message"]) for line in said], [("WARN", "not ready yet")])
                    # Three attempts of one call.
                    self.assertEqual(table.heard, ["DynamoDB_20120810.GetItem"] * 3)
                    self.assertEqual(len(os.listdir(f"/proc/{process.process.pid}/task")), 1)

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
