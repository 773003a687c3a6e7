"""Images of a table: what it states saves the fetch, and a moved threshold fetches what it lets in.

Over real sockets, from a server on this machine.
"""

import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import numpy as np
import polars as pl
import pytest
from PIL import Image

from imgedit_assets.harness import PartitionReport, materialise
from imgedit_assets.stages.sources import SourceImages
from resources.factory import Factory
from resources.profile import Images
from resources.registration import register
from resources.schema import Reject, SourceImage
from resources.sources.table import TableSource


class Gallery(BaseHTTPRequestHandler):
    """Answers `/<n>.png` with a picture of its own."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        seed = int(self.path.strip("/").removesuffix(".png"))
        pixels = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
        body = io.BytesIO()
        Image.fromarray(pixels).save(body, "PNG")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body.getvalue())

    def log_message(self, *_: object) -> None:
        """The test's output stays quiet."""


@pytest.fixture
def gallery() -> Iterator[tuple[str, list[str]]]:
    """Its address, and what it was asked for."""
    handler = type("Fresh", (Gallery,), {"asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", handler.asked
    server.shutdown()
    thread.join()
    server.server_close()


ROWS = {
    "WIDTH": [2000, 1300, 900, None, 2000, "wide"],
    "HEIGHT": [1500, 1300, 2000, 400, 2000, "nan"],
    "AESTHETIC_SCORE": [6.5, 6.0, 6.0, None, 4.9, "0"],
}


@pytest.fixture
def table(tmp_path: Path, gallery: tuple[str, list[str]]) -> Path:
    """Six addresses with what is stated of them, and one that is none."""
    urls = [f"{gallery[0]}/{n}.png" for n in range(6)]
    rows = {"URL": urls, **{k: list(map(str, v)) for k, v in ROWS.items()}}
    frame = pl.DataFrame(rows).vstack(
        pl.DataFrame({k: [""] for k in rows} | {"URL": ["http://[::1,bad"]})
    )
    frame.write_csv(tmp_path / "t.csv")
    return tmp_path / "t.csv"


def made(factory: Factory, shard: str, **limits: float) -> PartitionReport:
    """The partition brought up to date with other thresholds."""
    sources = factory.profile.sources.model_copy(update={"allow_private": True})
    images = Images(min_short_side_px=1, min_aesthetic=1).model_copy(update=limits)
    profile = factory.profile.model_copy(update={"images": images, "sources": sources})
    return materialise(SourceImages(Factory(store=factory.store, profile=profile), shard=shard))


def test_a_moved_threshold_fetches_exactly_what_it_newly_lets_in(
    factory: Factory, table: Path, gallery: tuple[str, list[str]]
) -> None:
    _, asked = gallery
    (shard,) = register(factory.store, TableSource(table), shard_size=10).shards

    def newly(**limits: float) -> tuple[list[str], dict[str, int]]:
        asked.clear()
        report = made(factory, shard, **limits)
        return sorted(asked), report.rejects

    bad = {"fetch_refused": 1}
    strict = {"min_short_side_px": 1400, "min_aesthetic": 5.0}
    expected = {"too_small": 3, "low_aesthetic": 1, **bad}
    assert newly(**strict) == (["/0.png", "/5.png"], expected)
    details = {r.subject[-5:]: r.detail for r in factory.store.select(Reject)}
    assert details["3.png"] == "? x 400 as the table states, short side below 1400 px"
    assert newly(**strict) == ([], expected)
    assert newly(**strict | {"min_short_side_px": 900})[0] == ["/1.png", "/2.png"]
    assert newly(min_short_side_px=900, min_aesthetic=4.5) == (
        ["/4.png"],
        {"too_small": 1, **bad},
    )
    # What is here already is not thrown away: its own pixels decide, in the filter.
    before = [row.id for row in factory.store.current(SourceImage, shard=shard)]
    assert newly(**strict) == ([], {"too_small": 1, **bad})
    assert [row.id for row in factory.store.current(SourceImage, shard=shard)] == before
    assert newly() == (["/3.png"], bad)


def test_a_shard_of_addresses_is_fetched_by_more_threads_than_decode(
    factory: Factory, table: Path
) -> None:
    (shard,) = register(factory.store, TableSource(table), shard_size=10).shards
    stage = SourceImages(factory, shard=shard)
    stage.work()
    assert stage.readers > factory.profile.engine.readers
    elsewhere = SourceImages(factory, shard="studio-0000")
    elsewhere.work()
    assert elsewhere.readers == 0
