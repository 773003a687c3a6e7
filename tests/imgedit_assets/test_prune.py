"""`imgedit prune`: what goes, what stays and why, and what is never touched."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from imgedit_assets.artefacts.pruning import look, remove
from imgedit_assets.artefacts.publishing import (
    Artefact,
    Finding,
    content_id,
    no_proof,
    place,
    publish,
)
from imgedit_assets.cli.app import app
from imgedit_assets.sample.descent import holdings
from resources.factory import Factory
from resources.releases.checksums import SUMS, Digests
from resources.releases.folder import MARK, published_once, staged
from resources.releases.latest import point_to
from resources.releases.tree import weigh
from resources.schema import Collection


@pytest.fixture
def factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Factory:
    """A home with releases a, b, c and d."""
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "240")
    opened = Factory.open(profile="embedded")
    for number, name in enumerate("abcd"):
        folder = made(opened, name)
        # Seconds tell them apart.
        (row,) = (r for r in opened.store.select(Collection) if r.path == str(folder))
        opened.store.upsert(Collection, [replace(row, made_at=f"2026-11-0{number + 1}")])
    return opened


def small(name: str, *parents: str, kind: str = "release") -> Artefact[Finding]:
    """An artefact of two files that holds one row."""

    def write(root: Path, digests: Digests) -> None:
        digests.write("data/train.parquet", name.encode() * 1000)
        digests.write("README.md", b"read me")

    return Artefact(
        kind=kind,
        shelf=f"{kind}s",
        name=name,
        version=content_id(kind, name),
        row_ids=(name,),
        parent_ids=parents,
        write=write,
        prove=no_proof,
    )


def made(factory: Factory, name: str, *parents: str, kind: str = "release") -> Path:
    """Publish one."""
    return publish(factory, small(name, *parents, kind=kind), run_id="r").folder


def prune(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, ["prune", *arguments])


def there(factory: Factory) -> set[str]:
    """The releases' own names, and all that is hidden but for locks."""
    names = {path.name for path in (factory.home.folder / "releases").iterdir()}
    return {n.partition("-")[0] for n in names if n != "latest" and not n.endswith(".lock")}


def named(factory: Factory, name: str) -> Path:
    return factory.home.folder / "releases" / f"{name}-{content_id('release', name)}"


def test_old_ones_go_and_the_newest_stay(factory: Factory) -> None:
    shown = prune("--dry-run")
    assert shown.exit_code == 0
    assert "2 of 4 folders, 0.0 MB, would go" in shown.stdout
    assert there(factory) == {"a", "b", "c", "d"}

    before = weigh(named(factory, "a"))[1] + weigh(named(factory, "b"))[1]
    done = prune("--yes")
    assert done.exit_code == 0
    assert f"freed {before / 1e6:,.1f} MB in 2 folders" in done.stderr
    assert there(factory) == {"c", "d"}
    # Who asks what became of a row is still told.
    assert [(h.rows, h.is_there) for h in holdings(factory.store, ["a"])] == [(1, False)]
    assert "Nothing is to go." in prune("--yes").stdout


def test_what_releases_share_is_freed_with_the_last_of_them(factory: Factory) -> None:
    common = b"shared" * 1_000_000

    def write(root: Path, digests: Digests) -> None:
        digests.write("data/common.parquet", common)

    shelf = factory.home.folder / "releases"
    for name in "ef":
        publish(factory, replace(small(name), write=write), run_id="r")
    newest = named(factory, "f")
    assert (newest / "data" / "common.parquet").stat().st_nlink == 2
    assert "5 of 6 folders, 0.0 MB, would go" in prune("--keep", "1", "--dry-run").stdout
    assert prune("--keep", "1", "--yes").exit_code == 0
    assert there(factory) == {"f"}
    assert (newest / "data" / "common.parquet").read_bytes() == common
    (shelf / "latest").unlink()
    assert "freed 6.0 MB in 1 folders" in prune("--keep", "0", "--yes").stderr
    assert there(factory) == set()


def test_it_asks_first(factory: Factory) -> None:
    refused = CliRunner().invoke(app, ["prune"], input="n\n")
    assert refused.exit_code == 1
    assert "Delete 2 of 4 folders" in refused.output
    assert there(factory) == {"a", "b", "c", "d"}
    assert CliRunner().invoke(app, ["prune"], input="y\n").exit_code == 0
    assert there(factory) == {"c", "d"}


def test_what_a_link_leads_to_stays(factory: Factory) -> None:
    shelf = factory.home.folder / "releases"
    point_to(shelf / "latest", named(factory, "a"))
    (shelf / "for-the-paper").symlink_to(named(factory, "b") / "data")
    shown = prune("--keep", "1", "--yes").stdout
    assert "latest leads to it" in shown
    assert "for-the-paper leads to it" in shown
    assert there(factory) == {"a", "b", "d", "for"}
    assert (shelf / "latest" / "README.md").read_bytes() == b"read me"


def test_where_links_are_refused_the_file_that_names_it_counts(factory: Factory) -> None:
    latest = factory.home.folder / "releases" / "latest"
    latest.unlink()
    latest.write_text(f"{named(factory, 'a').name}\n")
    assert prune("--keep", "0", "--yes").exit_code == 0
    assert there(factory) == {"a"}


def test_what_a_kept_one_is_made_from_stays(factory: Factory) -> None:
    ids = {row.name.partition("-")[0]: row.id for row in factory.store.select(Collection)}
    corpus = made(factory, "words", ids["a"], kind="corpus")
    shown = prune("--keep", "1", "--yes").stdout
    assert f"the corpus {corpus.name} is made from it" in shown
    assert there(factory) == {"a", "d"}
    assert corpus.is_dir()


def test_what_one_with_a_foreign_file_is_made_from_stays(factory: Factory) -> None:
    ids = {row.name.partition("-")[0]: row.id for row in factory.store.select(Collection)}
    corpus = made(factory, "words", ids["a"], kind="corpus")
    (corpus.with_name("latest")).unlink()
    (corpus / "notes.txt").write_text("mine")
    assert prune("--keep", "0", "--yes").exit_code == 0
    assert there(factory) == {"a", "d"}
    (corpus / "notes.txt").unlink()
    assert prune("--keep", "0", "--yes").exit_code == 0
    assert there(factory) == {"d"}
    assert not corpus.exists()


def everything(folder: Path) -> dict[str, bytes | str]:
    """Every file and link under a folder."""
    paths = [p for p in folder.rglob("*") if p.is_symlink() or p.is_file()]
    return {
        str(p.relative_to(folder)): str(p.readlink()) if p.is_symlink() else p.read_bytes()
        for p in paths
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: (f / "notes.txt").write_text("mine"), "notes.txt is not in SHA256SUMS"),
        (lambda f: (f / "README.md").write_text("my own"), "README.md was changed"),
        (lambda f: (f / "README.md").unlink(), "README.md is missing"),
        (lambda f: (f / "data" / "link").symlink_to("/etc"), "data/link is a link"),
        (lambda f: (f / SUMS).write_text("rubbish"), "SHA256SUMS is not as it was written"),
        (lambda f: (f / SUMS).unlink(), "SHA256SUMS is not as it was written"),
    ],
)
def test_what_is_not_as_it_was_written_is_named_and_left(
    factory: Factory,
    change,  # noqa: ANN001
    said: str,
) -> None:
    change(named(factory, "a"))
    before = everything(named(factory, "a"))
    done = prune("--yes")
    assert f"{said}: move away what is yours" in done.stdout
    assert everything(named(factory, "a")) == before
    assert there(factory) == {"a", "c", "d"}


def test_links_are_not_followed(factory: Factory, tmp_path: Path) -> None:
    elsewhere = named(factory, "a").rename(tmp_path / "elsewhere")
    named(factory, "a").symlink_to(elsewhere)
    unfinished = factory.home.folder / "releases" / f".{named(factory, 'b').name}.pruned"
    other = named(factory, "b").rename(tmp_path / "other")
    unfinished.symlink_to(other)
    before = everything(elsewhere) | everything(other)
    done = prune("--yes")
    assert done.stdout.count("it is a link: move away") == 2
    assert everything(elsewhere) | everything(other) == before
    assert named(factory, "a").is_symlink()
    assert unfinished.is_symlink()


def test_what_is_not_recorded_is_not_looked_at(factory: Factory) -> None:
    mine = factory.home.folder / "releases" / "mine-0123456789ab"
    mine.mkdir()
    (mine / "thesis.tex").write_text("years of work")
    for name in (".thesis.partial", ".thesis.pruned"):
        (mine.with_name(name)).mkdir()
        (mine.with_name(name) / "thesis.tex").write_text("years of work")
    done = prune("--yes")
    assert done.exit_code == 0
    assert "is in the way and is not ours (thesis.tex)" in done.stdout
    assert "nothing proves that it is ours" in done.stdout
    assert len(list((factory.home.folder / "releases").rglob("thesis.tex"))) == 3


KILLED = """
import os, signal, sys
calls = 0
def count(event, args):
    global calls
    if event == {event!r} and "/releases/" in str(args) and ".once" not in str(args):
        calls += 1
        if calls == {number}:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
from imgedit_assets.cli.app import app
app(["prune", "--yes"])
"""
"""Prunes, and dies before its n-th call of a kind."""


def killed(event: str, number: int) -> None:
    """Prune in a process that is killed before its n-th call."""
    code = KILLED.format(event=event, number=number)
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_what_a_killed_one_left_is_not_in_the_way_of_the_same_again(factory: Factory) -> None:
    killed("os.remove", 1)
    for name in ("a", "e"):
        made(factory, name)
    assert there(factory) == {".a", "a", "b", "c", "d", "e"}
    assert prune("--keep", "0", "--yes").exit_code == 0
    assert there(factory) == {"e"}


@pytest.mark.parametrize(
    ("event", "number"),
    [("os.rename", 1), ("os.remove", 1), ("os.remove", 3), ("os.rmdir", 1), ("os.rmdir", 2)],
)
def test_a_killed_one_is_finished_by_the_next(factory: Factory, event: str, number: int) -> None:
    killed(event, number)
    seen = [path for path in (factory.home.folder / "releases").glob("a-*")]
    # It is there whole, or not at all.
    assert all(weigh(path)[0] == 3 for path in seen)
    assert prune("--yes").exit_code == 0
    assert there(factory) == {"c", "d"}


def test_what_a_killed_run_left_goes_and_what_a_living_one_writes_stays(factory: Factory) -> None:
    shelf = factory.home.folder / "releases"
    dead = named(factory, "dead")
    with suppress(KeyboardInterrupt), staged(dead) as root:
        (root / "data").mkdir()
        (root / "data" / "half.parquet").write_bytes(b"x" * 10_000)
        raise KeyboardInterrupt
    living = named(factory, "living")
    with staged(living) as root:
        (root / "data").mkdir()
        done = prune("--yes")
        assert f"pid {os.getpid()} since" in done.stdout
        assert "is at work on it" in done.stdout
        assert (shelf / f".{living.name}.partial" / MARK).is_file()
        assert not (shelf / f".{dead.name}.partial").exists()
    assert (living / "data").is_dir()
    assert there(factory) == {"c", "d", "living"}


def test_one_that_is_being_published_again_stays(factory: Factory) -> None:
    with published_once(named(factory, "a"), "the release"):
        done = prune("--yes")
    assert done.exit_code == 1
    assert "is at work on it: prune again later" in done.stderr
    assert there(factory) == {"a", "c", "d"}
    assert prune("--yes").exit_code == 0
    assert there(factory) == {"c", "d"}


def test_what_came_while_it_was_asked_is_kept_under_a_name(factory: Factory) -> None:
    told: list[str] = []
    found = look(factory.store, factory.home.folder, keep=2, tell=told.append)
    (named(factory, "a") / "mine.txt").write_text("mine")
    for one in found:
        if not one.kept:
            remove(one, tell=told.append)
    kept = named(factory, "a").with_name(f"{named(factory, 'a').name}.kept-1")
    assert everything(kept) == {"mine.txt": b"mine"}
    assert told == [f"{kept} holds what was added to it meanwhile: mine.txt"]


@pytest.mark.parametrize(
    ("shelf", "what"),
    [
        ("paid", "1 pictures (0.0 MB) that services were paid for"),
        ("features", "1 files (0.0 MB) of encoded pairs"),
    ],
)
def test_files_of_old_runs_go_with_their_records(factory: Factory, shelf: str, what: str) -> None:
    folder = getattr(factory.home, shelf) / "some"
    folder.mkdir(parents=True)
    for name, days in (("old", 40), ("new", 2)):
        (folder / name).write_bytes(b"png")
        at = time.time() - days * 24 * 3600
        os.utime(folder / name, (at, at))
    assert what in prune("--dry-run").output
    assert len(list(folder.iterdir())) == 2
    prune("--yes")
    assert [path.name for path in folder.iterdir()] == ["new"]


def test_exports_to_other_places_are_left_alone(factory: Factory, tmp_path: Path) -> None:
    for folder in (tmp_path / "e-0123456789ab", factory.home.folder / "releases" / "mine"):
        place(factory, small("e"), folder)
    assert prune("--keep", "0", "--yes").exit_code == 0
    assert (tmp_path / "e-0123456789ab" / "README.md").is_file()
    assert there(factory) == {"d", "mine"}
