"""Servers at the addresses of hooks, and strangers in a server's place."""

import socketserver
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

Got = list[tuple[str, dict[str, str], bytes]]
"""Path, headers and body of each request."""
POLL = 0.02
"""Time in which a server ends (s)."""


class Address:
    """An HTTP server that keeps all requests, and answers each with a status.

    It redirects to a file, if the status is that of a redirect.
    """

    def __init__(self, status: int = 200, port: int = 0) -> None:
        self.got: Got = []
        own = {"got": self.got, "status": status}
        self._server = HTTPServer(("127.0.0.1", port), type("Own", (_Handler,), own))
        self.port = self._server.server_port
        self.url = f"http://localhost:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(POLL,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    got: Got
    status: int

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, dict(self.headers), content))
        self.send_response(self.status)
        self.send_header("Location", "file:///etc/passwd")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Stranger(socketserver.ThreadingTCPServer):
    """A program in a server's place: it answers all clients with the same bytes.

    Parameters
    ----------
    answer : bytes or None
        The bytes, then the connection is closed; None: clients wait for ever.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, answer: bytes | None, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Talk)
        self.answer = answer
        self.clients = 0
        threading.Thread(target=self.serve_forever, args=(POLL,), daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _Talk(socketserver.BaseRequestHandler):
    server: Stranger

    def handle(self) -> None:
        self.server.clients += 1
        while self.request.recv(65_536):
            if self.server.answer is not None:
                self.request.sendall(self.server.answer)
                return
