"""Runs from the command line: made once, asked once, gone on with, and every case counted."""

import json
from pathlib import Path
from typing import Any

import pytest
from threadpoolctl import threadpool_info, threadpool_limits
from typer.testing import CliRunner

from benchmark.cli import app
from benchmark.runs.folder import OutputLine, RunFolder, append, lines
from benchmark.runs.generate import selected
from benchmark.suites.registry import load_suite
from models.faults import ImgEditError
from models.judge.chat import JudgeReply


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home of their own, which they share: pictures are drawn once."""
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path_factory.getbasetemp() / "benchmark-home"))


def bench(*args: object) -> str:
    result = CliRunner().invoke(app, [str(arg) for arg in args])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def run(folder: Path, *args: object, editor: str = "copy-input") -> dict[str, Any]:
    bench("run", "--output-path", folder, "--editor", editor, "--no-trial", *args)
    figures: dict[str, Any] = json.loads((folder / "results.json").read_text())
    return figures


def answers(folder: Path, judge: str = "metric") -> list[str]:
    return (folder / "judge" / f"{judge}.jsonl").read_text().splitlines()


def test_the_ends_of_the_scale_and_what_stands_beside_the_figures(tmp_path: Path) -> None:
    chosen = ("--limit", "0.01", "--epochs", 1)
    copied = run(tmp_path / "copy", *chosen)
    perfect = run(tmp_path / "oracle", *chosen, editor="oracle")
    assert copied["overall"]["mean"] <= 1.5
    assert perfect["overall"]["mean"] >= 4.5
    assert perfect["counts"] == {
        "scored": 7, "unparsable": 0, "refused": 0, "failed": 0, "missing": 0,
    }  # fmt: skip
    assert copied["protocol"] == "imgedit-bench/1"
    assert copied["protocol_hash"] == perfect["protocol_hash"]
    spec = json.loads((tmp_path / "copy" / "run_spec.json").read_text())
    assert (spec["editor"]["name"], spec["cases"], spec["of"]) == ("copy-input", 7, 734)
    assert spec["judges"][0]["kind"] == "metric, no model"


def test_lanes_do_not_fight_for_the_cores(tmp_path: Path) -> None:
    with threadpool_limits(2, "blas"):
        run(tmp_path, "--limit", 1, "--epochs", 1)
        found = [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]
    assert set(found) == {1}


def test_the_same_command_makes_and_asks_nothing_twice(tmp_path: Path) -> None:
    first = run(tmp_path, "--limit", 2, "--epochs", 1)
    made, asked = (tmp_path / "outputs.jsonl").read_text(), answers(tmp_path)
    assert run(tmp_path, "--limit", 2, "--epochs", 1) == first
    assert ((tmp_path / "outputs.jsonl").read_text(), answers(tmp_path)) == (made, asked)
    more = run(tmp_path, "--limit", 3, "--epochs", 2)
    assert more["total"] == 6
    assert len(answers(tmp_path)) == 6
    assert answers(tmp_path)[:2] == asked


def test_suites_are_made_and_scored_apart_and_by_modes(tmp_path: Path) -> None:
    given = ("run", "--tasks", "studio-uge,studio-multiturn", "--limit", 1, "--epochs", 2)
    where = (*given, "--editor", "random-image", "--no-trial", "--output-path", tmp_path)
    bench(*where, "--mode", "infer")
    folders = [tmp_path / name for name in ("studio-uge", "studio-multiturn")]
    made = [(folder / "outputs.jsonl").read_text() for folder in folders]
    assert not any((folder / "results.json").exists() for folder in folders)
    told = bench(*where, "--mode", "eval", "--epochs-reducer", "max", "--ci", 0.9)
    assert told.count("overall, max of epochs,") == 2
    assert [(folder / "outputs.jsonl").read_text() for folder in folders] == made
    bench("report", *folders, "--output-path", tmp_path / "report")
    assert "max of epochs" in (tmp_path / "report" / "report.md").read_text()


def test_a_run_that_was_killed_goes_on(tmp_path: Path) -> None:
    run(tmp_path, "--limit", 2, "--epochs", 1)
    outputs = tmp_path / "outputs.jsonl"
    whole = outputs.read_text().splitlines(keepends=True)
    outputs.write_text(whole[0] + whole[1][:30])
    judged = tmp_path / "judge" / "metric.jsonl"
    judged.write_text(judged.read_text()[:-20])
    assert run(tmp_path, "--limit", 2, "--epochs", 1)["counts"]["scored"] == 2
    assert len(list(lines(outputs, OutputLine))) == 2
    assert len(answers(tmp_path)) == 2


def test_a_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    run(tmp_path, "--limit", 1, "--epochs", 1)
    with pytest.raises(ImgEditError, match=r"copy-input.*another --output-path"):
        run(tmp_path, "--limit", 1, "--epochs", 1, editor="blank")
    with pytest.raises(ImgEditError, match="seed"):
        run(tmp_path, "--limit", 1, "--epochs", 1, "--seed", 5)


def test_what_is_missing_counts_one_and_what_fails_is_unscored(tmp_path: Path) -> None:
    run(tmp_path, "--limit", 2, "--epochs", 1)
    (tmp_path / "outputs.jsonl").unlink()
    append(
        tmp_path / "outputs.jsonl",
        OutputLine(id="add-001", epoch=1, turn=1, seed=0, reason="refused", detail="no"),
        OutputLine(id="add-002", epoch=1, turn=1, seed=0, image="images/gone.png", digest="d"),
    )
    with pytest.raises(ImgEditError, match=r"1 of 2 are unscored.*--fail-on-error"):
        bench("score", "--output-path", tmp_path)
    figures = json.loads((tmp_path / "results.json").read_text())
    assert (figures["counts"]["missing"], figures["counts"]["failed"]) == (1, 1)
    assert figures["overall"]["mean"] == 1.0
    assert "overall" in bench("score", "--output-path", tmp_path, "--fail-on-error", 0.5)


def test_a_chat_judge_is_paid_once_and_several_judges_stand_side_by_side(tmp_path: Path) -> None:
    given = ("--judge", "scripted", "--judge-args", "script=debug", "--judge", "metric")
    figures = run(tmp_path, "--limit", 3, "--epochs", 1, *given)
    assert figures["judge"] == "scripted"
    assert set(figures["judges"]) == {"scripted", "metric"}
    asked = answers(tmp_path, "scripted")
    assert run(tmp_path, "--limit", 3, "--epochs", 1, *given) == figures
    assert answers(tmp_path, "scripted") == asked


def test_answers_to_one_way_of_asking_are_not_taken_for_those_to_another(tmp_path: Path) -> None:
    """Going back to the first finds its answers again, and asks nothing."""

    def ask(tokens: int) -> dict[str, Any]:
        args = f"script=debug,max_tokens={tokens}"
        return run(
            tmp_path, "--limit", 3, "--epochs", 1, "--judge", "scripted", "--judge-args", args
        )

    first, other = ask(500), ask(600)
    asked = answers(tmp_path, "scripted")
    assert len(asked) == 6
    assert ask(500) == first != other
    assert answers(tmp_path, "scripted") == asked


def test_a_folder_that_grows_has_every_epoch_of_every_case(tmp_path: Path) -> None:
    run(tmp_path, "--limit", 1, "--epochs", 2)
    figures = run(tmp_path, "--limit", 2, "--epochs", 1)
    assert figures["counts"]["scored"] == figures["total"] == 4


def test_a_later_turn_is_given_its_own_version_or_the_true_one(tmp_path: Path) -> None:
    """Of a dialogue whose turns are copied, the true versions are other pictures."""
    chosen = ("--tasks", "studio-multiturn", "--epochs", 1, "--sample-id", "content_memory-01")
    own = run(tmp_path / "own", *chosen)
    true = run(tmp_path / "true", *chosen, "--turns", "independent")
    assert own["total"] == true["total"] == 3
    lines_of = [
        [line.digest for line in lines(tmp_path / name / "outputs.jsonl", OutputLine)]
        for name in ("own", "true")
    ]
    assert len(set(lines_of[0])) == 1
    assert len(set(lines_of[1])) == 3
    with pytest.raises(ImgEditError, match=r"turns.*another --output-path"):
        run(tmp_path / "own", *chosen, "--turns", "independent")


def test_a_baseline_is_compared_case_by_case(tmp_path: Path) -> None:
    chosen = ("--limit", "0.01", "--epochs", 1)
    run(tmp_path / "copy", *chosen)
    figures = run(tmp_path / "new", *chosen, "--baseline", tmp_path / "copy", editor="oracle")
    gain = figures["baseline"]["overall"]
    assert gain["mean"] == pytest.approx(figures["overall"]["mean"] - 1)
    assert gain["p"] < 0.05


def test_what_was_spent_stands_beside(tmp_path: Path) -> None:
    run(tmp_path, "--limit", 2, "--epochs", 1)
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert stats["editor"]["outputs"]["n"] == stats["judges"]["metric"]["n"] == 2
    assert stats["judges"]["metric"]["seconds"] > 0


def test_work_is_told_where_there_is_no_terminal(tmp_path: Path) -> None:
    said = bench("run", "--output-path", tmp_path, "--limit", 2, "--epochs", 1)
    assert "copy-input: outputs: 2 of 2" in said
    assert "metric: answers: 2 of 2" in said


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--editor", "copyinput"), "did you mean copy-input"),
        (("--judge", "metrics"), "did you mean metric"),
        (("--tasks", "studio"), "there is no suite"),
        (("--editor-args", "depth"), "not of the form name=value"),
        (("--editor-args", "depth=3"), "does not take depth"),
        (("--judge-args", "a=1", "--judge-args", "b=2"), "more --judge-args"),
        (("--judge", "metric", "--judge", "metric"), "two judges are called metric"),
        (("--judge", "chat", "--judge-args", "model=m,max_tokens=many"), "max_tokens=many"),
        (("--judge", "chat", "--judge-args", "model=m,colour=red"), "colour"),
        (("--editor", "random-image", "--editor-args", "of=cats"), "noise or scene"),
        (("--editor", "oracle", "--editor-args", "flaw=blur,degree=much"), "--editor-args"),
        (("--limit", "many"), "--limit 'many'"),
        (("--sample-id", "nobody"), "no case 'nobody'"),
        (("--tasks", "gedit"), "needs --data"),
    ],
)
def test_wrong_words_are_told_with_the_remedy(
    tmp_path: Path, args: tuple[str, ...], said: str
) -> None:
    with pytest.raises(ImgEditError, match=said):
        bench("run", "--output-path", tmp_path / "out", "--limit", "1", "--epochs", 1, *args)


def test_a_judge_that_cannot_tell_good_from_bad_is_refused_and_asked_once(tmp_path: Path) -> None:
    praise = {name: {"reason": "It is fine.", "score": 5} for name in JudgeReply.model_fields}
    reply = json.dumps(praise).replace(":", " =")
    script = tmp_path / "praise.toml"
    script.write_text(f"[[answers]]\nprompt = '.'\nreply = {reply}\n")
    out = tmp_path / "out"
    given = ("run", "--tasks", "studio-uge", "--output-path", out, "--limit", 1, "--epochs", 1)
    blind = (*given, "--judge", "scripted", "--judge-args", f"script={script}")
    tried = out / "trial" / "judge" / "scripted.jsonl"
    with pytest.raises(
        ImgEditError, match=r"good: 5.00 .*It is fine.\n  copied: 5.00(.|\n)*no-trial"
    ):
        bench(*blind)
    asked = tried.read_text()
    assert len(asked.splitlines()) == 8
    with pytest.raises(ImgEditError, match="does not put a good edit above"):
        bench(*blind)
    assert tried.read_text() == asked
    assert not (out / "results.json").exists()
    bench(*blind, "--no-trial")
    assert json.loads((out / "results.json").read_text())["judge"] == "scripted"
    bench(*given)
    assert json.loads((out / "results.json").read_text())["judge"] == "metric"
    assert len(answers(out / "trial")) == 8
    stats = json.loads((out / "stats.json").read_text())
    assert (stats["trials"]["metric"]["n"], stats["judges"]["metric"]["n"]) == (8, 1)


def test_a_folder_without_a_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(ImgEditError, match="holds no run"):
        bench("score", "--output-path", tmp_path)


def test_a_share_is_spread_over_the_suite(tmp_path: Path) -> None:
    cases = load_suite("studio-basic", None, tmp_path).cases()
    share = selected(cases, limit="0.1")
    assert len(share) == 73
    assert {case.task for case in share} == {case.task for case in cases}
    assert selected(cases, limit="3-5") == cases[3:5]


def test_an_id_of_any_form_stays_in_the_folder(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for name in ("..", "a/b", "", ".", "é", "x" * 10):
        path = folder.image(name, 1)
        assert path.parent.parent == tmp_path / "images"
        assert path.parent.name not in ("", ".", "..")
