"""Items survive JSON, URIs survive any file name."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.annotation import AnnotatedObject, Annotation
from models.faults import Fault, Reason
from resources.sources.item import SourceItem
from resources.uris import file_uri, path_of, shard_prefix

FAULT = Fault(reason=Reason.BAD_ANNOTATION, detail="box of 'cat' \n is \"out\"")


def test_an_item_survives_json() -> None:
    item = SourceItem(
        uri="file:///a%20b.jpg",
        kind="frame",
        clip="прыжок",
        t_s=1.5,
        annotation=Annotation(
            caption="a cat", objects=(AnnotatedObject(name="cat", box=(1, 2.5, 3, 4)),)
        ),
        licence="CC0-1.0",
        attribution="Élise",
        fault=FAULT,
        issues=(FAULT, FAULT),
    )
    assert SourceItem.from_json(item.to_json()) == item
    assert SourceItem.from_json(SourceItem(uri="studio://scene/1").to_json()).fault is None


@given(st.binary(min_size=1, max_size=40).filter(lambda b: not {0, 47} & set(b)))
def test_any_file_name_survives_its_uri(name: bytes) -> None:
    path = Path(os.fsdecode(b"/data/" + name))
    uri = file_uri(path, fragment="row=3")
    assert path_of(uri) == path
    assert re.fullmatch(r"[!-~]+", uri)


@pytest.mark.parametrize("name", ["Holiday Photos!", "фото", "a|b[c],d", "x" * 90, "--"])
def test_shard_prefixes_are_plain_and_differ_by_place(tmp_path: Path, name: str) -> None:
    here, there = shard_prefix("folder", tmp_path / name), shard_prefix("folder", Path("/") / name)
    assert re.fullmatch(r"folder-[a-z0-9]([a-z0-9-]*[a-z0-9])?", here)
    assert here != there
    assert len(here) < 45
