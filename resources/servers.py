"""Dagster's webserver, daemon and code server as child processes."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory

from models.faults import ImgEditError
from resources.occupancy import note_child

START_TIMEOUT_S = 180.0
STOP_TIMEOUT_S = 15.0
POLL_S = 0.25
LAST_LINES = 4

CODE_SERVER = (
    *("dagster", "code-server", "start", "--module-name", "imgedit_assets.definitions"),
    *("--location-name", "imgedit", "--use-python-environment-entry-point"),
    *("--log-level", "warning"),
)
SERVED = """\
load_from:
  - grpc_server:
      socket: {socket}
      location_name: imgedit
"""


class ServerError(ImgEditError):
    """A server cannot be started, or has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A child process, and where it logs."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def check(self) -> None:
        """Make sure that it still runs.

        Raises:
            ServerError: It has ended; the text holds the last lines of its log.
        """
        code = self.process.poll()
        if code is not None:
            said = self.log.read_text("utf-8", "replace").strip().splitlines()[-LAST_LINES:]
            msg = f"the {self.name} ended with code {code}; the last lines of {self.log}:\n"
            raise ServerError(msg + "\n".join(said))


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    with contextlib.suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


def check_port(host: str, port: int) -> None:
    """Make sure that a port can be listened on.

    Raises:
        ServerError: It cannot.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            # As the webserver does, so that a port it has just left counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        msg = f"cannot listen on {host}:{port}: {error.strerror}; choose another with --port"
        raise ServerError(msg) from error


@contextmanager
def serving(
    home: Path, *, host: str, port: int, allow_hosts: Sequence[str] = ()
) -> Iterator[Sequence[Server]]:
    """The servers over a Dagster home, started; they are stopped at the end.

    Webserver and daemon ask one code server, so that a reload in the UI reaches both: a daemon with
    code of its own would refuse the partitions of a new edit type.

    Args:
        home: Dagster's folder; `resources.instance.enter_home` makes it.
        host: The address the webserver listens on.
        port: Its port.
        allow_hosts: More names that it answers to; see `resources.webplaces`.

    Raises:
        ServerError: The code server has ended, or does not answer in time.
    """
    place = ["--host", host, "--port", str(port)]
    named = [argument for name in allow_hosts for argument in ("--allow-host", name)]
    served = home / "served.yaml"
    workspace = ["--workspace", str(served)]
    with ExitStack() as stack:
        # Not a port: whoever may log in to this machine could have the code server run anything.
        # Not in the home: a socket's path holds 107 bytes, and a home's may be longer.
        folder = stack.enter_context(TemporaryDirectory(prefix="imgedit-"))
        socket_file = str(Path(folder) / "code")
        served.write_text(SERVED.format(socket=socket_file), "utf-8")
        server = stack.enter_context(
            _child("code server", [*CODE_SERVER, "--socket", socket_file], home)
        )
        _wait_for_socket(server, socket_file)
        web = ["resources.webserver", *place, *named, *workspace]
        yield [
            stack.enter_context(_child("webserver", web, home)),
            stack.enter_context(_child("daemon", ["dagster._daemon", "run", *workspace], home)),
            server,
        ]


def _wait_for_socket(server: Server, path: str) -> None:
    give_up_at = time.monotonic() + START_TIMEOUT_S
    while not _listens(path):
        server.check()
        if time.monotonic() > give_up_at:
            msg = f"no answer of the code server in {START_TIMEOUT_S:.0f} s; see {server.log}"
            raise ServerError(msg)
        time.sleep(POLL_S)


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
        probe.settimeout(5)
        probe.connect(path)
        return True
    return False


def wait_until_ready(servers: Sequence[Server], *, host: str, port: int) -> None:
    """Return once the webserver answers.

    Raises:
        ServerError: A server ended, or no answer came in time.
    """
    give_up_at = time.monotonic() + START_TIMEOUT_S
    while not _answers(host, port):
        for server in servers:
            server.check()
        if time.monotonic() > give_up_at:
            msg = f"no answer from {host}:{port} in {START_TIMEOUT_S:.0f} s; see {servers[0].log}"
            raise ServerError(msg)
        time.sleep(POLL_S)


def watch(servers: Sequence[Server]) -> None:
    """Run until a server ends.

    Raises:
        ServerError: It has.
    """
    while True:
        for server in servers:
            server.check()
        time.sleep(POLL_S)


@contextmanager
def _child(name: str, arguments: Sequence[str], home: Path) -> Iterator[Server]:
    log = home / f"{name.replace(' ', '_')}.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            # A session of its own: Ctrl-C reaches it once, from here, and not from the terminal.
            start_new_session=True,
        )
    try:
        note_child(home, process.pid)
        yield Server(name=name, process=process, log=log)
    finally:
        _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        # Not SIGINT: a server started from a background job inherits it as ignored.
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_TIMEOUT_S)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        # A second Ctrl-C means: at once.
        process.kill()
        process.wait()


def _answers(host: str, port: int) -> bool:
    connection = HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/server_info")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
