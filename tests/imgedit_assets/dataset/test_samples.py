"""What a release holds in memory at once."""

import dataclasses

import pytest

from imgedit_assets.dataset import samples
from resources.schema import AcceptedPair


def pair(name: str, width: int, height: int) -> AcceptedPair:
    empty = {"str": "", "int": 0, "float": 0.0, "float | None": None}
    columns = {
        f.name: empty.get(str(f.type), ())
        for f in dataclasses.fields(AcceptedPair)
        if f.default is dataclasses.MISSING
    }
    return AcceptedPair(**columns | {"id": name, "width": width, "height": height})


def test_pairs_are_rendered_in_groups_of_so_many_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "CHUNK_PIXELS", 100)
    sizes = {"a": (5, 10), "b": (10, 5), "c": (1, 1), "d": (90, 90), "e": (10, 10), "f": (1, 1)}
    rows = {name: pair(name, *size) for name, size in sizes.items()}
    groups = samples.by_pixels([{"id": name} for name in sizes], rows)
    assert [[f["id"] for f in some] for some in groups] == [["a", "b"], ["c"], ["d"], ["e"], ["f"]]
    assert list(samples.by_pixels([], rows)) == []
