"""The gate of the gallery: one page among a million pairs, as filters, orders and keys change."""

import random
import statistics
import tempfile
import time
from collections.abc import Iterator

import polars as pl
import synthetic_rows as rows
from gates import Measured
from starlette.testclient import TestClient

from imgedit_assets.pages.app import make_app
from imgedit_assets.pages.desk import Desk
from resources.factory import Factory
from resources.home import Home
from resources.schema import AcceptedPair, EditPair, ScoredPair, SourceImage
from resources.store import Store
from resources.webplaces import Places

PAIRS = 1_000_000
ACCEPTED = 800_000
PAGES = 200

ADDRESSES = (
    *("", "sort=best", "sort=disputed", "sort=smallest", "type=remove", "state=accepted"),
    *("type=add&sort=best&min=3&max=4.2", "text=ae", "disagree=1&sort=disputed"),
    *("type=hybrid&state=waiting&sort=largest", "max=3.6&type=replace"),
)
"""Each is asked for by a first page and those after it."""


def gallery_ms() -> Iterator[Measured]:
    """Milliseconds of a page of the gallery, without its pictures: the 95th percentile."""
    with tempfile.TemporaryDirectory() as folder:
        write_pairs(Store(Home.of(folder)))
        yield measured(Home.of(folder))


def measured(home: Home) -> Measured:
    """The gate's figure on a home that `write_pairs` filled."""
    desk = Desk(factory=Factory.open(home), who="a bench")
    places = Places.of("127.0.0.1", 3001)
    client = TestClient(make_app(desk, places), base_url="http://127.0.0.1:3001")
    started = time.perf_counter()
    total = desk.pairs.frame().height
    read_s = time.perf_counter() - started
    _page(client, "")
    taken = sorted(_pages(client))
    p95, median = taken[int(0.95 * len(taken))], statistics.median(taken)
    read = f"read at the start in {read_s:.1f} s"
    detail = f"ms at p95, median {median:.0f}, n {len(taken)}, among {total:,} pairs, {read}"
    return Measured(name="gallery_ms", ratio=p95, detail=detail)


def _pages(client: TestClient) -> Iterator[float]:
    """Pages of addresses in a drawn order, each going on where it was left."""
    drawn, ahead = random.Random(1), dict.fromkeys(ADDRESSES, "")
    for _ in range(PAGES):
        address = drawn.choice(ADDRESSES)
        took_ms, text = _page(client, ahead[address] or address)
        assert text.count('class="card"') == 48, address
        _, _, rest = text.partition('rel="next" href="/gallery?')
        ahead[address] = rest.partition('"')[0].replace("&amp;", "&")
        yield took_ms


def _page(client: TestClient, address: str) -> tuple[float, str]:
    started = time.perf_counter()
    answer = client.get(f"/gallery?{address}")
    took_ms = (time.perf_counter() - started) * 1e3
    assert answer.status_code == 200
    return took_ms, answer.text


def write_pairs(store: Store) -> None:
    """Fill a store: a million judged pairs, their paintings, the accepted ones, their sources."""
    scored = rows.scored_pairs(PAIRS)
    own = pl.concat_list("id")
    _append(store, ScoredPair, scored.with_columns(parent_ids=own))
    _append(store, EditPair, rows._whole(EditPair, scored))
    accepted = rows.accepted_pairs(ACCEPTED).with_columns(
        parent_ids=scored.head(ACCEPTED).select(own).to_series()
    )
    _append(store, AcceptedPair, accepted)
    _append(store, SourceImage, rows.source_images(PAIRS // rows.PAIRS_PER_IMAGE))
    for record in (ScoredPair, EditPair, AcceptedPair, SourceImage):
        rows._write_heads(store, record.TABLE)
    store.compact()


def _append(store: Store, record: type, frame: pl.DataFrame) -> None:
    store.append(record, frame.to_arrow())
