"""A chat model that is made up: a scripted endpoint that a run starts for itself."""

import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from models.chat.chat_model import ChatRequest
from models.faults import Fault
from resources.chat.client import ChatClient
from resources.chat.server.script import Script, read_script
from resources.chat.server.serve import scripted_server


class Scripted:
    """An endpoint that makes its answers up, started with the first question and ended by `close`.

    It costs nothing and knows nothing: what it answers shows that a run reaches the end.

    Args:
        script: A script that ships with the package, or the path of one (`imgedit fake-endpoint`
            says how they are written).
        ledger: The folder in which it keeps a ledger of its own, until `close`.
    """

    name = "scripted"

    def __init__(self, *, script: str, ledger: Path) -> None:
        self._script = _read(script)
        self._ledger = ledger
        self._lock = threading.Lock()
        self._open = ExitStack()
        self._client: ChatClient | None = None

    @classmethod
    def check(cls, *, script: str, **given: object) -> None:
        """See whether its script can be read.

        Raises:
            ScriptError: It cannot.
        """
        del given
        _read(script)

    def params(self) -> Mapping[str, object]:
        """The script."""
        return {"model": self.name, "script": self._script.model_dump(mode="json")}

    def answer(self, requests: Sequence[ChatRequest]) -> list[Any | Fault]:
        """What the script says, through the client that asks real endpoints."""
        return self._asked().answer(requests)

    def close(self) -> None:
        """End the endpoint."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()
        self._open.close()

    def _asked(self) -> ChatClient:
        with self._lock:
            if self._client is None:
                server = self._open.enter_context(scripted_server(self._script))
                self._ledger.mkdir(parents=True, exist_ok=True)
                # Its port is new each time, and what is free need not be remembered.
                passing = self._open.enter_context(TemporaryDirectory(dir=self._ledger))
                self._client = ChatClient(
                    model=self.name, base_url=server.base_url, key_env="", ledger=Path(passing)
                )
            return self._client


def _read(script: str) -> Script:
    shipped = files("resources.chat") / "scripts" / f"{script}.toml"
    return read_script(Path(script if script.endswith(".toml") else str(shipped)))
