"""The page of one sample, and the links that lead to it."""

import io
import json
import re
from base64 import b64decode
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import dagster as dg
import numpy as np
import pytest
from PIL import Image

from imgedit_assets.assets.inspection import sample_trace, trace_sample
from imgedit_assets.sample.links import sample_links, trace_url
from imgedit_assets.sample.quarantine import Selector, mark
from imgedit_assets.sample.trace import trace
from models.masks import Rle
from resources.dagster_factory import factory_resource
from resources.factory import Factory
from resources.home import Home
from resources.schema import AcceptedPair, Caption, ScoredPair, Version
from resources.store import Store
from tests.imgedit_assets.lineages import blank, chain, row, row_id, write

WIDTH, HEIGHT = 900, 700
ROOT = "a0" * 12
OPERATIONS = json.dumps(
    [
        {
            "edit_type": "remove",
            "subject": 0,
            "name": "dog",
            "target": {"key": "", "phrase": "", "look": ""},
        }
    ]
)


def mask() -> str:
    """The counts of a square in the middle."""
    inside = np.zeros((HEIGHT, WIDTH), np.bool_)
    inside[200:400, 300:600] = True
    return Rle.encode(inside).counts


def root(version_id: str = ROOT) -> Version:
    """Noise, which no codec makes small."""
    pixels = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return blank(Version, id=version_id, codec="source", payload=buffer.getvalue())


PAIR = {
    "instruction": "Remove the *dog* | <now>",
    "operations": OPERATIONS,
    "source_version_id": ROOT,
    "target_version_id": ROOT,
    "reference_version_id": ROOT,
    "width": WIDTH,
    "height": HEIGHT,
    "masks": (mask(),),
    "instruction_id": "dialogue",
    "turn": 1,
    "turns": 1,
}
SCORES = {"score": 2.5, "adherence": 2.0, "reason": "the dog is still there"}


@pytest.fixture
def store(factory: Factory) -> Store:
    """A store with one scored pair and its pictures."""
    store = factory.store
    store.insert(Version, [root()])
    write(store, chain("a", edit_pairs=PAIR, scored_pairs=PAIR | SCORES))
    return store


def pictures(page: str) -> list[bytes]:
    """Every picture of a page."""
    return [b64decode(data) for data in re.findall(r"base64,([^)]*)\)", page)]


def test_the_page_shows_pictures_scores_and_the_way_to_the_source(store: Store) -> None:
    page = trace(store, row_id("scored_pairs", "a"))
    assert len(pictures(page)) == 3
    assert "2.50" in page
    assert "the dog is still there" in page
    assert r"Remove the \*dog\* \| \<now\>" in page
    assert "/runs/run-edit_pairs" in page
    assert "/assets/edit_pairs?view=partitions&partition=remove%7Cfolder-0000" in page
    assert trace_url(row_id("source_images", "a")) in page


def test_the_mask_is_outlined_on_the_source_alone(store: Store) -> None:
    source, target, _ = (
        np.asarray(Image.open(io.BytesIO(p)).convert("RGB")).astype(int)
        for p in pictures(trace(store, row_id("scored_pairs", "a")))
    )
    edge_y, edge_x = int(200 * 360 / WIDTH), slice(140, 220)
    magenta = np.array([255, 0, 200])
    far = np.abs(source[edge_y, edge_x] - magenta).mean()
    assert far < 80 < np.abs(target[edge_y, edge_x] - magenta).mean()


def test_a_dialogue_shows_every_turn_and_the_page_stays_small(store: Store) -> None:
    turns = [
        row(
            "scored_pairs",
            str(turn),
            [row_id("edit_pairs", "a")],
            **PAIR | SCORES | {"turn": turn, "turns": 3, "instruction_id": "spoken"},
        )
        for turn in (2, 1, 3)
    ]
    write(store, turns)
    page = trace(store, turns[0].id)
    assert len(pictures(page)) == 9
    assert max(len(p) for p in pictures(page)) <= 30_000
    assert len(page) < 400_000
    assert page.index("Turn 1:") < page.index("Turn 2:") < page.index("Turn 3:")


def test_a_quarantined_ancestor_is_told_at_the_top(store: Store) -> None:
    pair = row_id("scored_pairs", "a")
    assert f"`imgedit quarantine {pair} --why" in trace(store, pair)
    made = mark(store, Selector(kind="row", value=row_id("masks", "a")), "blurred", "ann")
    page = trace(store, pair)
    assert page.index("quarantined by ann: blurred") < page.index("![source")
    assert f"`imgedit quarantine --undo {made.id}`" in page
    assert "--why" not in page


def test_pictures_that_are_gone_are_said_to_be(store: Store) -> None:
    store.forget(Version, f"id = '{ROOT}'")
    assert "not there any more" in trace(store, row_id("scored_pairs", "a"))
    store.forget(ScoredPair, f"id = '{row_id('scored_pairs', 'a')}'")
    assert "its pictures with it" in trace(store, row_id("scored_pairs", "a"))


@pytest.mark.parametrize("table", ["source_images", "captions", "detections", "masks"])
def test_any_row_has_a_page(store: Store, table: str) -> None:
    assert row_id(table, "a") in trace(store, row_id(table, "a"))


def materialised(store: Store, wanted: str) -> dg.ExecuteInProcessResult:
    """What `sample_trace` does with a row id, in a process of the store's home."""
    return dg.materialize(
        [sample_trace],
        resources={"factory": factory_resource(store.home, "embedded")},
        run_config={"ops": {"sample_trace": {"config": {"row_id": wanted}}}},
        raise_on_error=False,
    )


def test_the_asset_is_the_page(store: Store) -> None:
    result = materialised(store, row_id("scored_pairs", "a")[:12])
    (event,) = result.asset_materializations_for_node("sample_trace")
    assert "Where it came from" in str(event.metadata["trace"].value)


def test_an_unknown_id_fails_in_one_clear_line(store: Store) -> None:
    result = materialised(store, "0" * 24)
    assert not result.success
    (event,) = result.get_step_failure_events()
    error = event.step_failure_data.error
    assert error is not None
    assert "begins with 000000" in error.message
    assert error.cause is None


@pytest.mark.parametrize("record", [ScoredPair, AcceptedPair])
def test_links_lead_to_the_worst_and_the_best(record: Callable[..., ScoredPair]) -> None:
    rows = [
        blank(record, id=f"{i:024x}", score=float(i), instruction="Remove [it]." * 20)
        for i in range(9)
    ]
    links = sample_links(rows)
    assert links is not None
    scores = re.findall(r"^- (\d\.\d\d) ", links, re.MULTILINE)
    assert scores == ["0.00", "1.00", "2.00", "8.00", "7.00", "6.00"]
    assert r"Remove \[it\]." in links
    assert max(len(line) for line in links.splitlines()) < 400


def test_few_pairs_are_not_shown_twice() -> None:
    links = sample_links([blank(ScoredPair, id=f"{i:024x}", score=float(i)) for i in range(4)])
    assert links is not None
    assert links.count("](/locations") == 4


def test_other_rows_are_linked_by_id() -> None:
    assert sample_links([]) is None
    links = sample_links([blank(Caption, id=f"{i:024x}") for i in range(9)])
    assert links is not None
    assert links.count(f"{0:024x}`](/locations") == 1


def test_a_link_fills_in_the_launchpad_of_the_job() -> None:
    parts = urlsplit(trace_url("abcd"))
    assert parts.path == f"/locations/imgedit/jobs/{trace_sample.name}/playground/setup"
    (config,) = parse_qs(parts.query)["config"]
    made = dg.Definitions(
        assets=[sample_trace],
        jobs=[trace_sample],
        resources={"factory": factory_resource(Home.of(), "embedded")},
    )
    import yaml

    job = made.resolve_job_def(trace_sample.name)
    assert dg.validate_run_config(job, yaml.safe_load(config))
