"""Checkpoints at an address, from a server on loopback."""

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from models.weights import CheckpointError
from resources.checkpoints import Checkpoints

pytest.importorskip("torch")

DATA = b"a head of eight numbers"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Where a file is served."""
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "a+head.pth").write_bytes(DATA)
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "web"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/a%2Bhead.pth"
    server.shutdown()


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    return Checkpoints(home=tmp_path / "home")


def test_a_file_is_downloaded_once_into_the_home(checkpoints: Checkpoints, address: str) -> None:
    weights = checkpoints.find(f"{address}#sha256={hashlib.sha256(DATA).hexdigest()[:12]}")
    assert not weights.is_here()
    assert weights.path.read_bytes() == DATA
    assert weights.path.name == "a+head.pth"
    assert checkpoints.home in weights.path.parents
    assert weights.is_here()


def test_another_file_than_was_meant_is_refused_and_not_kept(
    checkpoints: Checkpoints, address: str
) -> None:
    weights = checkpoints.find(f"{address}#sha256=0123456789ab")
    with pytest.raises(CheckpointError, match="another file than the profile means"):
        _ = weights.path
    assert not weights.is_here()


def test_what_cannot_be_downloaded_says_where_to_put_it(
    checkpoints: Checkpoints, address: str
) -> None:
    weights = checkpoints.find(address.replace("a%2Bhead", "absent"))
    with pytest.raises(CheckpointError, match=r"put it at .*absent\.pth by hand"):
        _ = weights.path


def test_a_digest_that_is_none_is_refused(checkpoints: Checkpoints) -> None:
    with pytest.raises(CheckpointError, match="hexadecimal"):
        checkpoints.find("https://host/file.pth#md5=zz")
