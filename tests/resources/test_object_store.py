"""A home on an object store: folders sent whole, a holder for each partition, faults on the way."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from imgedit_assets.artefacts.pruning import look
from imgedit_assets.artefacts.publishing import (
    Artefact,
    Finding,
    content_id,
    no_proof,
    place,
    publish,
)
from imgedit_assets.cli.app import app
from imgedit_assets.graph import stage_of
from imgedit_assets.harness import materialise
from imgedit_assets.sample.descent import holdings
from models.faults import ImgEditError
from resources import retrying
from resources.factory import Factory
from resources.home import Home
from resources.leases import _Lease, leased
from resources.locks import LockError
from resources.object_store import (
    SENDING,
    are_there,
    at_hand,
    fetch,
    fetch_latest,
    keep,
    keep_report,
    opened,
    seal_there,
    send,
    to_write,
)
from resources.profile import load_profile
from resources.registration import register
from resources.releases.checksums import SUMS, Digests
from resources.releases.ours import seal_of
from resources.schema import Collection, Partition, SourceImage
from resources.sources.studio import StudioSource
from tests.resources.s3_server import Faults, s3_server

obstore = pytest.importorskip("obstore", reason="the extra `cluster` is missing")
pytest.importorskip("moto", reason="the extra `cluster-test` is missing")

LAB = "s3://bucket/lab"
RENEWING = _Lease.renew_until


@pytest.fixture(scope="module")
def server() -> Iterator[Faults]:
    with s3_server() as faults:
        yield faults


def test_a_server_begins_with_nothing() -> None:
    for _ in range(2):
        with s3_server():
            assert obstore.list(opened(LAB)).collect() == []
            obstore.put(opened(LAB), "left/behind", b"")


def _checkpoint(home: Home, name: str) -> Path:
    folder = home.judges / "small" / name
    folder.mkdir(parents=True)
    with Digests(folder) as digests:
        digests.write("sub/weights", bytes(9_000_000))
        digests.write_sums()
    return folder


def test_a_folder_arrives_whole_and_latest_names_it(server: Faults, tmp_path: Path) -> None:
    here, there = Home(LAB, tmp_path / "here"), Home(LAB, tmp_path / "there")
    server.slow_down, server.cut = 3, 1
    for name in ("small-000000000001", "small-000000000002"):
        keep(here, _checkpoint(here, name), print)
    fetch_latest(there, there.judges / "small")

    assert server.met == ["slow down"] * 3 + ["cut"]
    fetched = (there.judges / "small" / "latest").resolve()
    assert fetched.name == "small-000000000002"
    assert (fetched / "sub" / "weights").stat().st_size == 9_000_000
    assert send(fetched, f"{LAB}/judges/small/{fetched.name}") == 0
    with at_hand(f"{LAB}/judges/small/latest") as folder:
        assert (folder / "sub" / "weights").stat().st_size == 9_000_000


def test_an_outage_is_waited_for(server: Faults, tmp_path: Path) -> None:
    (tmp_path / "rows").write_text("all")
    server.met.clear()
    # More than ten, where the libraries would give up of their own accord, within two seconds.
    server.gone = 15
    assert send(tmp_path, f"{LAB}/releases/late") == 3
    assert server.met == ["gone"] * 15


def test_whoever_waits_is_told(
    server: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMGEDIT_HOME", LAB)
    monkeypatch.setattr(retrying, "SAY_AFTER_S", 0.3)
    server.gone = 15
    done = CliRunner().invoke(app, ["status"])
    assert done.exit_code == 0
    assert f"still waiting for {LAB}/tables after 0 s" in done.stderr


def test_a_report_of_another_machine_is_here_when_a_command_starts(
    server: Faults, tmp_path: Path
) -> None:
    here, there = Home(LAB, tmp_path / "here"), Home(LAB, tmp_path / "there")
    report, seen = (home.folder / "reports" / "judge_agreement" / "small" for home in (here, there))
    report.mkdir(parents=True)
    for text, names in (("old", ["figures.json", "plot.png"]), ("new", ["figures.json"])):
        (report / "plot.png").unlink(missing_ok=True)
        for name in names:
            (report / name).write_text(text)
        keep_report(here, report)
        Factory.of(there, load_profile())
        assert (seen / "figures.json").read_text() == text
        time.sleep(1.1)  # a store dates to the second
    fresh = Home(LAB, tmp_path / "fresh")
    Factory.of(fresh, load_profile())
    assert [p.name for p in (fresh.folder / report.relative_to(here.folder)).iterdir()] == names

    # What was written here and is not sent yet stays.
    (seen / "figures.json").write_text("newer")
    Factory.of(there, load_profile())
    assert (seen / "figures.json").read_text() == "newer"


def test_a_file_that_names_the_latest_is_followed_where_links_cannot_be(tmp_path: Path) -> None:
    made = tmp_path / "lab-000000000001"
    made.mkdir()
    (tmp_path / "latest").write_text(f"{made.name}\n")
    with at_hand(str(tmp_path / "latest")) as folder:
        assert folder == made


def test_half_a_folder_is_not_taken_for_one(server: Faults, tmp_path: Path) -> None:
    (tmp_path / "rows").write_text("half")
    send(tmp_path, f"{LAB}/releases/half")
    with pytest.raises(ImgEditError, match="not sent whole"), at_hand(f"{LAB}/releases/half"):
        pass
    with pytest.raises(ImgEditError, match="NoSuchBucket"):
        send(tmp_path, "s3://no-such-bucket/x")


def _words(times: list[Path]) -> Artefact[Finding]:
    def write(root: Path, digests: Digests) -> None:
        times.append(root)
        digests.write("words.txt", b"made so often: %d\n" % len(times))

    return Artefact(
        kind="corpus",
        shelf="corpora",
        name="words",
        version=content_id("corpus"),
        row_ids=("a",),
        write=write,
        prove=no_proof,
    )


def test_what_one_machine_has_made_another_knows_and_does_not_make(
    server: Faults, tmp_path: Path
) -> None:
    here, there = (Factory.of(Home(LAB, tmp_path / name), load_profile()) for name in "ab")
    times: list[Path] = []
    made = publish(here, _words(times), run_id="r").folder
    (known,) = holdings(there.store, ["a"])
    address = f"{LAB}/corpora/{made.name}"
    assert (known.path, known.is_there) == (address, True)
    assert look(there.store, there.home.folder, keep=0, tell=print) == []

    again = publish(there, _words(times), run_id="r").folder
    assert again == Path(there.home.here(address)) != made
    assert len(times) == 1
    assert (again / "words.txt").read_bytes() == (made / "words.txt").read_bytes()
    assert [held.id for held in holdings(here.store, ["a"])] == [known.id]
    assert [found.folder for found in look(there.store, there.home.folder, keep=0, tell=print)] == [
        again
    ]

    obstore.delete(opened(LAB), [f"corpora/{made.name}/{SUMS}"])
    assert [held.is_there for held in holdings(here.store, ["a"])] == [False]
    elsewhere = ("s3://bucket/nothing-here", ""), ("unknown://cannot/be-asked", "")
    assert are_there(Home.of(tmp_path), [(str(made), ""), *elsewhere]) == [True, False, True]


def test_an_export_is_recorded_where_it_went_and_replaces_none(
    server: Faults, tmp_path: Path
) -> None:
    factory, out = Factory.of(Home(LAB, tmp_path), load_profile()), f"{LAB}-out/pairs"
    with to_write(out) as folder:
        place(factory, _words([]), folder, address=out)
    held = [(held.name, held.path) for held in holdings(factory.store, ["a"])]
    assert ("pairs", out) in held
    with pytest.raises(ImgEditError, match="is not empty: give another place"), to_write(out):
        pass
    with pytest.raises(ImgEditError, match="is not empty"), to_write("s3://bucket"):
        pass
    with pytest.raises(ImgEditError, match="NoSuchBucket"), to_write("s3://no-such-bucket/x"):
        pass


def _folder(place: Path, text: str, *more: str) -> Path:
    """Two files and those named, all of which hold a text."""
    place.mkdir()
    with Digests(place) as digests:
        for name in ("one", "two", *more):
            digests.write(name, text.encode())
        digests.write_sums()
    return place


def _texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.name != SUMS}


class KilledError(Exception):
    pass


@contextmanager
def killed_after(writes: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Writes that a store does before whoever asks for them is killed; the names it has put."""
    names: list[str] = []
    steps = itertools.count()

    def step(what: Callable[..., object]) -> Callable[..., object]:
        def tried(store: object, name: object, *rest: object) -> object:
            if next(steps) >= writes:
                raise KilledError
            names.extend([name] if isinstance(name, str) else [])
            return what(store, name, *rest)

        return tried

    with monkeypatch.context() as patched, suppress(KilledError):
        patched.setattr("resources.object_store._AT_ONCE", 1)
        for write in ("put", "delete"):
            patched.setattr(obstore, write, step(getattr(obstore, write)))
        yield names


# A note of what is sent, files, their list; then the note goes.
@pytest.mark.parametrize(("first", "second"), [*itertools.product(range(7), range(7))])
def test_of_two_that_are_killed_while_sending_one_arrives_whole(
    server: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: int, second: int
) -> None:
    uri = f"{LAB}/killed/{first}-{second}"
    theirs, ours = _folder(tmp_path / "a", "their", "more"), _folder(tmp_path / "b", "these")
    for folder, writes in ((theirs, first), (ours, second)):
        with killed_after(writes, monkeypatch):
            send(folder, uri)
    send(ours, uri)
    send(theirs, uri)
    fetch(uri, tmp_path / "fetched")

    whole = theirs if first >= 5 else ours
    assert _texts(tmp_path / "fetched") == _texts(whole)
    send(whole, uri)
    left = {found["path"] for found in obstore.list(opened(uri)).collect()}
    assert left == {SUMS, *_texts(whole)}


def test_what_was_sent_before_a_kill_is_not_sent_again(
    server: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri, made = f"{LAB}/killed/once", _folder(tmp_path / "a", "these")
    with killed_after(3, monkeypatch) as names:
        send(made, uri)
    assert names == [SENDING, "one", "two"]
    assert send(made, uri) == (made / SUMS).stat().st_size
    assert send(made, uri) == 0
    obstore.delete(opened(uri), ["two"])
    assert send(made, uri) == len("these")


def test_a_folder_that_changed_on_the_store_is_not_taken(server: Faults, tmp_path: Path) -> None:
    uri, made = f"{LAB}/changed", _folder(tmp_path / "a", "these")
    send(made, uri)
    _folder(tmp_path / ".whole.fetched", "of a killed call", "more")
    fetch(uri, tmp_path / "whole")
    assert _texts(tmp_path / "whole") == _texts(made)
    obstore.put(opened(uri), "two", b"other")
    with pytest.raises(ImgEditError, match="two is not what SHA256SUMS says"):
        fetch(uri, tmp_path / "b")
    obstore.put(opened(uri), SUMS, f"{'0' * 64}  ../outside\n".encode())
    with pytest.raises(ImgEditError, match="is damaged"):
        fetch(uri, tmp_path / "b")
    assert {path.name for path in tmp_path.iterdir() if path.suffix != ".lock"} == {"a", "whole"}


def test_of_two_that_made_the_same_the_record_is_of_the_one_that_stands(
    server: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = (Factory.of(Home(f"{LAB}-2", tmp_path / n), load_profile()) for n in "ab")
    times: list[Path] = []
    for factory in (one, two):
        with monkeypatch.context() as patched:
            patched.setattr("imgedit_assets.artefacts.publishing.keep", _kill)
            with pytest.raises(KilledError):
                publish(factory, _words(times), run_id="r")
    assert len(times) == 2
    for factory in (one, two, one):
        made = publish(factory, _words(times), run_id="r").folder
        assert [held.is_there for held in holdings(factory.store, ["a"])] == [True]
    assert len(times) == 2
    (held,) = one.store.select(Collection)
    assert held.seal == seal_there(one.home, made) == seal_of(made)


def _kill(*_: object) -> None:
    raise KilledError


def test_a_lease_is_held_by_one_and_expires_with_its_holder(server: Faults) -> None:
    dead = _Lease(store=opened(LAB), path="leases/a", what="a", expires_s=1)
    assert dead.take() == ""
    told: list[str] = []
    with leased(LAB, "a", "partition a", expires_s=1):
        assert dead.take().startswith("pid ")
        entered = threading.Event()

        def next_one() -> None:
            with leased(LAB, "a", "partition a", tell=told.append, expires_s=1):
                entered.set()

        waiting = threading.Thread(target=next_one)
        waiting.start()
        assert not entered.wait(2.5)  # it is renewed for longer than it would live
    waiting.join()
    assert entered.is_set()
    assert "loses it within 1 s" in told[0]


def test_a_holder_that_slept_is_told(server: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Lease, "renew_until", lambda lease, ended: _overtaken(lease))
    held = leased(LAB, "b", "partition b", expires_s=0.2)
    with pytest.raises(LockError, match="another has taken it over"), held:
        pass


def _overtaken(lease: _Lease) -> None:
    """What a holder finds that was stopped for longer than its lease."""
    thief = _Lease(store=lease.store, path=lease.path, what="b", expires_s=0)
    assert thief.take() == ""
    RENEWING(lease, threading.Event())


def test_rows_are_made_once_through_slow_downs_and_cut_connections(
    server: Faults, tmp_path: Path
) -> None:
    factory = Factory.of(Home(LAB, tmp_path), load_profile())
    source = StudioSource(shards=1, scenes_per_shard=2, clips_per_shard=0)
    (shard,) = register(factory.store, source, shard_size=2).shards
    stage = stage_of(factory, Partition.of(SourceImage, shard=shard))
    server.met.clear()
    server.slow_down, server.cut, server.unheard = 3, 2, 12
    report = materialise(stage)
    again = materialise(stage_of(factory, stage.partition))

    assert len(server.met) == 17
    assert (report.rows, report.computed, again.computed) == (2, 2, 0)
    assert factory.store.count(SourceImage) == 2
