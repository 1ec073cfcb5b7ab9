"""A function's own binary, run on this machine as Lambda runs it: a process that asks the Runtime API for events
(https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html)."""

import http.server
import json
import os
import queue
import resource
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from deployment import BUILT

# How long an answer may take on a busy machine.
PATIENCE = 30

# Debian's `nobody`: a limit of threads does not hold for root.
NOBODY = 65534


class Server(http.server.ThreadingHTTPServer):
    """It is no news that the process on the other side has ended."""

    def handle_error(self, *_):
        pass


class Process:
    """Started with just this environment; in its log stands what it writes. Without `threads` it can start none."""

    def __init__(self, name, environment, threads=True):
        self.folder = tempfile.TemporaryDirectory()
        os.chmod(self.folder.name, 0o755)
        # Not where it was built: that folder may be root's alone.
        binary = Path(self.folder.name) / "bootstrap"
        shutil.copy(Path(BUILT) / "lambda" / name / "bootstrap", binary)
        self.events, self.outcomes = queue.Queue(), queue.Queue()
        self.api = Server(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self.api.serve_forever, args=(0.02,), daemon=True).start()
        self.log_file = open(Path(self.folder.name) / "log", "w+b")
        lambdas = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.api.server_address[1]}",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_GROUP_NAME": "log",
            "AWS_LAMBDA_LOG_STREAM_NAME": "log",
        }
        limited = {} if threads else {"preexec_fn": without_threads}
        self.process = subprocess.Popen(
            [binary], env={**lambdas, **environment}, stdout=self.log_file, stderr=self.log_file, **limited
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.events.put(None)
        self.api.shutdown()
        self.api.server_close()
        self.log_file.close()
        self.folder.cleanup()

    def takes(self, event):
        """Hands an event over: `response` or `error`, and what it says."""
        self.events.put(json.dumps(event))
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                return self.outcomes.get(timeout=0.2)
            except queue.Empty:
                if self.process.poll() is not None:
                    raise AssertionError(f"it ended with {self.process.returncode}: {self.log()}") from None
        raise AssertionError(f"no answer: {self.log()}")

    def log(self):
        return Path(self.log_file.name).read_text()

    def _handler(self):
        events, outcomes = self.events, self.outcomes

        class RuntimeApi(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                event = events.get()
                if event is None:
                    return
                body = event.encode()
                self.send_response(200)
                self.send_header("Lambda-Runtime-Aws-Request-Id", "request-1")
                self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + PATIENCE) * 1000)))
                self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:f")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                said = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outcomes.put((self.path.rsplit("/", 1)[1], json.loads(said)))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        return RuntimeApi


def without_threads():
    """For a process that is about to run a program."""
    if os.getuid() == 0:
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
