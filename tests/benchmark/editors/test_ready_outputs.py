"""Outputs that are there already: looked for, told of, and scored, whatever is wrong with them."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.runs.folder import OutputLine, lines
from tests.benchmark.editors.benching import NUMBER, bench, made, predict
from tests.benchmark.suites.official import picture, write


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    """A sound output for every turn of every case."""
    folder = tmp_path / "My Editor"
    names = [*map(str, range(1, NUMBER)), f"{NUMBER}_1", f"{NUMBER}_2"]
    for number, name in enumerate(names):
        write(folder / f"{name}.png", picture(100 + number))
    return folder


def validate(outputs: Path, data: Path, *args: object) -> tuple[str, str]:
    return bench("validate", outputs, "--tasks", "own", "--data", data, *args)


def damage(outputs: Path) -> None:
    """Spoil the outputs of nine cases, each in its own way."""
    frames = [Image.open(io.BytesIO(picture(seed))) for seed in (1, 2)]
    (outputs / "1.png").unlink()
    (outputs / "2.png").rename(outputs / "0002_edited.png")
    (outputs / "3.png").write_bytes(picture(3)[:300])
    (outputs / "4.png").write_bytes(b"")
    (outputs / "5.png").write_text("<html>")
    frames[0].save(outputs / "6.png", save_all=True, append_images=frames[1:])
    frames[0].convert("CMYK").save(outputs / "7.png", "JPEG")
    (outputs / "8.png").write_bytes(picture(8, size=(48, 48)))
    (outputs / "9.png").rename(outputs / "cat9.webp")
    (outputs / "99.png").write_bytes(picture(99))
    (outputs / f"{NUMBER}_2.png").rename(outputs / f"{NUMBER}-turn2.png")
    (outputs / "result.json").write_text("{}")


def test_sound_outputs_are_told_so(data: Path, outputs: Path) -> None:
    assert validate(outputs, data) == ("every output is there, and as it should be\n", "")


def test_all_that_is_wrong_is_counted_and_named(data: Path, outputs: Path) -> None:
    damage(outputs)
    said, error = validate(outputs, data)
    told = {line.split()[1]: line.split()[0] for line in said.splitlines() if line[:8].strip()}
    assert told == {
        **{"missing": "4", "misnamed": "3", "broken": "3", "extra": "1"},
        **{"animated": "1", "colours": "1", "size": "1"},
    }
    for told_so in (
        "0002_edited.png: likely 2.png",
        "cat9.webp: likely 9.png",
        "12-turn2.png: likely 12_2.png",
        "99.png",
        "4.png: the file has 0 bytes",
        "6.png: 2 frames",
        "7.png: CMYK",
        "8.png: 48 x 48, the source has 24 x 16",
    ):
        assert f"        {told_so}\n" in said
    assert "7 output(s) would count as missing" in error


def test_a_run_takes_what_it_can_and_says_why_of_the_rest(
    data: Path, outputs: Path, tmp_path: Path
) -> None:
    damage(outputs)
    found = made(tmp_path / "run", data, "folder", f"path={outputs}")
    assert len(found) == NUMBER + 1
    reasons = {key: line.reason for key, line in found.items() if not line.image}
    assert reasons == {
        **dict.fromkeys(("1/1", "2/1", "9/1", "12/2"), "missing_file"),
        **{"3/1": "truncated", "4/1": "empty_file", "5/1": "not_an_image"},
    }
    assert (found["8/1"].width, found["8/1"].height) == (48, 48)
    first = np.asarray(Image.open(tmp_path / "run" / found["6/1"].image))
    assert np.array_equal(first, np.asarray(Image.open(io.BytesIO(picture(1)))))
    spec = json.loads((tmp_path / "run" / "run_spec.json").read_text())
    assert (spec["editor"]["name"], spec["epochs"]) == ("my-editor", 1)
    said, _ = bench(
        "run",
        "--tasks",
        "own",
        "--data",
        data,
        "--output-path",
        tmp_path / "run",
        "--predict-only",
        "--editor",
        "folder",
        "--editor-args",
        f"path={outputs}",
    )
    assert "4 output(s) of no case of own, such as 0002_edited.png" in said


def test_what_is_put_in_later_or_replaced_is_taken_up_and_nothing_else(
    data: Path, outputs: Path, tmp_path: Path
) -> None:
    (outputs / "1.png").unlink()
    (outputs / "2.png").write_bytes(b"broken")
    first = made(tmp_path / "run", data, "folder", f"path={outputs},name=mine")
    write(outputs / "1.png", picture(7))
    write(outputs / "3.png", picture(8))
    second = made(tmp_path / "run", data, "folder", f"path={outputs},name=mine")
    assert {key for key, line in second.items() if line != first[key]} == {"1/1", "3/1"}
    assert second["1/1"].image
    assert len((tmp_path / "run" / "outputs.jsonl").read_text().splitlines()) == NUMBER + 3


def test_a_list_names_outputs_wherever_they_are(data: Path, outputs: Path, tmp_path: Path) -> None:
    rows: list[object] = [
        {"id": str(n), "image_path": f"My Editor/{n}.png"} for n in range(3, NUMBER)
    ]
    rows += [{"id": "3", "image_path": "My Editor/4.png"}, {"id": "4", "image_path": "gone.png"}]
    rows += [{"id": "nobody", "image_path": "x.png"}, ["no", "row"], {"id": "1"}]
    rows += [{"id": "12", "turn": t, "image_path": f"{outputs}/12_{t}.png"} for t in (1, 2)]
    file = write(tmp_path / "list.jsonl", "\n".join(map(json.dumps, rows)) + '\n{"id": "2", ')
    said, error = validate(file, data)
    assert "line 17: Invalid JSON" in said
    assert "4: list.jsonl names several for 4" in said
    assert "nobody" in said
    assert error
    found = made(tmp_path / "run", data, "jsonl", f"path={file}")
    assert {key: line.reason for key, line in found.items() if not line.image} == {
        **{"1/1": "missing_file", "2/1": "missing_file"},
        **{"3/1": "duplicate", "4/1": "duplicate"},
    }


def test_a_run_is_a_folder_of_outputs_with_all_its_epochs(data: Path, tmp_path: Path) -> None:
    chosen = ("--tasks", "own", "--data", data, "--epochs", 2, "--predict-only")
    bench("run", *chosen, "--editor", "random-image", "--output-path", tmp_path / "first")
    assert validate(tmp_path / "first", data)[0].startswith("every output")
    found = made(tmp_path / "again", data, "folder", f"path={tmp_path / 'first'}")
    assert len(list(lines(tmp_path / "again" / "outputs.jsonl", OutputLine))) == 2 * len(found)
    (tmp_path / "first" / "images" / "5" / "2.png").unlink()
    assert "images/5/2.png" in validate(tmp_path / "first", data)[0]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ("path=/no/such/folder", "is not there"),
        ("path=.,layout=paper", "imgedit, gedit, kris, run"),
        ("path=.,name=A B", "small letters"),
        ("", "path"),
    ],
)
def test_wrong_arguments_are_told(data: Path, tmp_path: Path, args: str, said: str) -> None:
    assert said in predict(tmp_path / "run", data, "folder", args)
