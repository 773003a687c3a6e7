"""Which partitions a run passes over: what is asked for it, and what is noticed all the same."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
from skimage import data

from imgedit_assets.graph import stage_of
from imgedit_assets.harness import materialise
from imgedit_assets.spans import made_keys
from imgedit_assets.up_to_date import up_to_date
from models.images import encode_jpeg
from resources.factory import Factory
from resources.registration import register, registered_shards
from resources.schema import Head, Partition, Sheet, SourceImage, SourceItemRow, Unit
from resources.sources.folder import FolderSource
from resources.store import Store

MADE = ("source_images", "video_frames")


@pytest.fixture
def shard(factory: Factory, tmp_path: Path) -> str:
    """One photograph, read; the shard has no frames, and its images were not measured."""
    (tmp_path / "photographs").mkdir()
    picture = encode_jpeg(data.astronaut()[:300, :300], 90)
    (tmp_path / "photographs" / "one.jpg").write_bytes(picture)
    register(factory.store, FolderSource(tmp_path / "photographs"), shard_size=1)
    (shard,) = registered_shards(factory.store)
    for asset in MADE:
        materialise(stage_of(factory, Partition(asset, shard)))
    return shard


def found_done(factory: Factory, shard: str) -> list[str]:
    """Those of the assets that are, as a new look finds them."""
    with up_to_date(factory, lambda _: {shard}) as is_done:
        return [asset for asset in (*MADE, "measured_images") if is_done(asset, shard)]


def test_nobody_looks_at_rows_of_which_nothing_has_changed(
    factory: Factory, shard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Store._read
    asked = []
    monkeypatch.setattr(
        Store, "_read", lambda self, some: asked.extend(s.record for s in some) or read(self, some)
    )
    with up_to_date(factory, lambda _: {shard}) as is_done:
        assert all(is_done(asset, shard) for asset in MADE)
        assert not is_done("source_images", "elsewhere")
    assert sorted(asked, key=lambda r: r.TABLE) == [Head, Sheet, SourceItemRow]


@pytest.mark.parametrize(
    ("lose", "left"),
    [
        (lambda f: f.store.forget(Unit, "true"), ["video_frames"]),
        (lambda f: f.store.forget(Sheet, "true"), []),
        (lambda f: f.store.forget(Head, "asset = 'video_frames'"), ["source_images"]),
        (lambda f: f.store.upsert(Head, [failed(f)]), ["video_frames"]),
    ],
)
def test_what_is_missing_is_noticed(
    factory: Factory, shard: str, lose: Callable[[Factory], None], left: list[str]
) -> None:
    assert found_done(factory, shard) == list(MADE)
    lose(factory)
    assert found_done(factory, shard) == left


def failed(factory: Factory) -> Head:
    """The head of the images, with a fault of a worker."""
    (head,) = factory.store.heads("source_images")
    return replace(head, rejects='{"worker_error":1}')


def test_what_is_made_of_rows_that_are_lost_is_not_up_to_date(factory: Factory, shard: str) -> None:
    materialise(stage_of(factory, Partition("measured_images", shard)))
    assert "measured_images" in found_done(factory, shard)
    factory.store.forget(SourceImage, "true")
    assert "measured_images" not in found_done(factory, shard)


def test_a_head_that_tells_no_origin_is_told_once_its_rows_were_seen(
    factory: Factory, shard: str
) -> None:
    before = factory.store.heads()
    factory.store.upsert(Head, [replace(head, origin="") for head in before])
    assert found_done(factory, shard) == list(MADE)
    assert {h.id: h for h in factory.store.heads()} == {h.id: h for h in before}
    assert all(head.origin for head in before)


def test_a_head_that_was_finished_anew_keeps_its_own(factory: Factory, shard: str) -> None:
    (head,) = factory.store.heads("source_images")
    factory.store.upsert(Head, [newer := replace(head, run_id="another", origin="its own")])
    factory.store.note([replace(head, origin="of before")])
    assert factory.store.heads("source_images") == [newer]


def test_what_was_made_is_what_dagster_shows_as_made() -> None:
    shards = dg.StaticPartitionsDefinition(["good", "bad", "mended", "spoiled", "unmade"])

    @dg.asset(partitions_def=shards, name="captions")
    def captions(context: dg.AssetExecutionContext) -> None:
        if context.run.tags.get("fails"):
            raise dg.Failure

    with dg.instance_for_test() as instance:

        def run(key: str, *, fails: bool) -> None:
            dg.materialize(
                [captions],
                instance=instance,
                partition_key=key,
                raise_on_error=False,
                tags={"fails": "1"} if fails else {},
            )

        for key, faults in {"good": "0", "bad": "1", "mended": "10", "spoiled": "01"}.items():
            for fault in faults:
                run(key, fails=fault == "1")
        shown = instance.get_status_by_partition(captions.key, shards.get_partition_keys(), shards)
        assert shown
        made = {k for k, s in shown.items() if s is dg.AssetPartitionStatus.MATERIALIZED}
        assert made_keys(instance, "captions") == made == {"good", "mended"}
