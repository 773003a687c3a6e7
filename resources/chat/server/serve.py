"""Running the scripted server: in this process, or as a child of it."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import uvicorn

from models.faults import ImgEditError
from resources.chat.server.app import App
from resources.chat.server.http import CuttingProtocol
from resources.chat.server.script import Script

LOOPBACK = "127.0.0.1"
KEEP_ALIVE_S = 60
START_S = 60.0


def serve(script: Script, *, port: int) -> None:
    """Serve on loopback until the process is ended."""
    _server(script).run(sockets=[_listening(port)])


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedServer:
    """A server in a child process."""

    port: int
    process: "subprocess.Popen[bytes]"

    @property
    def base_url(self) -> str:
        """What a client is given."""
        return f"http://{LOOPBACK}:{self.port}/v1"

    def journal(self, *, full: bool = False) -> dict[str, Any]:
        """What it was asked, and what it delivered."""
        told: dict[str, Any] = self._call("GET", "/journal?full" if full else "/journal")
        return told

    def release(self) -> None:
        """Let go what the script holds."""
        self._call("POST", "/release")

    def play(self, script: Script) -> None:
        """Begin anew by another script, with an empty journal."""
        self._call("POST", "/script", script.model_dump_json().encode())

    def _call(self, method: str, path: str, data: bytes | None = None) -> Any:  # noqa: ANN401
        url = f"http://{LOOPBACK}:{self.port}{path}"
        # Past any proxy that the environment names: it is not at this loopback.
        answer = httpx2.request(method, url, content=data, timeout=30, trust_env=False)
        return answer.raise_for_status().json()


@contextmanager
def scripted_server(script: Script) -> Iterator[ScriptedServer]:
    """A server in a process of its own, so that it shares no interpreter with its client.

    Raises:
        ImgEditError: It does not start.
    """
    with _listening(0) as listener:
        listener.set_inheritable(True)
        child = ["resources.leash", __name__, str(listener.fileno())]
        process = subprocess.Popen(
            [sys.executable, "-m", *child],
            stdin=subprocess.PIPE,
            pass_fds=[listener.fileno()],
            start_new_session=True,
            cwd=Path(__file__).parents[3],
        )
        server = ScriptedServer(port=listener.getsockname()[1], process=process)
    try:
        _wait_for(server)
        server.play(script)
        yield server
    finally:
        with process:
            process.terminate()


def _server(script: Script) -> uvicorn.Server:
    config = uvicorn.Config(
        App(script),
        http=CuttingProtocol,
        lifespan="off",
        access_log=False,
        # A connection that is cut in the middle of an answer is no error here.
        log_level="critical",
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    return uvicorn.Server(config)


def _listening(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError as error:
        listener.close()
        msg = f"cannot listen on {LOOPBACK}:{port}: {os.strerror(error.errno or 0)}; choose another"
        raise ImgEditError(msg) from error
    listener.listen(1024)
    return listener


def _wait_for(server: ScriptedServer) -> None:
    give_up_at = time.monotonic() + START_S
    while True:
        if server.process.poll() is not None or time.monotonic() > give_up_at:
            msg = f"the scripted server did not start: exit code {server.process.poll()}"
            raise ImgEditError(msg)
        with contextlib.suppress(httpx2.TransportError):
            server.journal()
            return
        time.sleep(0.02)


if __name__ == "__main__":
    # In the child, which is given the socket that it listens on.
    _server(Script()).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])
