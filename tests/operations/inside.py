"""A place inside the company's network that only its own authority vouches for: two addresses of this machine that no other machine
reaches, each with a name, and a server there that clients' endpoints can stand on."""

import http.server
import json
import os
import queue
import shutil
import ssl
import subprocess
import tempfile
import threading
import unittest
import urllib.error
import urllib.request
from pathlib import Path

# RFC 1918. They are on the loopback device: nothing that is sent there leaves the machine. The first is for whoever is named by
# host, the second for whoever lies in the range. The names are nobody else's (RFC 6761, section 6.2).
ADDRESS, NAME = "10.213.87.1", "agents.inside.test"
IN_RANGE, NAME_IN_RANGE = "10.213.87.9", "agents.range.test"
RANGE = "10.213.87.8/29"
NAMES = {ADDRESS: NAME, IN_RANGE: NAME_IN_RANGE}
HOSTS = Path("/etc/hosts")
LINES = "".join(f"{address} {name} # Countersign's tests\n" for address, name in NAMES.items())

OF_A_SERVER = f"""\
subjectAltName = {", ".join(f"DNS:{name}" for name in NAMES.values())}
basicConstraints = critical, CA:FALSE
extendedKeyUsage = serverAuth
"""


def needs_a_place_inside():
    """Skips where the functions are no processes of this machine. Where they are, and it lets nobody give it an address and a name,
    this fails: what is not looked at there is looked at nowhere."""
    try:
        urllib.request.urlopen(f"{os.environ['AWS_ENDPOINT_URL']}/_ministack/ready", timeout=10).close()
    except urllib.error.URLError:
        raise unittest.SkipTest("the functions are not on this machine") from None
    if os.getuid() != 0 or not shutil.which("ip"):
        raise AssertionError("an address and a name inside: that takes root, and the command `ip`")


class Inside:
    """The place, for as long as this lasts. `answers` says with what status it answers, each time anew; `heard` what it heard."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.heard, self.answers = queue.Queue(), lambda: 204

    def __enter__(self):
        for address in NAMES:
            run("ip", "address", "replace", f"{address}/32", "dev", "lo")
        known = HOSTS.read_text()
        HOSTS.write_text(known + ("" if known.endswith("\n") else "\n") + LINES)
        try:
            context = self._context()
            self.servers = {name: self._serves(address, context) for address, name in NAMES.items()}
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_):
        for server in self.servers.values():
            server.shutdown()
            server.server_close()
        self._end()

    def _serves(self, address, context):
        server = http.server.ThreadingHTTPServer((address, 0), self._handler())
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return server

    def _end(self):
        HOSTS.write_text(HOSTS.read_text().replace(LINES, ""))
        for address in NAMES:
            run("ip", "address", "delete", f"{address}/32", "dev", "lo")
        self.folder.cleanup()

    @property
    def host(self):
        return self._host(NAME)

    @property
    def host_in_range(self):
        """Who is named by nothing but the range."""
        return self._host(NAME_IN_RANGE)

    def _host(self, name):
        return f"{name}:{self.servers[name].server_address[1]}"

    @property
    def authority(self):
        """The certificate of who vouches for the names."""
        return Path(self.folder.name) / "authority.pem"

    def _context(self):
        within = Path(self.folder.name)
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        run("openssl", "req", "-x509", *key, "-keyout", within / "authority.key", "-out", self.authority, "-days", "1",
            "-subj", "/CN=The company's own authority", "-addext", "keyUsage = critical, keyCertSign")
        run("openssl", "req", *key, "-keyout", within / "key", "-out", within / "request", "-subj", f"/CN={NAME}")
        (within / "extensions").write_text(OF_A_SERVER)
        run("openssl", "x509", "-req", "-in", within / "request", "-CA", self.authority, "-CAkey", within / "authority.key",
            "-CAcreateserial", "-days", "1", "-extfile", within / "extensions", "-out", within / "certificate")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(within / "certificate", within / "key")
        return context

    def _handler(self):
        place = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                place.heard.put((self.path, self.headers, json.loads(body)))
                self.send_response(place.answers())
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        return Handler


def run(*words):
    subprocess.run(words, check=True, capture_output=True)
