"""`imgedit bench fake`: recall and false positives of a run, by any detector."""

import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmark.runs.folder import FakeLine, lines
from tests.benchmark.editors.benching import bench, predict
from tests.benchmark.suites.official import write

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
FAKESHIELD = """
import json
from PIL import Image

loads = 0

def DTE_FDM_init(args):
    global loads
    loads += 1
    assert loads == 1, "loaded anew"
    args.conv_mode = "llava_v1"
    return args.model_path, args.DTG_path

def DTE_FDM_cli(args):
    assert DTE_FDM_init(args) == ("/weights/DTE-FDM", "/weights/DTG.pth") and args.conv_mode
    bright = sum(Image.open(args.image_path).getpixel((0, 0))) > 300
    said = "has been tampered with by Photoshop" if bright else "has not been tampered with"
    if Image.open(args.image_path).getpixel((0, 0))[0] == 7:
        said = "is hard to see"
    with open(args.output_path, "w") as file:
        json.dump({"image": args.image_path, "outputs": f"The picture {said}. Edges edited."}, file)
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four cases of three dark sources; a white page for each, the first of them not there."""
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path / "home"))
    (tmp_path / "data").mkdir()
    (tmp_path / "outputs").mkdir()
    rows = []
    for number, red in enumerate((10, 20, 7, 10)):
        pixels = np.full((80, 90, 3), (red, 3, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "data" / f"{number}.png")
        rows.append({"id": str(number), "source": f"{number}.png", "instruction": "Whiten it."})
        if number:
            Image.new("RGB", (90, 80), "white").save(tmp_path / "outputs" / f"{number}.png")
    write(tmp_path / "data" / "cases.jsonl", "\n".join(map(json.dumps, rows)))
    folder = tmp_path / "run"
    args = f"path={tmp_path / 'outputs'},layout=imgedit"
    assert not predict(folder, tmp_path / "data", "folder", args)
    return folder


def fake(run: Path, *more: object) -> tuple[dict[str, Any], list[FakeLine]]:
    """The figures and the lines after a call of the command."""
    _, error = bench("fake", run, "--data", run.parent / "data", *more)
    assert not error
    return json.loads((run / "fake.json").read_text()), [*lines(run / "fake.jsonl", FakeLine)]


def test_fakeshield_is_driven_and_its_words_become_shares(run: Path) -> None:
    """Against a stand-in of FakeShield's functions, which answers in words."""
    write(run.parent / "clone" / "llava" / "serve" / "cli.py", FAKESHIELD)
    driver = EXAMPLES / "detect_with_fakeshield.py"
    program = f"env PYTHONPATH=. {sys.executable} {driver} /weights"
    asked = f'run="{program}",folder={run.parent / "clone"},timeout_s=20'
    figures, told = fake(run, "--detector", "command", "--detector-args", asked)
    recall, false = (figures["overall"][name] for name in ("recall", "false_positive_rate"))
    assert (recall["hits"], recall["n"]) == (3, 3)
    # Two of the three sources are answered for; of the third it says neither.
    assert (false["hits"], false["n"]) == (0, 2)
    assert false["high"] == pytest.approx(0.6576, abs=1e-4)
    assert (figures["missing"], figures["unscored"]) == (1, 1)
    assert [line.fault for line in told if "neither edited nor untouched" in line.fault]
    assert figures["detector"]["name"] == "detect_with_fakeshield"

    again, same = fake(run, "--detector", "command", "--detector-args", asked, "--threshold", 0)
    assert same == told
    # From 0 on everything counts as edited: only beside its false positives is a recall worth any.
    assert again["overall"]["false_positive_rate"]["value"] == 1


def test_a_detector_that_gives_no_probability_is_no_answer(run: Path) -> None:
    script = write(
        run.parent / "odd.py",
        "from imgedit_program import serve\nserve(lambda: ('odd', '1', lambda request: 1.5))",
    )
    program = f"env PYTHONPATH={EXAMPLES} {sys.executable} {script}"
    figures, told = fake(run, "--detector", "command", "--detector-args", f'run="{program}"')
    assert figures["unscored"] == len(told)
    assert all("0 to 1" in line.fault for line in told)
    assert figures["overall"]["recall"] is None
    said = bench("fake", run, "--data", run.parent / "data", "--detector", "fakeshield")[1]
    assert "no detector 'fakeshield'" in said


def test_the_report_shows_recall_beside_false_positives(run: Path) -> None:
    figures, _ = fake(run)
    assert figures["detector"]["name"] == "traces"
    assert figures["overall"]["recall"]["n"] == 3
    data = ("--data", run.parent / "data")
    assert not bench("score", "--output-path", run, *data, "--no-trial", "--fail-on-error", 1)[1]
    assert not bench("measure", "--output-path", run, *data)[1]
    results = json.loads((run / "results.json").read_text())
    assert results["fake"] == figures
    # White pages of small pictures: the whole picture changed.
    assert results["measures"]["changed_area"]["tasks"]["edit"]["mean"] == 1
    assert not bench("report", run, "--output-path", run.parent / "report")[1]
    text = (run.parent / "report" / "report.md").read_text()
    assert "false positives" in text
    assert "traces 1" in text
    with (run.parent / "report" / "report.csv").open() as file:
        table = {row["of"]: row for row in csv.DictReader(file)}
    assert float(table["measure:changed_area"]["mean"]) == 1
    share = figures["overall"]["false_positive_rate"]
    assert float(table["fake:false_positive_rate"]["mean"]) == share["value"]
    assert table["fake:recall:edit"]["n"] == "3"
