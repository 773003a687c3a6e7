"""`imgedit run` as a user types it: in a process of its own, on a small home."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from shutil import copytree, rmtree

import pytest
from typer.testing import CliRunner, Result

from imgedit_assets.cli.app import app
from imgedit_assets.cli.run import carry_out
from imgedit_assets.wanted import Outcome
from models.faults import ImgEditError
from resources.instance import enter_home
from tests.programs import IMGEDIT

SMALL = ("--edit-types", "remove", "--limit", "2")


def imgedit(home: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run a command on a home."""
    return subprocess.run(
        [*IMGEDIT, *map(str, arguments)],
        env={**os.environ, "IMGEDIT_HOME": str(home), "COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=False,
    )


def refused(home: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> Result:
    """A command that ends before it makes anything, in this process."""
    monkeypatch.setenv("IMGEDIT_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "120")
    # Set by `--profile`, and taken back with the rest.
    monkeypatch.setenv("IMGEDIT_PROFILE", "embedded")
    return CliRunner().invoke(app, [*map(str, arguments)])


def one_line(text: str) -> bool:
    return len(text.strip().splitlines()) == 1


@pytest.fixture(scope="module")
def first(
    tmp_path_factory: pytest.TempPathFactory, small_profile: Path
) -> tuple[Path, "subprocess.CompletedProcess[str]"]:
    """A home, and the run that made it."""
    home = tmp_path_factory.mktemp("cli") / "home"
    return home, imgedit(home, "run", "--profile", small_profile, *SMALL)


def test_what_a_library_prints_is_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path))
    monkeypatch.setenv("IMGEDIT_PROFILE", "embedded")
    for set_here in ("DAGSTER_HOME", "DAGSTER_EVENT_BATCH_SIZE"):
        monkeypatch.setenv(set_here, "")

    def work(*_: object) -> Outcome:
        print("(raylet) a node is gone")
        return Outcome()

    with pytest.raises(ImgEditError, match="nothing to do"):
        carry_out(enter_home(), work)
    said = capsys.readouterr()
    assert "a node is gone" in said.err
    assert not said.out


def test_a_run_makes_every_asset_and_says_so(
    first: tuple[Path, "subprocess.CompletedProcess[str]"],
) -> None:
    home, done = first
    assert done.returncode == 0, done.stderr
    assert "edit_pairs remove studio-0000: 2 units done" in done.stderr.splitlines()
    assert "accepted_pairs" in done.stdout
    status = json.loads(imgedit(home, "status", "--json").stdout)
    assert status["rows"]["by_edit_type"]["remove"]["edit_pairs"] == 2
    assert status["accepted"]["by_edit_type"]["remove"]["pairs"] == 2


def test_the_terminal_belongs_to_our_progress(
    first: tuple[Path, "subprocess.CompletedProcess[str]"],
) -> None:
    _, done = first
    noise = ("DEBUG", "INFO", "Warning", "Traceback", "STEP_", "dagster")
    assert not [line for line in done.stderr.splitlines() if any(n in line for n in noise)]


def test_a_second_run_computes_nothing(
    first: tuple[Path, "subprocess.CompletedProcess[str]"], small_profile: Path
) -> None:
    home, _ = first
    before = imgedit(home, "status", "--json").stdout
    again = imgedit(home, "run", "--profile", small_profile, *SMALL)
    assert again.returncode == 0
    assert "units done" not in again.stderr
    assert imgedit(home, "status", "--json").stdout == before


def test_a_plan_is_worked_out_from_what_was_run(
    first: tuple[Path, "subprocess.CompletedProcess[str]"], small_profile: Path
) -> None:
    home, _ = first
    command = ("plan", "--pairs", "20", "--profile", small_profile)
    told = json.loads(imgedit(home, *command, "--json").stdout)
    assert told["measured"]["accepted_pairs"] == 2
    assert told["images"]["value"] == 20
    assert told["wall_hours"]["value"] > 0
    assert told["release_hours"]["value"] > 0
    shown = imgedit(home, *command)
    assert "painter" in shown.stdout
    assert "time to write their release" in shown.stdout
    assert shown.stderr == ""


def test_a_failed_run_is_told_in_a_line_and_by_the_exit_code(
    first: tuple[Path, "subprocess.CompletedProcess[str]"], tmp_path: Path, small_profile: Path
) -> None:
    home, _ = first
    broken = tmp_path / "broken.toml"
    role = '[roles.judge]\nbackend = "not_installed.judges:Judge"\n'
    broken.write_text(small_profile.read_text() + role)
    done = imgedit(home, "run", "--profile", broken, *SMALL)
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert any("scored_pairs" in e and "imgedit doctor" in e for e in errors)
    assert "Traceback" not in done.stderr
    assert "not_installed" in (home / "dagster" / "run.log").read_text()


def test_an_interrupted_run_keeps_what_it_finished(tmp_path: Path, small_profile: Path) -> None:
    home = tmp_path / "home"
    with subprocess.Popen(
        [*IMGEDIT, "run", "--profile", str(small_profile), *SMALL],
        env={**os.environ, "IMGEDIT_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("masks"):
                process.send_signal(signal.SIGINT)
                break
        said = process.stderr.read()
    assert process.returncode == 130
    assert said.strip().splitlines()[-1].startswith("interrupted: finished work is kept")
    rows = json.loads(imgedit(home, "status", "--json").stdout)["rows"]["by_table"]
    assert rows["source_images"] == 2
    assert rows["accepted_pairs"] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["--edit-types", "nonsense"], 1, "there are add"),
        (["--profile", "nonsense"], 1, "embedded"),
        (["--shards", "nonsense"], 1, "there is no shard 'nonsense'"),
        (["--images", "."], 1, "hold no images"),
        (["--images", "nonsense"], 2, "does not exist"),
        (["--coco", __file__], 2, "--images"),
        (["--allow-paths", "."], 2, "--table"),
        (["--limit", "0"], 2, "--limit"),
    ],
)
def test_what_cannot_be_done_is_refused(
    arguments: Sequence[str],
    code: int,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    done = refused(tmp_path / "home", monkeypatch, "run", *arguments)
    assert done.exit_code == code
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert code == 2 or one_line(done.stderr)


def test_an_unknown_key_of_a_profile_names_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text('name = "mine"\n[images]\nmin_short_side = 512\n')
    done = refused(tmp_path / "home", monkeypatch, "run", "--profile", profile)
    assert done.exit_code == 1
    assert one_line(done.stderr)
    assert "did you mean 'min_short_side_px'" in done.stderr


def test_a_home_that_cannot_be_written_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = imgedit(tmp_path / "file" / "home", "run")
    assert done.returncode == 1
    assert one_line(done.stderr)
    assert "set IMGEDIT_HOME" in done.stderr
    debugged = imgedit(tmp_path / "file" / "home", "run", "--debug")
    assert debugged.returncode == 1
    assert "NotADirectoryError" in debugged.stderr


@pytest.fixture
def exits(tmp_path: Path, small_profile: Path) -> Path:
    """A profile that names a folder beside it, in which a file ends whatever imports it."""
    (tmp_path / "types").mkdir()
    (tmp_path / "types" / "zoom.py").write_text("import os\n\nos._exit(0)\n")
    profile = tmp_path / "exits.toml"
    edits = '[edits]\ntypes = ["remove"]\nfolders = ["types"]\n'
    profile.write_text(small_profile.read_text() + edits)
    return profile


def test_a_file_that_ends_its_process_is_told_and_the_rest_goes_on(
    first: tuple[Path, "subprocess.CompletedProcess[str]"], exits: Path
) -> None:
    home, _ = first
    told = f"left out: {exits.parent}/types/zoom.py: cannot be imported (it ends the process by "
    told += "os._exit(0), line 3); fix it or move it elsewhere"

    named = imgedit(home, "run", "--profile", exits, *SMALL)
    assert named.returncode == 0, named.stderr
    assert told in named.stderr.splitlines()
    every = imgedit(home, "run", "--profile", exits, "--limit", "2")
    assert every.returncode == 1
    assert "error: 1 edit type(s) left out, see above; mend them" in every.stderr
    assert "accepted_pairs" in every.stdout, "the rest was done"
    asked = imgedit(home, "run", "--profile", exits, "--edit-types", "zoom")
    assert asked.returncode == 1
    assert asked.stderr.splitlines()[-1].startswith("error: there is no edit type 'zoom'; there")
    assert "zoom.py: cannot be imported" in asked.stderr.splitlines()[-1]


def test_status_tells_of_a_file_that_was_left_out_beside_its_json(
    first: tuple[Path, "subprocess.CompletedProcess[str]"],
    exits: Path,
) -> None:
    home, _ = first
    done = imgedit(home, "status", "--profile", str(exits), "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)
    assert "zoom.py: cannot be imported (it ends the process" in done.stderr
    assert one_line(done.stderr)


def largest(folder: Path) -> Path:
    return max(folder.glob("data/*.lance"), key=lambda file: file.stat().st_size)


def damage(tables: Path) -> None:
    """What a disk does: a file gone, one cut off, a list of versions zeroed, another gone."""
    largest(tables / "masks.lance").unlink()
    cut = largest(tables / "versions.lance")
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    newest = min((tables / "units.lance" / "_versions").glob("*.manifest"))
    newest.write_bytes(bytes(newest.stat().st_size))
    rmtree(tables / "edit_pairs.lance" / "_versions")


def test_damaged_tables_are_named_set_aside_and_made_again(
    first: tuple[Path, "subprocess.CompletedProcess[str]"], tmp_path: Path, small_profile: Path
) -> None:
    home = tmp_path / "home"
    copytree(first[0], home, symlinks=True)
    again = ("run", "--profile", small_profile, *SMALL)
    before = json.loads(imgedit(home, "status", "--json").stdout)
    damage(home / "tables")

    failed = imgedit(home, *again)
    assert failed.returncode == 1
    assert "Traceback" not in failed.stderr
    (error,) = (line for line in failed.stderr.splitlines() if line.startswith("error: "))
    assert re.search(r"table \w+ in \S+/tables is damaged.*`imgedit doctor --mend` sets", error)

    said = imgedit(home, "doctor", "--json")
    assert said.returncode == 1
    tables = {c["name"]: c["detail"] for c in json.loads(said.stdout)["checks"] if not c["ok"]}
    assert re.search(r"masks\.lance: data/\w+\.lance is gone", tables["table masks"])
    assert re.search(r"versions\.lance: data/\w+\.lance is cut off", tables["table versions"])
    assert "no version of it" in tables["table edit_pairs"]
    assert "table units" in tables

    mended = imgedit(home, "doctor", "--mend")
    assert "Traceback" not in mended.stderr
    assert "edit_pairs: nothing of it could be read" in mended.stderr.splitlines()
    assert mended.stderr.splitlines()[-1].endswith("imgedit run --shards studio-0000")
    assert any((home / "damaged").rglob("*.lance"))

    healed = imgedit(home, *again, "--shards", "studio-0000")
    assert healed.returncode == 0, healed.stderr
    assert json.loads(imgedit(home, "status", "--json").stdout)["rows"] == before["rows"]
    checks = json.loads(imgedit(home, "doctor", "--json").stdout)["checks"]
    assert [c["ok"] for c in checks if c["name"].startswith("table")] == [True]


def test_an_edit_type_that_the_profile_leaves_out_is_no_silent_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text('name = "mine"\n[edits]\ntypes = ["remove"]\n')
    asked = ("run", "--profile", profile, "--edit-types", "add")
    done = refused(tmp_path / "home", monkeypatch, *asked)
    assert done.exit_code == 1
    assert one_line(done.stderr)
    assert "there are remove" in done.stderr


def test_a_folder_of_what_is_not_read_says_what_it_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("a.heic", "b.HEIC", "notes.txt"):
        (folder / name).write_text("x")
    done = refused(tmp_path / "home", monkeypatch, "run", "--images", folder)
    assert done.exit_code == 1
    assert one_line(done.stderr)
    assert "2 .heic (HEIC is not read); beside the images: 1 .txt" in done.stderr
