"""Dagster's webserver, daemon and code server as child processes.

`dagster dev` would start the same three, but its webserver is always `python -m dagster_webserver`:
it has no place for an application around it, and so none for the guard (`resources.webserver`).
"""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from models.faults import ImgEditError
from resources.locks import holder_of, taken

START_TIMEOUT_S = 180.0
PORT_TIMEOUT_S = 5.0
"""The servers of a killed one end by themselves; meanwhile they may have the port."""
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


@contextmanager
def occupied(home: Path, address: str) -> Iterator[None]:
    """Keep the servers of others from a Dagster home for the block.

    Raises:
        ServerError: Another has it; the text says which, and the address that it gave.
    """
    said, file = home / "imgedit-up.address", home / "imgedit-up.lock"
    if (lock := taken(file)) is None:
        # The other may only just have begun.
        there = f", {said.read_text('utf-8', 'replace')}" if said.is_file() else ""
        msg = (
            f"`imgedit up` runs already on {home.parent}: {holder_of(file)}{there}; open or end it"
        )
        raise ServerError(msg)
    try:
        said.write_text(address, "utf-8")
        yield
    finally:
        lock.release()


def check_port(host: str, port: int) -> None:
    """Make sure that a port can be listened on, now or in a moment.

    Raises:
        ServerError: It cannot.
    """
    give_up_at = time.monotonic() + PORT_TIMEOUT_S
    while problem := _refusal(host, port):
        if time.monotonic() > give_up_at:
            msg = f"cannot listen on {host}:{port}: {problem}; choose another with --port"
            raise ServerError(msg)
        time.sleep(POLL_S)


def _refusal(host: str, port: int) -> str:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            # As the webserver does, so that a port it has just left counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return str(error.strerror)
    return ""


@contextmanager
def serving(
    home: Path, *, host: str, port: int, address: str, allow_hosts: Sequence[str] = ()
) -> Iterator[Sequence[Server]]:
    """The servers over a Dagster home, once the webserver answers; they are ended at the end.

    Webserver and daemon ask one code server, so that a reload in the UI reaches both: a daemon with
    code of its own would refuse the partitions of a new edit type.

    Args:
        home: Dagster's folder; `resources.instance.enter_home` makes it.
        host: The address the webserver listens on.
        port: Its port.
        address: Where it can be asked from here, as `http://host:port`.
        allow_hosts: More names that it answers to; see `resources.webplaces`.

    Raises:
        ServerError: One of them has ended, or does not answer in time.
    """
    place = ["--host", host, "--port", str(port)]
    named = [argument for name in allow_hosts for argument in ("--allow-host", name)]
    workspace = ["--workspace", str(home / "served.yaml")]
    servers: list[Server] = []

    def start(name: str, *command: str) -> None:
        servers.append(_started(name, command, home))

    # Not a port: whoever may log in to this machine could have the code server run anything.
    # Not in the home: a socket's path holds 107 bytes, and a home's may be longer.
    with TemporaryDirectory(prefix="imgedit-") as folder:
        socket_file = str(Path(folder) / "code")
        (home / "served.yaml").write_text(SERVED.format(socket=socket_file), "utf-8")
        try:
            start("code server", *CODE_SERVER, "--socket", socket_file)
            _wait(servers, lambda: _listens(socket_file))
            start("daemon", "resources.daemon", "run", *workspace)
            start("webserver", "resources.webserver", *place, *named, *workspace)
            _wait(servers, lambda: _answers(address))
            yield servers
        finally:
            _end(servers)


def watch(servers: Sequence[Server]) -> None:
    """Run until a server ends.

    Raises:
        ServerError: It has.
    """
    while True:
        for server in servers:
            server.check()
        time.sleep(POLL_S)


def _wait(servers: Sequence[Server], ready: Callable[[], bool]) -> None:
    """Return once the last of some servers is ready."""
    give_up_at = time.monotonic() + START_TIMEOUT_S
    while not ready():
        for server in servers:
            server.check()
        if time.monotonic() > give_up_at:
            last = servers[-1]
            msg = f"no answer of the {last.name} in {START_TIMEOUT_S:.0f} s; see {last.log}"
            raise ServerError(msg)
        time.sleep(POLL_S)


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
        probe.settimeout(5)
        probe.connect(path)
        return True
    return False


def _answers(address: str) -> bool:
    import httpx2

    with contextlib.suppress(httpx2.HTTPError):
        return httpx2.get(f"{address}/server_info", timeout=5, trust_env=False).is_success
    return False


def _started(name: str, command: Sequence[str], home: Path) -> Server:
    log = home / f"{name.replace(' ', '_')}.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "resources.leash", *command],
            stdin=subprocess.PIPE,
            stdout=sink,
            stderr=subprocess.STDOUT,
            # A session of its own: Ctrl-C reaches it once, from here, and not from the terminal.
            start_new_session=True,
        )
    return Server(name=name, process=process, log=log)


def _end(servers: Sequence[Server]) -> None:
    for server in servers:
        if server.process.stdin is not None:
            server.process.stdin.close()
    try:
        for server in servers:
            server.process.wait()
    except KeyboardInterrupt:
        # A second Ctrl-C means: at once.
        for server in servers:
            server.process.kill()
            server.process.wait()
