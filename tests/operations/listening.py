"""A server of a test, at an address of this machine."""

import http.server
import threading


class Listening(http.server.ThreadingHTTPServer):
    """Answers as `handler` does, from `with` to its end."""

    def __init__(self, handler, address="127.0.0.1"):
        super().__init__((address, 0), handler)

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    @property
    def url(self):
        host, port = self.server_address
        return f"http://{host}:{port}"
