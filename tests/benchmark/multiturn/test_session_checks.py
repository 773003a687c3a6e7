from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmark.cases import BenchCase, pixels
from benchmark.cli import app
from benchmark.multiturn.checks import SessionVerdict, check_session
from benchmark.multiturn.drift import drift
from benchmark.multiturn.raters import (
    Vote,
    agreement,
    guideline,
    read_form,
    write_form,
)
from benchmark.runs.folder import MeasureLine, RunFolder, append
from benchmark.suites.studio.versions import pixels_of, version_of
from models.faults import FaultError, ImgEditError
from models.geometry import Rgb
from tests.benchmark.studio_suites import case_of, suite

ABILITIES = suite("studio-multiturn").tasks


def _perfect(case: BenchCase) -> dict[int, Rgb]:
    return {turn: pixels_of(version_of(case, turn)) for turn in range(1, len(case.turns) + 1)}


def _failed(verdict: SessionVerdict, turn: int) -> set[str]:
    return {check.name for check in verdict.turns[turn - 1].checks if not check.passed}


@pytest.mark.parametrize("ability", ABILITIES)
@pytest.mark.parametrize("independent", [False, True])
def test_right_results_pass_and_copies_do_not(ability: str, independent: bool) -> None:
    case = case_of("studio-multiturn", ability)
    perfect = _perfect(case)
    assert check_session(case, perfect, independent=independent).yes
    source = pixels(case.source)
    copied = check_session(case, dict.fromkeys(perfect, source))
    assert not any(turn.yes for turn in copied.turns)
    assert _failed(copied, 1) >= {"done", "reference"}


def test_a_missing_turn_is_a_no_and_others_are_judged() -> None:
    case = case_of("studio-multiturn", "content_understanding")
    outputs = _perfect(case)
    del outputs[2]
    verdict = check_session(case, outputs)
    assert [turn.yes for turn in verdict.turns] == [True, False, False]
    assert not verdict.yes


def test_an_edit_of_another_object_is_no_reference() -> None:
    case = case_of("studio-multiturn", "content_memory")
    assert case.truth is not None
    outputs = _perfect(case)
    whole = range(len(case.truth.scene.objects))
    stranger = next(at for at in whole if at not in case.truth.subjects)
    (mask,) = version_of(case, 0).masks([stranger])
    outputs[1] = outputs[1].copy()
    outputs[1][mask] = 255 - outputs[1][mask]
    assert _failed(check_session(case, outputs), 1) == {"reference"}


def test_a_forgotten_premise_is_seen() -> None:
    case = case_of("studio-multiturn", "content_memory")
    outputs = _perfect(case)
    outputs[2] = outputs[2].copy()
    (subject,) = {case.truth.subjects[o.subject] for o in case.turns[1].operations}  # type: ignore[union-attr]
    (mask,) = version_of(case, 2).masks([subject])
    outputs[2][mask] = (20, 200, 220)
    assert "premise" in _failed(check_session(case, outputs), 2)


def test_what_was_not_taken_back_is_seen() -> None:
    """The last turn of the dialogue is done to the turn before, not to the version it names."""
    found = 0
    for case in suite("studio-multiturn").cases():
        last = case.turns[-1]
        if "reverted" not in last.checks:
            continue
        outputs = _perfect(case)
        number = len(case.turns)
        own = {case.truth.subjects[o.subject] for o in last.operations}  # type: ignore[union-attr]
        masks = version_of(case, number).masks(sorted(own))
        done = np.logical_or.reduce(masks)
        lazy = outputs[number - 1].copy()
        lazy[done] = outputs[number][done]
        undone = {o.subject for turn in case.turns[last.starts_from : -1] for o in turn.operations}
        if not undone <= {o.subject for o in last.operations}:
            assert "reverted" in _failed(check_session(case, outputs | {number: lazy}), number)
            found += 1
    assert found >= 3


def test_only_dialogues_of_the_studio_can_be_checked() -> None:
    from dataclasses import replace

    case = replace(case_of("studio-multiturn", "content_memory"), truth=None)
    with pytest.raises(FaultError, match="studio"):
        check_session(case, {})


def test_drift_is_none_for_right_results_and_grows_with_a_tint() -> None:
    case = case_of("studio-multiturn", "content_understanding")
    outputs = _perfect(case)
    assert max(each.distance for each in drift(case, outputs)) < 0.5
    tinted = {
        turn: np.clip(image.astype(np.int16) + 8 * turn, 0, 255).astype(np.uint8)
        for turn, image in outputs.items()
    }
    wandering = drift(case, tinted)
    assert [each.turn for each in wandering] == [1, 2, 3]
    distances = [each.distance for each in wandering]
    assert distances == sorted(distances)
    assert distances[0] > 2
    del tinted[2]
    assert [each.turn for each in drift(case, tinted)] == [1, 3]


def test_a_form_is_written_filled_in_and_read(tmp_path: Path) -> None:
    path = tmp_path / "form.csv"
    case = case_of("studio-multiturn", "content_memory")
    write_form(path, [case], ["ann", "bo"], RunFolder(tmp_path))
    lines = path.read_text("utf-8").splitlines()
    assert len(lines) == 1 + 2 * len(case.turns)
    assert "images/content_memory-01/1_1.png,ann," in lines[1]
    assert read_form(path) == ()
    lines[1] += "Yes"
    lines[2] += "no"
    path.write_text("\n".join(lines), "utf-8")
    assert read_form(path) == (
        Vote(case_id=case.id, turn=1, rater="ann", yes=True),
        Vote(case_id=case.id, turn=2, rater="ann", yes=False),
    )


def test_a_form_of_a_table_program_is_read(tmp_path: Path) -> None:
    path = tmp_path / "form.csv"
    path.write_bytes("\ufeffrater;case;turn;done;note\r\nann;a-1;1;YES;ok\r\n".encode())
    assert read_form(path) == (Vote(case_id="a-1", turn=1, rater="ann", yes=True),)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("case,turn,rater\na,1,ann\n", "lacks done"),
        ("case,turn,rater,done\na,1,ann,maybe\n", "line 2: done is 'maybe'"),
        ("case,turn,rater,done\na,one,ann,yes\n", "turn is 'one'"),
        ("case,turn,rater,done\na,1,ann,yes\na,1,ann,no\n", "rates turn 1 of a again"),
        ("", "lacks"),
    ],
)
def test_a_form_that_cannot_be_read_says_where(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "form.csv"
    path.write_text(text)
    with pytest.raises(ImgEditError, match=told):
        read_form(path)


def test_a_form_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "form.csv"
    path.write_bytes(b"\xff\xfe\x00c")
    with pytest.raises(ImgEditError, match="UTF-8"):
        read_form(path)


def test_agreement_counts_votes_on_turns_that_were_checked() -> None:
    case = case_of("studio-multiturn", "content_memory")
    session = check_session(case, _perfect(case))
    votes = [
        Vote(case_id=case.id, turn=1, rater="ann", yes=True),
        Vote(case_id=case.id, turn=2, rater="ann", yes=False),
        Vote(case_id="another", turn=1, rater="ann", yes=True),
    ]
    found = agreement({(turn.case_id, turn.turn): turn.yes for turn in session.turns}, votes)
    assert (found.share.hits, found.share.n) == (1, 2)
    assert found.kappa == 0


def test_kappa_is_that_of_the_books() -> None:
    # Two readers of 50 grants: 20 times both yes, 15 both no, 5 and 10 apart: kappa is 0.4.
    pairs = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15
    assert kappa_of(pairs) == pytest.approx(0.4)
    assert np.isnan(kappa_of([]))
    assert np.isnan(kappa_of([(True, True)]))


def kappa_of(pairs: list[tuple[bool, bool]]) -> float:
    """Of checks with one rater."""
    checked = {("c", turn): one for turn, (one, _) in enumerate(pairs)}
    votes = [Vote(case_id="c", turn=n, rater="ann", yes=two) for n, (_, two) in enumerate(pairs)]
    return agreement(checked, votes).kappa


def test_the_guideline_asks_for_yes_or_no() -> None:
    assert "`yes`" in guideline()


def test_votes_of_a_form_are_told_with_their_agreement(tmp_path: Path) -> None:
    form, folder = tmp_path / "form.csv", RunFolder(tmp_path / "run")
    form.write_text("case,turn,rater,done\na,1,ann,yes\na,2,ann,no\nb,1,bo,yes\n")
    args = ["raters", str(folder.path), "--form", str(form)]
    with pytest.raises(ImgEditError, match="no checks"):
        CliRunner().invoke(app, args, catch_exceptions=False)
    for case, turn, yes in (("a", 1, 1.0), ("a", 2, 1.0), ("b", 1, 1.0)):
        line = MeasureLine(id=case, epoch=1, turn=turn, of="", values={"turn_yes": yes})
        append(folder.measures, line)
    said = CliRunner().invoke(app, args, catch_exceptions=False).output
    assert "ann: yes 0.50" in said
    assert "agreement with the checks: 0.67" in said
    assert "2 of 3" in said
