"""Programs of others, in environments of their own, that answer in lines of JSON.

    we    {"hello": "imgedit-program/1", "verb": "edit"}
    it    {"ready": true, "name": "anysd", "version": "the checkpoint's revision"}
    we    {"id": "1", …}
    it    {"id": "1", "ok": true, …}  or  {"id": "1", "error": "why not"}

One request at a time, over standard input and output. Lines that are none of these are kept for
the log and passed over, within bounds. Whatever else a program does, it is ended with all that it
started, and started anew for the next request: `docs/editors.md` tells its side.
"""

import contextlib
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from models.faults import FaultError, ImgEditError, Reason
from resources import tether
from resources.reading import parse_json

PROTOCOL = "imgedit-program/1"
MOST_BYTES = 4 * 2**20
"""Most that a program may write to its output for one request; a reply names files, it is short."""
KEPT_BYTES = 16 * 2**10
"""Of what it writes besides, the last so many are kept."""
GRACE_S = 5.0
"""Between the end of its input and its being killed."""
_LOOK_S = 0.2
"""Between looks at whether it lives: what it started may hold its output open."""
_READ_BYTES = 1 << 16
_TOLD_CHARS = 400

Message = Mapping[str, object]


class ProgramError(ImgEditError):
    """A program cannot be used."""


class Program:
    """A program that is kept running between requests.

    Args:
        command: The program and its arguments, as they are given to the system.
        verb: What it will be asked to do.
        start_s: For the time until it is ready; it may load a model.
        restarts: How often in a row it is started anew without an answer in between.
        folder: Where it runs; here if None.
        log: A file for the last that it wrote besides answers, each time it ends.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        verb: str,
        start_s: float = 600.0,
        restarts: int = 2,
        folder: Path | None = None,
        log: Path | None = None,
    ) -> None:
        self._command = tuple(command)
        self._verb = verb
        self._start_s = start_s
        self._left = self._restarts = restarts
        self._folder = folder
        self._log = log
        self._lock = threading.Lock()
        self._asked = 0
        self._life: _Life | None = None

    def start(self) -> Message:
        """What it says of itself: "name" and "version", if it does.

        Raises:
            ProgramError: It does not get ready in time; the text holds what it wrote last.
        """
        with self._lock:
            try:
                if self._log is not None:
                    self._log.write_bytes(b"")
                return self._begin()[1]
            except OSError as error:
                msg = f"the log {self._log} cannot be written: {error.strerror}; name another"
                raise ProgramError(msg) from None
            except FaultError as error:
                msg = (
                    f"the program {self._command[0]} cannot be used: {error.fault.detail}. Run it "
                    f'by hand and write {{"hello": "{PROTOCOL}", "verb": "{self._verb}"}} to it: '
                    'it must answer with a line {"ready": true}; see docs/editors.md'
                )
                raise ProgramError(msg) from None

    def ask(self, request: Message, *, timeout_s: float) -> Message:
        """The reply to one request; an id is put into it here. Threads take turns.

        Raises:
            FaultError: WORKER_ERROR: the program timed out, died, or says why it cannot.
                BAD_REPLY: it flooded its output, or its reply is none.
                MODEL_UNAVAILABLE: it did not start, or has ended too often in a row.
        """
        with self._lock:
            if self._life is not None and self._life.process.poll() is not None:
                self._end()
            life = self._life or self._restart()
            self._asked += 1
            key = {"id": str(self._asked)}
            try:
                reply = life.exchange({**request, **key}, key, timeout_s)
            except FaultError:
                self._end()
                raise
            self._left = self._restarts
            return _checked(reply)

    def close(self) -> None:
        """End it, and all that it started."""
        with self._lock:
            self._end(grace_s=GRACE_S)

    def _restart(self) -> "_Life":
        if self._left <= 0:
            detail = f"{self._command[0]} ended {self._restarts + 1} times in a row: not started"
            raise FaultError(Reason.MODEL_UNAVAILABLE, detail)
        self._left -= 1
        try:
            return self._begin()[0]
        except FaultError as error:
            raise FaultError(Reason.MODEL_UNAVAILABLE, error.fault.detail) from None

    def _begin(self) -> "tuple[_Life, Message]":
        self._life = life = _Life.begin(self._command, self._folder)
        try:
            hello = {"hello": PROTOCOL, "verb": self._verb}
            return life, life.exchange(hello, {"ready": True}, self._start_s)
        except FaultError:
            self._end()
            raise

    def _end(self, grace_s: float = 0.0) -> None:
        life, self._life = self._life, None
        if life is not None:
            life.end(grace_s)
            if self._log is not None:
                self._log.write_bytes(life.kept)


@dataclass(slots=True, kw_only=True)
class _Life:
    """One run of a program."""

    process: "subprocess.Popen[bytes]"
    input: IO[bytes]
    output: IO[bytes]
    errors: IO[bytes]
    watched: selectors.BaseSelector
    kept: bytes = b""
    """The last of what it wrote, but for answers."""
    line: bytes = b""
    """What it has written of a line."""

    @classmethod
    def begin(cls, command: Sequence[str], folder: Path | None) -> "_Life":
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", tether.__file__, *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # Ctrl-C reaches this process alone, which ends the program.
                start_new_session=True,
                cwd=folder,
                bufsize=0,
            )
        except (OSError, ValueError) as error:  # the folder is none, a text holds a zero byte
            raise FaultError(Reason.MODEL_UNAVAILABLE, str(error)) from error
        pipes = [pipe for pipe in (process.stdin, process.stdout, process.stderr) if pipe]
        for pipe in pipes:
            os.set_blocking(pipe.fileno(), False)
        into, output, errors = pipes
        watched = selectors.DefaultSelector()
        for pipe in (output, errors):
            watched.register(pipe, selectors.EVENT_READ)
        return cls(process=process, input=into, output=output, errors=errors, watched=watched)

    def exchange(self, message: Message, expected: Message, timeout_s: float) -> Message:
        """Send a message; the first that comes back with the expected fields.

        Raises:
            FaultError: WORKER_ERROR or BAD_REPLY, as of `Program.ask`.
        """
        until = time.monotonic() + timeout_s
        unsent, read = json.dumps(message).encode() + b"\n", 0
        while time.monotonic() < until:
            unsent = unsent[self._write(unsent) :]
            is_over = self.process.poll() is not None
            wait_s = 0.0 if is_over else min(_LOOK_S, until - time.monotonic())
            said = self._read(wait_s)
            read += len(said)
            if reply := self._reply(said, expected):
                return reply
            if read > MOST_BYTES:
                raise self._fault(Reason.BAD_REPLY, f"flooded its output: {read:,} bytes, no reply")
            if is_over and not said:
                raise self._fault(Reason.WORKER_ERROR, f"died with code {self.process.returncode}")
        raise self._fault(Reason.WORKER_ERROR, f"timed out after {timeout_s:g} s")

    def end(self, grace_s: float) -> None:
        """Close its input, and have all of it killed if it does not end by itself."""
        self.input.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(grace_s)
        self.process.terminate()
        self.process.wait()
        self._read(0)
        self.watched.close()
        self.output.close()
        self.errors.close()

    def _write(self, data: bytes) -> int:
        """How much of it was taken."""
        # A program that does not listen is told by its silence, and one that is over as such.
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            return self.input.write(data) or 0 if data else 0
        return 0

    def _read(self, wait_s: float) -> bytes:
        """What it has written to its output, once there is anything; other writing is kept."""
        said = b""
        for key, _ in self.watched.select(wait_s):
            if not (data := os.read(key.fd, _READ_BYTES)):
                self.watched.unregister(key.fd)
            elif key.fileobj is self.errors:
                self._keep(data)
            else:
                said = data
        return said

    def _reply(self, said: bytes, expected: Message) -> Message | None:
        """The expected message, if it is complete now; other lines are kept."""
        *lines, self.line = (self.line + said).split(b"\n")
        found = None
        for line in lines:
            message = _message(line)
            if message and not found and expected.items() <= message.items():
                found = message
            else:
                self._keep(line + b"\n")
        return found

    def _keep(self, data: bytes) -> None:
        self.kept = (self.kept + data)[-KEPT_BYTES:]

    def _fault(self, reason: Reason, what: str) -> FaultError:
        half = f", in the middle of the line {self.line[:80]!r}" if self.line else ""
        said = self.kept.decode("utf-8", "replace").strip()[-_TOLD_CHARS:]
        return FaultError(reason, f"{what}{half}" + (f"; it wrote last: {said}" if said else ""))


def _checked(reply: Message) -> Message:
    if (error := reply.get("error")) is not None:
        raise FaultError(Reason.WORKER_ERROR, f"the program says: {error}")
    if reply.get("ok") is not True:
        detail = f'a reply has "ok": true or an "error"; this is {json.dumps(reply)[:_TOLD_CHARS]}'
        raise FaultError(Reason.BAD_REPLY, detail)
    return reply


def _message(line: bytes) -> Message | None:
    if not line.lstrip().startswith(b"{"):
        return None
    with contextlib.suppress(ValueError):
        value = parse_json(line)
        return value if isinstance(value, dict) else None
    return None
