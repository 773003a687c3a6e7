"""Pictures for a release: how many are held at once, and that no damaged byte leaves the store."""

import dataclasses
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from imgedit_assets.artefacts.publishing import no_proof
from imgedit_assets.dataset import release, samples
from imgedit_assets.dataset.release_plan import plan_release
from imgedit_assets.dataset.samples import renditions
from models.geometry import Box, Rgb
from models.painting import Painting
from models.versions import Codec, Patch
from resources.factory import Factory
from resources.home import Home
from resources.lance_tables import StoreError
from resources.releases.checksums import Digests
from resources.releases.renditions import encode
from resources.releases.sample import EncodedImage
from resources.schema import AcceptedPair, Rendition, Version
from resources.store import Store

PIXELS: Rgb = np.random.default_rng(0).integers(0, 255, (24, 32, 3), np.uint8)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A root, and an edit of it."""
    store = Store(Home.of(tmp_path))
    box = Box(4, 4, 12, 12)
    alpha = np.ones((8, 8), np.bool_)
    painting = Painting(rgb=np.zeros((8, 8, 3), np.uint8), alpha=alpha, box=box)
    patch = Patch.of(painting, lossless=True)
    root = Version(
        id="root",
        parent_id="",
        row_id="image1",
        asset="source_images",
        partition="photos-0000",
        codec=Codec.SOURCE,
        x0=0,
        y0=0,
        x1=32,
        y1=24,
        payload=encode(PIXELS).payload,
    )
    edit = replace(
        root,
        id="edit",
        parent_id="root",
        row_id="pair1",
        asset="edit_pairs",
        partition="alter|photos-0000",
        codec=patch.codec,
        x0=box.x0,
        y0=box.y0,
        x1=box.x1,
        y1=box.y1,
        payload=patch.payload,
        sha256="",
    )
    store.insert(Version, [root, edit])
    return store


def published(store: Store, *ids: str) -> dict[str, EncodedImage]:
    with ThreadPoolExecutor(2) as pool:
        return renditions(store, ids, pool)


def spoil(store: Store, version_id: str) -> None:
    """Other pixels, which decode, under the digest of the old ones."""
    (version,) = store.select(Version, f"id = '{version_id}'")
    other = encode(255 - PIXELS[: version.y1 - version.y0, : version.x1 - version.x0]).payload
    store.upsert(Version, [replace(version, payload=other)])


@pytest.mark.parametrize(("damaged", "row"), [("root", "image1"), ("edit", "pair1")])
def test_a_damaged_version_is_named_with_the_remedy_and_not_published(
    store: Store, damaged: str, row: str
) -> None:
    spoil(store, damaged)
    with pytest.raises(StoreError, match=f"version {damaged} of .*photos-0000, is damaged") as told:
        published(store, "root", "edit")
    assert f"imgedit quarantine {row} --why" in str(told.value)
    assert "versions.lance from a backup" in str(told.value)


def test_a_damaged_rendition_is_made_again_and_kept(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    sound = published(store, "edit")["edit"]
    (kept,) = store.select(Rendition)
    store.upsert(Rendition, [replace(kept, payload=kept.payload[:-9] + bytes(9))])
    assert published(store, "edit")["edit"] == sound
    assert store.select(Rendition) == [kept]
    assert "rendition edit is damaged" in caplog.text


def test_a_table_of_versions_without_digests_is_still_read(tmp_path: Path, store: Store) -> None:
    import lancedb

    rows = store.select(Version)
    old = lancedb.connect(tmp_path / "old" / "tables")
    whole = lancedb.connect(tmp_path / "tables").open_table("versions").to_arrow()
    old.create_table("versions", whole.drop_columns(["sha256"]))
    reopened = Store(Home.of(tmp_path / "old"))
    assert sorted(reopened.select(Version), key=lambda v: v.id) == sorted(rows, key=lambda v: v.id)
    assert published(reopened, "root", "edit").keys() == {"root", "edit"}


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


def test_a_release_that_cannot_be_written_leaves_no_thread_at_work(
    factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = threading.Event()

    def groups(*_: object) -> Iterator[list[str]]:
        yield ["first"]
        taken.set()
        yield ["second"]

    def unwritten(root: Path, digests: Digests, samples: Iterator[str], **_: object) -> None:
        next(samples)
        assert taken.wait(60)
        message = "no space left on device"
        raise OSError(message)

    monkeypatch.setattr(samples, "_groups", groups)
    monkeypatch.setattr(release, "write_release", unwritten)
    monkeypatch.setattr(release, "card_facts", lambda *_: None)
    before = set(threading.enumerate())
    write = release.release(factory, plan_release(factory), prove=no_proof).write
    with pytest.raises(OSError, match="no space left") as kept, Digests(factory.home.folder) as to:
        write(factory.home.folder, to)
    names = [t.name for t in set(threading.enumerate()) - before]
    assert kept.tb is not None  # which keeps the generator
    assert not [name for name in names if name.startswith("ahead")]
