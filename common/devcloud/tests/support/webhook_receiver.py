"""Receive the webhooks of a fake gateway."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from typing import Any


@contextmanager
def listening(read: Callable[[bytes, Message], Any]) -> Iterator[Any]:
    """Receive webhooks: `received` is a queue of what `read` returns for each.

    Statuses put into `answers` are used up first, one per request.
    """

    class Inbox(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = server.answers.get_nowait() if not server.answers.empty() else 200
            self.send_response(status)
            self.end_headers()
            if status == 200:
                server.received.put(read(body, self.headers))

        def log_message(self, *_: Any) -> None:
            pass

    server: Any = HTTPServer(("127.0.0.1", 0), Inbox)
    server.received, server.answers = Queue(), Queue()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()
