"""What can stand between a deployment and who looks at it from outside, such as a proxy that changes what it passes on."""

import http.server
import threading
import urllib.error
import urllib.request

from deployment import ISSUER

# Of a connection, and not of the message (RFC 9110, section 7.6.1), or counted anew.
NOT_PASSED_ON = {"connection", "content-length", "date", "host", "server", "transfer-encoding"}


class Stays(urllib.request.HTTPRedirectHandler):
    """Whoever looks follows a redirect, or not."""

    def redirect_request(self, *_):
        return None


class Street:
    """An address of this machine that stands for the issuer's. Under it everything is as it is there, the issuer's own address by
    this one, save what is `changed` of a path: a function of body and headers that gives both."""

    def __init__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}/prod"
        self.changed, self.renamed = {}, True

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def passes_on(self, request):
        """What is answered: status, headers and body."""
        path = request.path.removeprefix("/prod")
        if path == request.path:
            return 404, {}, b""
        length = int(request.headers.get("Content-Length", 0))
        asked = urllib.request.Request(ISSUER + path, data=request.rfile.read(length) or None, method=request.command)
        for name, value in request.headers.items():
            if name.lower() not in NOT_PASSED_ON:
                asked.add_header(name, value)
        try:
            answer = urllib.request.build_opener(Stays()).open(asked, timeout=30)
        except urllib.error.HTTPError as other:
            answer = other
        with answer:
            headers = {name: value for name, value in answer.headers.items() if name.lower() not in NOT_PASSED_ON}
            headers["Date"] = answer.headers.get("Date") or request.date_time_string()
            body = answer.read()
        if self.renamed:
            body = body.replace(ISSUER.encode(), self.issuer.encode())
        change = self.changed.get(path, self.changed.get("*", lambda *kept: kept))
        return (answer.status, *reversed(change(body, headers)))

    def _handler(self):
        street = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                status, headers, body = street.passes_on(self)
                self.send_response_only(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        return Handler
