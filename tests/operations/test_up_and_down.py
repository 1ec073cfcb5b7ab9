"""infra/localstack/up and down, and infra/aws-smoke: which endpoint they speak to, what they leave behind, and what they say
where a tool is missing. Each run has a checkout of its own, and no other programs than it is given."""

import http.server
import io
import json
import os
import shutil
import socket
import subprocess
import tempfile
import unittest
import zipfile
from pathlib import Path

import boto3
from deployment import ROOT, eventually
from listening import Listening

CACHE = Path(os.environ.get("COUNTERSIGN_CACHE", Path.home() / ".cache/countersign"))
# What they need of the system, beside the tools that they ask for.
SYSTEM = (
    "awk bash cat chmod cmp cp curl date dirname env git grep mkdir mktemp rm rmdir "
    "sed setsid sleep tail tee timeout touch tr uname xargs"
).split()

# Writes down how it was called and whom it would speak to, and answers what it must.
STANDS_IN = """#!/usr/bin/env bash
echo "${0##*/} $* endpoint=${AWS_ENDPOINT_URL-} key=${AWS_ACCESS_KEY_ID-} token=${AWS_SESSION_TOKEN-}" \
    "profile=${AWS_PROFILE-} s3=${AWS_ENDPOINT_URL_S3-}" >>"CALLS"
case "$*" in
    *"stack.py functions"*) echo token ;;
    "lambda build"*) for ((built = 1; built <= 45; built++)); do echo "   Compiling crate-$built v1.0.0"; done ;;
    *"stack.py outputs"*) printf 'Table=table\\nUrl=https://abc.execute-api.us-east-1.amazonaws.com/prod\\n' ;;
esac
exit ANSWER
"""


class Checkout:
    """A checkout as far as they need one, with programs that stand in for tools."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        within = Path(self.folder.name)
        self.root, self.bin, self.target, self.cache = (within / name for name in ("root", "bin", "target", "cache"))
        self.state = self.root / ".countersign/localstack"
        self.calls_file = within / "calls"
        shutil.copytree(ROOT / "infra/localstack", self.root / "infra/localstack")
        for name in ("infra/aws-smoke", "infra/python-environment", "infra/target-folder", "template.yaml", "samconfig.toml"):
            shutil.copy(ROOT / name, self.root / name)
        self.bin.mkdir()
        for name in SYSTEM:
            (self.bin / name).symlink_to(shutil.which(name))
        # As if all that is here had been built from here.
        self.target.mkdir()
        (self.target / "checkout").write_text(f"{self.root}\n")

    def stand_in(self, *names, folder=None, answer=0):
        folder = folder or self.bin
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            (folder / name).write_text(STANDS_IN.replace("CALLS", str(self.calls_file)).replace("ANSWER", str(answer)))
            (folder / name).chmod(0o755)

    def stand_in_for_python_packages(self):
        """As if all had been installed."""
        for name, programs in {"deploy": ("python", "sam"), "build": (), "emulator": ("ministack",)}.items():
            self.stand_in(*programs, folder=self.cache / "localstack" / name / "bin")
            requirements = self.root / f"infra/localstack/requirements/{name}.txt"
            shutil.copy(requirements, self.cache / "localstack" / name / "installed-from")

    def runs(self, script, *words, cache=None, **environment):
        given = {
            "PATH": str(self.bin),
            "HOME": str(Path(self.folder.name) / "home"),
            "COUNTERSIGN_CACHE": str(cache or self.cache),
            "CARGO_TARGET_DIR": str(self.target),
            **environment,
        }
        command = [str(self.bin / "bash"), str(self.root / script), *words]
        return subprocess.run(command, env=given, capture_output=True, text=True, check=False, timeout=60)

    def calls(self):
        return self.calls_file.read_text().splitlines() if self.calls_file.exists() else []

    def files(self):
        return sorted(path.relative_to(self.root) for path in self.root.rglob("*"))

    def processes(self):
        """Whatever runs with this checkout in its environment or its command."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                said = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
            except OSError:
                continue
            if str(self.root).encode() in said:
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        return found


class Endpoint(Listening):
    """An endpoint that somebody else started."""

    def __init__(self):
        class Answers(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__(Answers)


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class UpAndDown(unittest.TestCase):
    def setUp(self):
        self.checkout = Checkout()
        self.addCleanup(self.checkout.folder.cleanup)

    def test_an_endpoint_that_is_given_is_used_as_it_is_and_nothing_else_is_spoken_to(self):
        checkout = self.checkout
        checkout.stand_in_for_python_packages()
        checkout.stand_in("python3", "cargo")
        with Endpoint() as endpoint:
            company = {
                "AWS_ENDPOINT_URL": f"{endpoint.url}/",
                "AWS_ENDPOINT_URL_S3": "https://s3.example.com",
                "AWS_PROFILE": "company",
                "AWS_ACCESS_KEY_ID": "AKIACOMPANY",
                "AWS_SESSION_TOKEN": "the company's",
            }
            done = checkout.runs("infra/localstack/up", **company)
            self.assertEqual(done.returncode, 0, done.stderr)
            told = done.stdout.splitlines()
            self.assertTrue(any(line.endswith(f"endpoint {endpoint.url} (given)") for line in told), told)
            # It takes minutes, and says how far it is.
            self.assertEqual([line.split() for line in told if "crates, now" in line],
                             [[str(built), "crates,", "now", f"crate-{built}"] for built in (20, 40)])
            running = json.loads((checkout.state / "running.json").read_text())
            self.assertEqual(running["table_endpoint"], endpoint.url)
            self.assertEqual(running["issuer"], f"{endpoint.url}/_aws/execute-api/abc/prod")
            up = checkout.calls()
            self.assertLessEqual({"cargo", "python", "python3", "sam"}, {call.split()[0] for call in up})

            down = checkout.runs("infra/localstack/down", **company)
            self.assertEqual(down.returncode, 0, down.stderr)
            (removed,) = checkout.calls()[len(up):]
            self.assertIn("stack.py remove countersign endpoint=", removed)
            # It is somebody else's, and goes on.
            socket.create_connection(endpoint.server_address, timeout=5).close()
        for call in [*up, removed]:
            self.assertTrue(call.endswith(f"endpoint={endpoint.url} key=test token= profile= s3="), call)
        self.assertFalse(checkout.state.exists())

    def test_where_docker_answers_the_endpoint_is_localstack_of_the_last_version_that_takes_no_token(self):
        compose = (ROOT / "infra/localstack/compose.yaml").read_text(encoding="utf-8")
        self.assertIn("    image: localstack/localstack:4.14.0\n", compose)
        checkout = self.checkout
        checkout.stand_in_for_python_packages()
        checkout.stand_in("python3", "cargo", "docker")
        # In its place.
        with Endpoint() as endpoint:
            port = endpoint.url.rpartition(":")[2]
            done = checkout.runs("infra/localstack/up", "--port", port)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(any(line.endswith(f"endpoint {endpoint.url} (docker)") for line in done.stdout.splitlines()), done.stdout)
            begun = f"docker compose -f {checkout.root}/infra/localstack/compose.yaml up --detach --wait "
            self.assertTrue(any(call.startswith(begun) for call in checkout.calls()), checkout.calls())
            up = checkout.calls()
            down = checkout.runs("infra/localstack/down")
            self.assertEqual(down.returncode, 0, down.stderr)
            (ended,) = checkout.calls()[len(up):]
            self.assertTrue(ended.startswith(begun.replace("up --detach --wait", "down --volumes")), ended)
        self.assertFalse(checkout.state.exists())

    def test_an_endpoint_that_does_not_answer_is_named(self):
        self.checkout.stand_in("python3", "cargo")
        url = f"http://127.0.0.1:{free_port()}"
        done = self.checkout.runs("infra/localstack/up", AWS_ENDPOINT_URL=url)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, f"infra/localstack/up: nothing answers at AWS_ENDPOINT_URL={url}\n")
        self.assertEqual(self.checkout.calls(), [])

    def test_what_up_began_is_gone_after_down_be_it_processes_files_or_folders(self):
        checkout = self.checkout
        # It fails where it builds: the emulator runs then, and there is something to end.
        checkout.stand_in("python3")
        checkout.stand_in("cargo", answer=1)
        before = checkout.files()
        self.addCleanup(checkout.runs, "infra/localstack/down")
        done = checkout.runs("infra/localstack/up", "--port", str(free_port()), cache=CACHE)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("infra/localstack/up: that failed", done.stderr)
        kind, endpoint = (checkout.state / "endpoint").read_text().split()
        self.assertEqual(kind, "process")
        self.invoke_what_goes_on(endpoint)
        self.assertTrue(eventually(lambda: any("sleep 1000" in found for found in checkout.processes())))
        self.assertTrue(any("ministack" in found for found in checkout.processes()))

        down = checkout.runs("infra/localstack/down", cache=CACHE)
        self.assertEqual((down.returncode, down.stdout), (0, "infra/localstack/down: it is gone\n"), down.stderr)
        self.assertEqual(checkout.processes(), [])
        self.assertEqual(checkout.files(), before)
        again = checkout.runs("infra/localstack/down", cache=CACHE)
        self.assertEqual((again.returncode, again.stdout), (0, "infra/localstack/down: nothing is deployed from here\n"))

    def test_what_others_keep_beside_it_stays(self):
        checkout = self.checkout
        checkout.state.mkdir(parents=True)
        (checkout.state / "endpoint").write_text("process http://127.0.0.1:1\n")
        (checkout.root / ".countersign/local.json").write_text("{}")
        self.assertEqual(checkout.runs("infra/localstack/down").returncode, 0)
        self.assertFalse(checkout.state.exists())
        self.assertTrue((checkout.root / ".countersign/local.json").exists())

    def invoke_what_goes_on(self, endpoint):
        """Has the emulator run a function that does not end by itself."""
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as written:
            program = zipfile.ZipInfo("bootstrap")
            program.external_attr = 0o755 << 16
            written.writestr(program, "#!/bin/sh\nexec sleep 1000\n")
        session = boto3.Session("test", "test", region_name="us-east-1")
        role = session.client("iam", endpoint_url=endpoint).create_role(RoleName="none", AssumeRolePolicyDocument="{}")
        functions = session.client("lambda", endpoint_url=endpoint)
        functions.create_function(
            FunctionName="goes-on", Runtime="provided.al2023", Handler="bootstrap", Timeout=60,
            Role=role["Role"]["Arn"], Code={"ZipFile": package.getvalue()},
        )
        functions.invoke(FunctionName="goes-on", InvocationType="Event", Payload=b"{}")

    def test_a_tool_that_is_missing_is_named_and_nothing_is_begun(self):
        checkout = self.checkout
        before = checkout.files()
        for script, tools, told in (
            ("infra/localstack/up", ("python3", "cargo", "curl"), r"^infra/localstack/up: {} is missing: install .+\n$"),
            ("infra/aws-smoke", ("sam", "cargo", "cargo-lambda", "aws", "curl", "python3"), r"^infra/aws-smoke: {} is missing\n$"),
        ):
            for tool in tools:
                checkout.stand_in(*(other for other in tools if other != "curl"))
                missing = checkout.bin / tool
                missing.rename(checkout.bin / f"{tool}.aside")
                with self.subTest(f"{script} without {tool}"):
                    done = checkout.runs(script)
                    self.assertEqual((done.returncode, done.stdout), (1, ""))
                    self.assertRegex(done.stderr, told.format(tool))
                    self.assertEqual((checkout.files(), checkout.calls()), (before, []))
                (checkout.bin / f"{tool}.aside").rename(missing)


if __name__ == "__main__":
    unittest.main()
