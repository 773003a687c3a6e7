"""An S3 server on a real socket, which can be told to fail: moto's, as it honours conditions."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socket import SO_LINGER, SOL_SOCKET
from struct import pack
from threading import Thread
from typing import Any
from urllib.request import Request, urlopen

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
    "AWS_ALLOW_HTTP": "true",
}


@dataclass
class Faults:
    """Stands before the server; of each kind of fault so many requests get one."""

    app: Any
    slow_down: int = 0
    cut: int = 0
    """Of uploads, in their middle."""
    gone: int = 0
    """As if nobody were there."""
    unheard: int = 0
    """Conditional writes that are done, and their answers lost."""
    bytes_in: int = 0
    bytes_out: int = 0
    met: list[str] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.bytes_in += int(environ.get("CONTENT_LENGTH") or 0)
        if self.slow_down:
            self.slow_down -= 1
            self.met.append("slow down")
            start("503 Slow Down", [("Content-Type", "application/xml")])
            return [b"<Error><Code>SlowDown</Code><Message>slow</Message></Error>"]
        if self.gone:
            self.gone -= 1
            self.met.append("gone")
            environ["werkzeug.socket"].shutdown(2)
            return []
        if self.cut and environ["REQUEST_METHOD"] == "PUT":
            self.cut -= 1
            self.met.append("cut")
            environ["wsgi.input"].read(10)
            environ["werkzeug.socket"].shutdown(2)
            return []
        body = b"".join(self.app(environ, start))
        if self.unheard and {"HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH"} & environ.keys():
            self.unheard -= 1
            self.met.append("unheard")
            connection = environ["werkzeug.socket"]
            # With a reset, as of a machine that is gone.
            connection.setsockopt(SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))
            os.close(connection.detach())
            return []
        self.bytes_out += len(body)
        return [body]


@contextmanager
def s3_server() -> Iterator[Faults]:
    """A server with an empty bucket called `bucket`; the environment names it while it runs."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    faults = Faults(app=DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, faults, threaded=True)
    server.log = lambda *_: None  # type: ignore[method-assign,assignment]
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    told = {**ENVIRONMENT, "AWS_ENDPOINT_URL": address}
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    try:
        # All servers of a process share what moto holds: that of the one before goes.
        urlopen(Request(f"{address}/moto-api/reset", method="POST")).close()
        urlopen(Request(f"{address}/bucket", method="PUT")).close()
        yield faults
    finally:
        server.shutdown()
        for name, value in before.items():
            os.environ.pop(name)
            os.environ.update({name: value} if value is not None else {})
