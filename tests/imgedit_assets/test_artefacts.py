"""The harness of artefacts: written once, proven before it is seen, recorded, and told as stale."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typer.testing import CliRunner

from imgedit_assets.artefacts.publishing import Artefact, content_id, place, publish
from imgedit_assets.artefacts.staleness import stale
from imgedit_assets.cli.app import app
from imgedit_assets.sample.descent import holdings
from imgedit_assets.sample.quarantine import Selector, mark
from models.faults import ImgEditError
from resources.factory import Factory
from resources.home import Home
from resources.releases.checksums import SUMS, Digests
from resources.schema import AcceptedPair, Collection
from tests.imgedit_assets.lineages import blank, chain, row_id, write


@dataclass(frozen=True)
class Look:
    """A finding."""

    passed: bool


@dataclass
class Maker:
    """Makes small artefacts, and counts how often."""

    factory: Factory
    times: int = 0
    is_sound: bool = True
    seen: list[Path] = field(default_factory=list)

    def artefact(self, *rows: str, parents: tuple[str, ...] = ()) -> Artefact[Look]:
        return Artefact(
            kind="corpus",
            shelf="corpora",
            name="words",
            version=content_id("corpus", *rows, *parents),
            row_ids=rows,
            parent_ids=parents,
            write=self._write,
            prove=self._prove,
        )

    def _write(self, root: Path, digests: Digests) -> None:
        self.times += 1
        digests.write("data/words.txt", b"made so often: %d\n" % self.times)

    def _prove(self, root: Path) -> Sequence[Look]:
        assert (root / SUMS).is_file()
        self.seen.append(root)
        return [Look(passed=self.is_sound)]

    @property
    def shelf(self) -> Path:
        return self.factory.home.folder / "corpora"

    def collections(self) -> list[Collection]:
        return self.factory.store.select(Collection)


@pytest.fixture
def maker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Maker:
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "240")
    return Maker(factory=Factory.open(Home.of(tmp_path / "home"), profile="embedded"))


def test_the_same_content_is_written_once_and_proven_each_time(maker: Maker) -> None:
    first = publish(maker.factory, maker.artefact("a"), run_id="r1")
    again = publish(maker.factory, maker.artefact("a"), run_id="r2")
    assert (first.folder, first.n_bytes, first.files) == (again.folder, again.n_bytes, again.files)
    assert maker.times == 1
    assert maker.seen[1] == first.folder != maker.seen[0]
    (held,) = maker.collections()
    assert (held.path, held.row_ids, held.run_id) == (str(first.folder), ("a",), "r1")
    assert (maker.shelf / "latest").resolve() == first.folder

    other = publish(maker.factory, maker.artefact("a", "b"), run_id="r3")
    assert (maker.shelf / "latest").resolve() == other.folder != first.folder
    assert len(maker.collections()) == 2


def test_what_fails_its_proof_is_neither_seen_nor_recorded(maker: Maker) -> None:
    good = publish(maker.factory, maker.artefact("a"), run_id="r")
    maker.is_sound = False
    bad = publish(maker.factory, maker.artefact("b"), run_id="r")
    assert not bad.is_proven
    assert not bad.folder.exists()
    assert (maker.shelf / "latest").resolve() == good.folder
    assert [held.name for held in maker.collections()] == [good.folder.name]
    maker.is_sound = True
    assert publish(maker.factory, maker.artefact("b"), run_id="r").folder.is_dir()


def test_one_with_a_file_missing_is_not_taken_for_whole(maker: Maker) -> None:
    made = publish(maker.factory, maker.artefact("a"), run_id="r")
    (made.folder / "data" / "words.txt").unlink()
    with pytest.raises(ImgEditError, match=r"data/words\.txt is missing; move away"):
        publish(maker.factory, maker.artefact("a"), run_id="r")
    assert maker.times == 1


def test_a_killed_run_leaves_no_folder_that_lineage_does_not_know(maker: Maker) -> None:
    class KilledError(Exception):
        pass

    def insert_and_die(record: type[Collection], rows: Sequence[Collection]) -> None:
        type(maker.factory.store).upsert(maker.factory.store, record, rows)
        raise KilledError

    maker.factory.store.upsert = insert_and_die  # type: ignore[method-assign, assignment]
    with pytest.raises(KilledError):
        publish(maker.factory, maker.artefact("a"), run_id="r")
    del maker.factory.store.upsert  # type: ignore[method-assign]
    (known,) = holdings(maker.factory.store, ["a"])
    assert not known.is_there
    publish(maker.factory, maker.artefact("a"), run_id="r")
    (known,) = holdings(maker.factory.store, ["a"])
    assert known.is_there


def test_another_in_its_place_does_not_stand_for_it(maker: Maker, tmp_path: Path) -> None:
    place(maker.factory, maker.artefact("a"), tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / "moved")
    place(maker.factory, maker.artefact("b"), tmp_path / "out")
    assert [h.is_there for h in holdings(maker.factory.store, ["a"])] == [False]
    assert [h.is_there for h in holdings(maker.factory.store, ["b"])] == [True]


def test_what_holds_a_quarantined_row_is_stale_and_so_is_what_is_made_from_it(
    maker: Maker,
) -> None:
    store = maker.factory.store
    rows = [*chain("a", source_images={"uri": "file:///a.png"}), *chain("b")]
    write(store, rows)
    bad, good = row_id("accepted_pairs", "a"), row_id("accepted_pairs", "b")
    release = publish(maker.factory, maker.artefact(bad, good), run_id="r").folder
    (held,) = maker.collections()
    sound = publish(maker.factory, maker.artefact(good), run_id="r").folder
    below = publish(maker.factory, maker.artefact(parents=(held.id,)), run_id="r").folder
    assert stale(store) == ()

    mark(store, Selector(kind="source", value="file:///a.png"), "no licence", "ann")
    for _ in range(2):
        found = {h.path: h.rows for h in stale(store)}
        assert found == {str(release): 1, str(below): 0}
        assert str(sound) not in found
        # Also when the pair has left: only its node tells where it came from.
        store.forget(AcceptedPair, f"id = '{bad}'")
    said = json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)["stale"]
    assert [held["name"] for held in said] == [release.name, below.name]
    assert release.name in CliRunner().invoke(app, ["status"]).stdout
    below.rename(below.with_name("away"))
    assert [h.path for h in stale(store)] == [str(release)]


def test_a_row_from_before_seals_is_taken_at_its_word(maker: Maker, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    store = maker.factory.store
    store.insert(Collection, [blank(Collection, id="o", path=str(folder), row_ids=("a",))])
    assert [h.is_there for h in holdings(store, ["a"])] == [False]
    folder.mkdir()
    (folder / SUMS).write_text(f"{'0' * 64}  a\n")
    assert [h.is_there for h in holdings(store, ["a"])] == [True]
