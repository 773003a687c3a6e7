"""The report: every figure with what it depends on, nothing compared that may not be, no guest."""

import csv
import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from benchmark.cli import app
from benchmark.report.pictures import worst_and_best
from benchmark.runs.folder import RunFolder
from models.faults import ImgEditError
from tests.benchmark.report.made_runs import made_run, samples_of, write_figures

HOSTILE = "</td><script>alert(1)</script><img src=https://x.example/a onerror=alert(2)> | `x` $x$"


class Tags(HTMLParser):
    """What a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def report(out: Path, *args: object) -> tuple[str, list[dict[str, str]], str]:
    """Markdown, the CSV's rows, and the page."""
    result = CliRunner().invoke(app, ["report", "--output-path", str(out), *map(str, args)])
    if result.exception:
        raise result.exception
    rows = [*csv.DictReader((out / "report.csv").open())]
    return (out / "report.md").read_text(), rows, (out / "report.html").read_text()


def section(text: str, title: str) -> str:
    """The part of the Markdown whose title holds some words."""
    return next(part for part in text.split("\n## ") if title in part.splitlines()[0])


def test_figures_stand_with_their_error_n_protocol_and_judge(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", samples_of([1, 2, 3, 4, 5, None, 2, 3, 4]))
    found = json.loads((run / "results.json").read_text())
    text, rows, html = report(tmp_path / "out", run)
    overall, add = found["overall"], found["tasks"]["add"]
    assert f"| overall | {overall['mean']:.2f} ± {overall['stderr']:.2f} (n 8) |" in text
    assert f"{add['mean']:.2f} ± {add['stderr']:.2f} (n 3)" in html
    title = "own revision 1 · imgedit-bench/1 aaaaaaaaaaaa · judge metric (metric)"
    assert section(text, title)
    assert title in html
    (row,) = [row for row in rows if row["of"] == "task:add"]
    assert (float(row["mean"]), int(row["n"])) == (add["mean"], 3)
    assert (row["protocol_hash"], row["judge"]) == ("aaaaaaaaaaaa", "metric")
    assert "| painter | imgedit-bench/1 | metric | 8 | 0 | 0 | 1 | 0 |" in text
    assert "not measured by us" in html
    assert html.count("<svg") == 4


def test_figures_of_two_protocols_never_share_a_column(tmp_path: Path) -> None:
    one = made_run(tmp_path / "one", samples_of([1] * 6), editor="one")
    two = made_run(tmp_path / "two", samples_of([5] * 6), editor="two", protocol_hash="b" * 12)
    text, _, _ = report(tmp_path / "out", one, two)
    assert "| one |" in section(text, "aaaaaaaaaaaa")
    assert "two" not in section(text, "aaaaaaaaaaaa")
    assert "Against" not in text
    assert "different protocols" in section(text, "One run by several protocols")


def test_a_lenient_protocol_stands_beside_the_strict_one(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", samples_of([1.0] * 6), editor="copy-input")
    write_figures(RunFolder(run), samples_of([3.67] * 6), "c" * 12, infix="official")
    text, _, html = report(tmp_path / "out", run)
    beside = section(text, "One run by several protocols")
    assert "| imgedit-bench/1 aaaaaaaaaaaa | official cccccccccccc |" in beside
    assert "| copy-input | own | metric | 1.00 ± 0.00 (n 6) | 3.67 ± 0.00 (n 6) |" in beside
    assert "official cccccccccccc" in html


def test_runs_are_compared_with_the_baseline_case_by_case(tmp_path: Path) -> None:
    base = made_run(tmp_path / "base", samples_of([1, 2, 3] * 6), editor="base")
    better = made_run(tmp_path / "better", samples_of([2, 3, 4] * 6), editor="better")
    text, _, _ = report(tmp_path / "out", better, base, "--baseline", base)
    assert "| overall | +1.00 ± 0.00 (n 18), p \\< 0.001 |" in section(text, "Against base")


def test_what_others_wrote_stays_text_and_nothing_is_fetched(tmp_path: Path) -> None:
    samples = [
        replace(line, instruction=HOSTILE, reason=HOSTILE, task=HOSTILE, judge=HOSTILE)
        for line in samples_of([1, 2, 3])
    ]
    run = made_run(tmp_path / "run", samples, editor=HOSTILE)
    text, _, html = report(tmp_path / "out", run)
    tags = Tags()
    tags.feed(html)
    assert "svg" in tags.names
    assert not tags.names & {"script", "iframe", "link", "object", "embed", "form", "base"}
    assert not [name for name, _ in tags.attributes if name.startswith("on")]
    sources = {value for name, value in tags.attributes if name in {"src", "srcset", "action"}}
    assert sources
    assert all(value.startswith("data:image/jpeg;base64,") for value in sources)
    links = {value for name, value in tags.attributes if name.endswith("href")}
    assert all(value.startswith("#") for value in links)
    assert "<script" not in text.replace("\\<", "")
    assert "&lt;script&gt;" in html


def test_the_worst_and_the_best_are_shown_and_no_file_beside_the_run(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    cv2.imwrite(str(secret), np.zeros((24, 32, 3), np.uint8))
    samples = samples_of([4, 5, 2, 1, 3, None])
    samples[3] = replace(samples[3], image="../secret.png")
    worst, best = worst_and_best([*samples, *(replace(line, epoch=2) for line in samples)])
    assert [line.id for line in worst[::2]] == ["case-3", "case-2", "case-4"]
    assert [line.id for line in best] == ["case-1", "case-1", "case-0", "case-0"]
    run = made_run(tmp_path / "run", samples)
    _, _, html = report(tmp_path / "out", run)
    assert html.index("case-3") < html.index("case-2")
    assert html.count("no result") == 1


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("run_spec.json", "holds no run"),
        ("results.json", "has no figures"),
        ("", "given twice"),
    ],
)
def test_what_cannot_be_reported_is_told(tmp_path: Path, spoil: str, said: str) -> None:
    run = made_run(tmp_path / "run", samples_of([1, 2, 3]))
    if spoil:
        (run / spoil).unlink()
    with pytest.raises(ImgEditError, match=said):
        report(tmp_path / "out", run, *([] if spoil else [run]))


def test_damaged_figures_are_told(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", samples_of([1, 2, 3]))
    (run / "results.json").write_text('{"judge": "metric"}')
    with pytest.raises(ImgEditError, match=r"results.json is not what a run writes.*score"):
        report(tmp_path / "out", run)


def test_a_run_keeps_the_sources_that_its_report_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path / "home"))
    data, run = tmp_path / "data", tmp_path / "run"
    data.mkdir()
    cv2.imwrite(str(data / "a.png"), np.full((600, 800, 3), 120, np.uint8))
    (data / "cases.jsonl").write_text('{"id": "a", "source": "a.png", "instruction": "dim it"}\n')
    made = ("--tasks", "own", "--data", data, "--judge", "scripted", "--no-trial", "--epochs", "1")
    args = ["run", "--output-path", run, *made, "--judge-args", "script=debug"]
    CliRunner().invoke(app, [str(arg) for arg in args], catch_exceptions=False)
    assert cv2.imread(str(run / "sources" / "a.jpg")).shape == (216, 288, 3)
    _, _, html = report(tmp_path / "out", run)
    assert html.count("data:image/jpeg") == 2


def test_outputs_are_compared_with_those_of_a_reference_run(tmp_path: Path) -> None:
    samples = samples_of([1, 2, 3])
    run = made_run(tmp_path / "run", samples, level=200)
    same = made_run(tmp_path / "same", samples, level=200)
    other = made_run(tmp_path / "other", samples, level=190)
    text, _, html = report(tmp_path / "out", run, "--reference-run", other)
    table = section(text, "against the reference run")
    assert "| all | 28.1 ± 0.0 (n 3) |" in table
    assert "0 of 3 are equal" in table
    assert "least like the reference run" in html
    kept = (run / "reference.jsonl").read_bytes()
    report(tmp_path / "out", run, "--reference-run", other)
    assert (run / "reference.jsonl").read_bytes() == kept
    text, _, _ = report(tmp_path / "out", run, "--reference-run", same)
    assert "| all | 100.0 ± 0.0 (n 3) | 1.0000 ± 0.0000 (n 3) |" in text
    (other / "outputs.jsonl").unlink()
    with pytest.raises(ImgEditError, match="share no output"):
        report(tmp_path / "out", run, "--reference-run", other)
    with pytest.raises(ImgEditError, match="no other run is"):
        report(tmp_path / "out", run, "--reference-run", run)
