"""A small home for pages: pairs that were accepted and not, a dialogue, names that are HTML."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from imgedit_assets.pages.app import make_app
from imgedit_assets.pages.desk import Desk
from models.masks import Rle
from resources.factory import Factory
from resources.home import Home
from resources.instance import open_instance
from resources.schema import BenchmarkScore, Head, Partition, Reject, Row, Version
from resources.webplaces import Places
from tests.imgedit_assets.lineages import EDIT_TYPE, SHARD, blank, chain, head, row, row_id, write

OWN = "http://127.0.0.1:3001"
HTML = "<img src=x onerror=alert(1)>\"'&"
WIDTH, HEIGHT = 60, 40
BEFORE, AFTER, LATER = "a0" * 12, "b1" * 12, "c2" * 12
KEY = f"{EDIT_TYPE}|{SHARD}"

GOOD, BAD = (row_id("scored_pairs", name) for name in ("good", "bad"))
TURNS = tuple(row_id("scored_pairs", f"turn {n}") for n in (1, 2))


def inside() -> np.ndarray[Any, Any]:
    """What is edited: a square."""
    made = np.zeros((HEIGHT, WIDTH), np.bool_)
    made[10:20, 10:30] = True
    return made


def _version(version_id: str, level: int) -> Version:
    pixels = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    pixels[inside()] = level
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    payload = buffer.getvalue()
    return blank(Version, id=version_id, asset="source_images", codec="source", payload=payload)


def _rows(name: str, score: float, failure: float | None = None, **columns: Any) -> list[Row]:
    pair = {
        "instruction_id": row_id("instructions", name),
        "instruction": f"Remove the {name} one",
        "root_version_id": BEFORE,
        "source_version_id": BEFORE,
        "target_version_id": AFTER,
        "width": WIDTH,
        "height": HEIGHT,
        "masks": (Rle.encode(inside()).counts,),
        "changed_frac": 200 / 2400,
        **columns,
    }
    named = ("score", "adherence", "quality", "preservation", "dialogue_score")
    scores: dict[str, Any] = dict.fromkeys(named, score)
    scores |= {"reason": f"because {HTML}", "judge": "metric 5", "oracle_failure": failure}
    return chain(
        name,
        source_images={"uri": f"file:///{HTML}.png", "version_id": BEFORE},
        edit_pairs=pair | {"seed": 77},
        scored_pairs=pair | scores,
        accepted_pairs=pair | scores,
    )


def small_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A home with four judged pairs: one accepted, one not, and a dialogue of two turns."""
    monkeypatch.setenv("IMGEDIT_HOME", str(home))
    monkeypatch.setenv("IMGEDIT_PROFILE", "embedded")
    monkeypatch.setenv("DAGSTER_HOME", "")
    store = Factory.open(Home.of(home)).store
    levels = {BEFORE: 90, AFTER: 200, LATER: 20}
    store.insert(Version, [_version(name, level) for name, level in levels.items()])
    dialogue = {"instruction_id": "talk", "turns": 2}
    made = [
        *_rows("good", 5.0, failure=0.0),
        *_rows("bad", 2.0, instruction=f"Remove {HTML}", failure=0.75)[:-1],
        *_rows("turn 1", 4.5, turn=1, **dialogue)[:-1],
        *_rows("turn 2", 2.5, turn=2, source_version_id=AFTER, target_version_id=LATER, **dialogue)[
            :-1
        ],
    ]
    verdict = {"status": "scored", "task": "remove", "case_id": "1", "cluster": "1"}
    for editor, score in (("oracle", 5.0), ("copy-input", 1.0)):
        shown = {"source_version_id": BEFORE, "target_version_id": AFTER, "instruction": HTML}
        told = verdict | shown | {"suite": "studio-basic", "editor": editor, "score": score}
        made.append(row(BenchmarkScore.TABLE, editor, **told, judge="metric", reason=HTML))
    write(store, made)
    rejects = [
        blank(
            Reject,
            id=name,
            asset="accepted_pairs",
            partition=KEY,
            parent_ids=ids,
            reason="low_score",
            detail=HTML,
        )
        for name, ids in (("bad", (BAD,)), ("talk", TURNS))
    ]
    store.insert(Reject, rejects)
    store.upsert(Head, [head(Partition("dialogues", KEY), ())])
    with open_instance() as instance:
        instance.add_dynamic_partitions("shard", [SHARD])
    return Desk(factory=Factory.open(Home.of(home)), who="ann")


def client(desk: Desk) -> TestClient:
    """A way to ask for the pages of a desk."""
    app = make_app(desk, Places.of("127.0.0.1", 3001))
    return TestClient(app, base_url=OWN, headers={"Origin": OWN})
