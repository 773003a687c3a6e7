"""The commands that read, on a home with known rows."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner, Result

from imgedit_assets.cli.app import app
from imgedit_assets.cli.tables import figure_table
from imgedit_assets.graph import GRAPH
from imgedit_assets.sample.links import reject_lines, trace_link
from models.faults import Reason
from resources.home import Home
from resources.recipes import Recipe, canonical_json, digest
from resources.schema import (
    ASSET_ROWS,
    FilteredImage,
    Head,
    RecipeRow,
    Reject,
    Row,
    SourceImage,
    Version,
)
from resources.store import Store

WIDTH, HEIGHT = 40, 30
SOURCE_ID, IMAGE_ID, ROOT_ID = digest("source"), digest("image"), digest("root")
RECIPE = Recipe(stage="filtered_images", version="1", backend="statistics 1")


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


@pytest.fixture
def home(tmp_path: Path, pixels: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with one source image, and the filtered image made of it."""
    home = tmp_path / "home"
    monkeypatch.setenv("IMGEDIT_HOME", str(home))
    Image.fromarray(pixels).save(tmp_path / "source.png")
    shared = {"run_id": "run-1", "shard": "folder-0000", "uri": "file:///a.png"}
    size = {"width": WIDTH, "height": HEIGHT, "version_id": ROOT_ID, "annotation": ""}
    source = SourceImage(
        id=SOURCE_ID,
        parent_ids=(),
        recipe_id=digest("unknown recipe"),
        format="PNG",
        mode="RGB",
        frames=1,
        n_bytes=9,
        sha256="0",
        licence="CC0",
        attribution="",
        **shared,
        **size,
    )
    image = FilteredImage(
        id=IMAGE_ID,
        parent_ids=(SOURCE_ID,),
        recipe_id=RECIPE.content_id,
        aesthetic=5.5,
        unsafe=None,
        phash="0" * 16,
        sha256="0",
        **shared,
        **size,
    )
    root = Version(
        id=ROOT_ID,
        parent_id="",
        row_id=SOURCE_ID,
        asset="source_images",
        partition="folder-0000",
        codec="source",
        x0=0,
        y0=0,
        x1=WIDTH,
        y1=HEIGHT,
        payload=(tmp_path / "source.png").read_bytes(),
    )
    store = Store(Home.of(home))
    store.insert(Version, [root])
    store.insert(SourceImage, [source])
    store.insert(FilteredImage, [image])
    store.insert(RecipeRow, [RecipeRow(id=RECIPE.content_id, json=RECIPE.to_json())])
    store.upsert(Head, [head(source, {}), head(image, {Reason.TOO_SMALL: 2})])
    return home


def head(row: Row, rejects: dict[str, int]) -> Head:
    """The head of a partition that holds one row."""
    return Head(
        id=f"{row.TABLE}||{row.shard}",
        asset=row.TABLE,
        partition=row.place.key,
        row_ids=(row.id,),
        rejects=canonical_json(rejects),
        figures="{}",
        units=1 + sum(rejects.values()),
        recipe_id=row.recipe_id,
        seconds=1.0,
        run_id=row.run_id,
        finished_at="2026-01-01T00:00:00+00:00",
    )


def imgedit(*arguments: str | Path) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_status_counts_rows_and_rejects(home: Path) -> None:
    said = json.loads(imgedit("status", "--json").stdout)
    assert said["rows"]["by_table"]["filtered_images"] == 1
    assert said["rows"]["by_shard"]["folder-0000"] == {"source_images": 1, "filtered_images": 1}
    assert said["rejects"]["filtered_images"] == {"too_small": 2}
    assert said["accepted"] == {"total": 0, "by_edit_type": {}}
    shown = imgedit("status").stdout
    assert "too_small 2" in shown


def test_status_of_an_empty_home_creates_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path / "home"))
    done = imgedit("status", "--json")
    assert done.exit_code == 0
    assert set(json.loads(done.stdout)["rows"]["by_table"].values()) == {0}
    assert not (tmp_path / "home").exists()
    assert imgedit("status").stdout.splitlines() == [
        "Nothing has been made here yet: `imgedit run` makes something."
    ]
    assert imgedit("figures").exit_code == 1
    assert not (tmp_path / "home").exists()


def test_figures_name_every_asset(home: Path) -> None:
    said = json.loads(imgedit("figures", "--json").stdout)
    assert set(ASSET_ROWS) == set(GRAPH)
    assert set(said) == {*GRAPH, "leaderboard", "judge_agreement", "e1_checkpoint"}
    assert said["filtered_images"]["rows"] == 1
    assert said["edit_pairs"]["rows"] == 0


def test_figures_are_those_at_the_profile_s_thresholds(home: Path, tmp_path: Path) -> None:
    strict = tmp_path / "strict.toml"
    strict.write_text('name = "strict"\n[accept]\nmin_score = 4.25\nmin_quality = 4\n')
    for options, least in (((), "score 3.5, "), (("--profile", str(strict)), "score 4.25, ")):
        done = imgedit("figures", *options)
        assert done.exit_code == 0
        said = " ".join(done.stdout.split())
        assert f"accepting at {least}" in said
        assert "background change, style transfer" in said


def test_lineage_leads_to_the_source(home: Path) -> None:
    said = json.loads(imgedit("lineage", IMAGE_ID[:6], "--json").stdout)
    assert (said["id"], said["asset"]) == (IMAGE_ID, "filtered_images")
    assert said["recipe"]["backend"] == "statistics 1"
    (source,) = said["parents"]
    assert source["columns"]["uri"] == "file:///a.png"
    assert source["recipe"] == {}
    assert source["parents"] == []
    shown = imgedit("lineage", IMAGE_ID).stdout
    assert SOURCE_ID in shown
    assert "statistics 1" in shown


def test_a_prompt_is_cut_for_a_person_and_whole_for_a_script(home: Path) -> None:
    store = Store(Home.of(home))
    long = Recipe(stage="filtered_images", version="1", params={"prompt": "word " * 40})
    store.upsert(RecipeRow, [RecipeRow(id=RECIPE.content_id, json=long.to_json())])
    whole = json.loads(imgedit("lineage", IMAGE_ID, "--json").stdout)["recipe"]["params"]["prompt"]
    assert whole == "word " * 40
    shown = imgedit("lineage", IMAGE_ID).stdout
    assert 0 < shown.count("word") < 40
    assert "…" in shown


def test_lineage_downwards_counts_what_was_made(home: Path) -> None:
    said = json.loads(imgedit("lineage", SOURCE_ID, "--down", "--json").stdout)
    assert said["rows"] == [
        {"asset": "filtered_images", "edit_type": "", "rows": 1, "ids": [IMAGE_ID]}
    ]
    assert (said["rejects"], said["collections"]) == ([], [])
    shown = imgedit("lineage", SOURCE_ID[:8], "--down").stdout
    assert IMAGE_ID in shown
    assert "No release holds any of it." in shown
    assert "Nothing was made from it." in imgedit("lineage", IMAGE_ID, "--down").stdout


def test_a_large_fan_out_is_counted_and_named_only_on_demand(home: Path) -> None:
    store = Store(Home.of(home))
    (row,) = store.select(FilteredImage)
    store.insert(FilteredImage, [replace(row, id=digest(str(i))) for i in range(50)])
    said = json.loads(imgedit("lineage", SOURCE_ID, "--down", "--json").stdout)["rows"][0]
    assert (said["rows"], len(said["ids"])) == (51, 3)
    every = json.loads(imgedit("lineage", SOURCE_ID, "--down", "--all", "--json").stdout)["rows"][0]
    assert len(every["ids"]) == 51


def test_lineage_of_a_version_is_that_of_its_row(home: Path) -> None:
    assert json.loads(imgedit("lineage", ROOT_ID, "--json").stdout)["id"] == SOURCE_ID


@pytest.mark.parametrize("suffix", [".png", ".webp"])
@pytest.mark.parametrize("row_id", [ROOT_ID, IMAGE_ID, SOURCE_ID])
def test_render_keeps_every_pixel(
    home: Path, tmp_path: Path, pixels: np.ndarray, suffix: str, row_id: str
) -> None:
    path = tmp_path / f"picture{suffix}"
    assert imgedit("render", row_id[:8], "-o", path).exit_code == 0
    np.testing.assert_array_equal(np.asarray(Image.open(path).convert("RGB")), pixels)


def test_render_overwrites_only_by_force(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "picture.jpg"
    path.write_text("mine")
    refused = imgedit("render", ROOT_ID, "-o", path)
    assert refused.exit_code == 1
    assert "--force" in refused.stderr
    assert path.read_text() == "mine"
    assert imgedit("render", ROOT_ID, "-o", path, "--force").exit_code == 0
    assert Image.open(path).format == "JPEG"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["render", ROOT_ID, "-o", "missing/picture.png"], "create it first"),
        (["render", ROOT_ID, "-o", "picture.gif"], "unknown kind of picture"),
        (["render", "0" * 24, "-o", "picture.png"], "begins with"),
        (["lineage", "0" * 24], "begins with"),
        (["lineage", "%' OR 1=1"], "is no id"),
        (["lineage", "0" * 24, "--down"], "begins with"),
        (["search", " "], "the words are empty"),
    ],
)
def test_a_wrong_argument_is_told_in_a_line(
    home: Path,
    tmp_path: Path,
    arguments: list[str],
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = imgedit(*arguments)
    assert done.exit_code == 1
    assert expected in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.glob("picture*"))


def test_an_ambiguous_id_is_refused(home: Path) -> None:
    store = Store(Home.of(home))
    (row,) = store.select(FilteredImage)
    store.insert(FilteredImage, [replace(row, id=IMAGE_ID[:10] + "0" * 14)])
    done = imgedit("lineage", IMAGE_ID[:10])
    assert done.exit_code == 1
    assert "2 ids begin with" in done.stderr


def test_doctor_finds_the_embedded_profile_complete(home: Path) -> None:
    done = imgedit("doctor", "--json")
    said = json.loads(done.stdout)
    assert (done.exit_code, said["ok"]) == (0, True)
    assert {"painter", "judge", "home", "free disk"} <= {check["name"] for check in said["checks"]}


def test_doctor_names_the_remedy_for_what_is_missing(home: Path, tmp_path: Path) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text('name = "mine"\n[roles.judge]\nbackend = "not_installed.judges:Judge"\n')
    done = imgedit("doctor", "--profile", profile, "--json")
    assert done.exit_code == 1
    (judge,) = [c for c in json.loads(done.stdout)["checks"] if c["name"] == "judge"]
    assert not judge["ok"]
    assert "make install-models" in judge["remedy"]


def test_doctor_names_the_variable_of_a_key_that_is_not_set(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text(
        'name = "mine"\n[chats.paid]\nbackend = "openai"\nmodel = "m"\nkey_env = "A_KEY"\n'
        '[roles.judge]\nbackend = "chat"\nchat = "paid"\n'
    )
    monkeypatch.delenv("A_KEY", raising=False)
    without = imgedit("doctor", "--profile", profile, "--json")
    monkeypatch.setenv("A_KEY", "sk-nobody-may-see")
    with_key = imgedit("doctor", "--profile", profile, "--json")
    (judge,) = [c for c in json.loads(without.stdout)["checks"] if c["name"] == "judge"]
    assert "set the environment variable A_KEY" in judge["detail"]
    assert (without.exit_code, with_key.exit_code) == (1, 0)
    assert "sk-nobody" not in with_key.stdout


def test_help_teaches_with_examples() -> None:
    shown = imgedit("--help").stdout
    assert "imgedit run --images" in shown
    assert "IMGEDIT_HOME" in shown
    assert imgedit("--version").stdout.strip().count(".") == 2
    assert imgedit("nonsense").exit_code == 2


def test_a_reject_is_opened_from_its_reason(home: Path) -> None:
    store = Store(Home.of(home))
    shared = {"unit_id": "u", "partition": "folder-0000", "detail": "it is text", "run_id": "r"}
    store.insert(
        Reject,
        [
            Reject(
                id=digest(uri),
                asset=asset,
                parent_ids=parents,
                subject=uri,
                reason=reason,
                **shared,
            )
            for uri, asset, reason, parents in (
                ("file:///notes.png", "source_images", Reason.NOT_AN_IMAGE, ("file:///notes.png",)),
                ("file:///a.png", "filtered_images", Reason.TOO_SMALL, (SOURCE_ID,)),
            )
        ],
    )
    said = CliRunner().invoke(app, ["rejects", "not_an_image"], env={"COLUMNS": "200"}).stdout
    assert "file:///notes.png" in said
    assert "file:///a.png" not in said
    said = CliRunner().invoke(app, ["rejects", "--asset", "filtered_images", "--json"]).stdout
    (listed,) = json.loads(said)["rejects"]
    assert (listed["subject"], listed["parent_ids"]) == ("file:///a.png", [SOURCE_ID])
    some = json.loads(CliRunner().invoke(app, ["rejects", "--limit", "1", "--json"]).stdout)
    assert (len(some["rejects"]), some["of"]) == (1, 2)
    lines = reject_lines(store.select(Reject, "reason = 'too_small'"))
    assert "file:///a.png" in lines
    assert trace_link(SOURCE_ID) in lines


def test_a_narrow_terminal_folds_names_and_cuts_no_number() -> None:
    console = Console(width=60)
    with console.capture() as captured:
        console.print(figure_table({"judge_agreement": {"within_one_" + "long_" * 9: 1234.0}}))
    assert "1,234" in captured.get()
    assert "\u2026" not in captured.get()
