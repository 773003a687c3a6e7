"""Checkpoints of the hub, against a hub of our own on loopback."""

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from models.runtime import Runtime
from models.weights import CheckpointError, Weights
from resources.checkpoints import Checkpoints
from resources.inventory import describe

COMMIT = "a" * 40
UNREAD = "flux1-whole.safetensors"
FILES = {"config.json": b'{"width": 8}', "weights/model.bin": b"12345678", UNREAD: b"x" * 999}


class Hub(BaseHTTPRequestHandler):
    """What `huggingface_hub` asks for: a repository's commit, its tree, and its files."""

    asked: list[str] = []  # noqa: RUF012 - shared by the handlers of one server

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        Hub.asked.append(self.path)
        if "/gated" in self.path:
            self._say(403, b"{}", {"X-Error-Code": "GatedRepo"})
        elif "/absent" in self.path:
            self._say(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif "no-such-revision" in self.path:
            self._say(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        elif "/resolve/" in self.path:
            name = self.path.split(f"/resolve/{COMMIT}/")[1]
            self._say(200, FILES[name], {"ETag": f'"{name}"', "X-Repo-Commit": COMMIT})
        elif "/tree/" in self.path:
            self._say(200, json.dumps(_tree()).encode(), {})
        else:
            siblings = [{"rfilename": name, "size": len(data)} for name, data in FILES.items()]
            card = {"license": "other", "license_name": "of-its-own"}
            info = {"id": "org/model", "sha": COMMIT, "siblings": siblings, "cardData": card}
            self._say(200, json.dumps(info).encode(), {})

    def _say(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def _tree() -> list[dict[str, object]]:
    return [
        {"type": "file", "path": name, "size": len(data), "oid": "0" * 40}
        for name, data in FILES.items()
    ]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    from huggingface_hub import constants

    address = f"http://127.0.0.1:{server.server_port}"
    for name, value in {
        "ENDPOINT": address,
        "HUGGINGFACE_CO_URL_TEMPLATE": address + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_HUB_CACHE": str(tmp_path / "cache"),
        "HF_HUB_DISABLE_XET": True,
    }.items():
        monkeypatch.setattr(constants, name, value)
    monkeypatch.setattr("huggingface_hub.hf_api.api.endpoint", address)
    Hub.asked.clear()
    yield server
    server.shutdown()


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    return Checkpoints(home=tmp_path / "home")


@pytest.mark.usefixtures("hub")
def test_a_repository_is_pinned_and_downloaded_when_needed(checkpoints: Checkpoints) -> None:
    weights = checkpoints.find("org/model")
    assert weights.revision == COMMIT
    assert not weights.is_here()
    assert (weights.path / "weights" / "model.bin").read_bytes() == FILES["weights/model.bin"]
    assert weights.is_here()
    Hub.asked.clear()
    assert checkpoints.find("org/model").revision == COMMIT
    assert Hub.asked == []


@pytest.mark.usefixtures("hub")
def test_a_size_is_of_what_is_downloaded(
    checkpoints: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resources.inventory.largest_device_bytes", lambda: 500)
    weights = checkpoints.find("org/model")
    described = describe(weights, Runtime())
    assert described.fits
    assert "licence of-its-own" in described.text
    assert not (weights.path / UNREAD).exists()


@pytest.mark.usefixtures("hub")
def test_one_file_of_a_repository(checkpoints: Checkpoints) -> None:
    found = checkpoints.find(f"org/model@{COMMIT}:weights/model.bin")
    assert found.path.read_bytes() == FILES["weights/model.bin"]


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("org/gated@x", "is gated: accept the licence .* HF_TOKEN"),
        ("org/absent@x", "does not exist, or is private"),
        ("org/model@no-such-revision", "has no revision 'no-such-revision'"),
    ],
)
def test_what_the_hub_refuses_says_what_to_do(
    checkpoints: Checkpoints, name: str, says: str
) -> None:
    with pytest.raises(CheckpointError, match=says):
        _ = checkpoints.find(name).path


def test_a_hub_that_cannot_be_reached(checkpoints: Checkpoints, hub: ThreadingHTTPServer) -> None:
    hub.shutdown()
    hub.server_close()
    with pytest.raises(CheckpointError, match=r"cannot be downloaded .* connect to the hub once"):
        checkpoints.find("org/model")


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "[]", '{"owner/name": 1}'])
def test_damaged_pins_name_the_file_and_the_remedy(tmp_path: Path, text: str) -> None:
    (tmp_path / "checkpoints.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"checkpoints\.json is damaged.*remove it"):
        Checkpoints(home=tmp_path).find("owner/name")
    assert (tmp_path / "checkpoints.json").read_text() == text


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "card", ["licence", "license: [" * 3000, "license: &a [x]\nlicense_name: [*a, *a]", None]
)
def test_a_card_that_says_nothing_sound_states_no_licence(tmp_path: Path, card: str | None) -> None:
    if card is None:
        os.mkfifo(tmp_path / "README.md")
    else:
        (tmp_path / "README.md").write_text(f"---\n{card}\n---\n")
    (tmp_path / "model.bin").write_bytes(b"1234")
    assert "licence not stated" in describe(Weights.at(tmp_path / "model.bin"), Runtime()).text
