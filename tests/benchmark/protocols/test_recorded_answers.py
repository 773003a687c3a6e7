"""Answers to the official rubrics: as their script counts, as lmms-eval does, and strictly."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmark.cases import BenchCase, CaseTurn, PictureFile
from benchmark.cli import app
from benchmark.protocols.lmms_eval import LmmsEvalProtocol
from benchmark.protocols.official import OfficialProtocol
from benchmark.protocols.protocol import CaseScore, Reading, Status, protocol_hash
from benchmark.protocols.strict_labels import StrictLabelsProtocol
from models.faults import ImgEditError
from tests.benchmark.runs.test_runs import bench
from tests.benchmark.suites.official import basic_cases, write, write_basic

COMPLIANCE, NATURALNESS, INTEGRITY = (
    "Prompt Compliance",
    "Visual Naturalness",
    "Physical & Detail Integrity",
)
FULL_WIDTH_5 = "\uff15"


def said(first: object, second: object, third: object, before: str = "") -> str:
    """An answer as the rubric of *remove* asks for it."""
    lines = (f"{COMPLIANCE}: {first}", f"{NATURALNESS}: {second}", f"{INTEGRITY}: {third}")
    return "\n".join([before, *lines] if before else lines)


def case_of(task: str) -> BenchCase:
    return BenchCase(
        id="1",
        suite="imgedit-basic",
        task=task,
        source=PictureFile(Path("nowhere")),
        turns=(CaseTurn(instruction="Remove the cat.", starts_from=0),),
        cluster="c",
    )


def read(protocol: Reading, text: str) -> CaseScore:
    return protocol.read(case_of("remove"), 1, {"": text})


@pytest.mark.parametrize(
    ("text", "official", "lmms", "strict"),
    [
        (said(1, 5, 5), 3.67, 11 / 3, 1.0),
        (said(1, 4, 4), 3.0, 3.0, 1.0),
        (said(4, 3, 5, "Brief reasoning: 2 cats are gone, see the wall."), 4.0, 4.0, 11 / 3),
        (said(5, 5, 5, "Brief reasoning: 3"), 4.5, 5.0, "a number beside the three"),
        (said(FULL_WIDTH_5, 4, 4), 4.33, 13 / 3, "not 1 to 5"),
        (said("²", 4, 4), "ends here", 0.0, "not 1 to 5"),
        (said("9" * 4301, 4, 4), "ends here", 0.0, "not 1 to 5"),
        (said("9" * 4000, 4, 4), "ends here", 0.0, "not 1 to 5"),
        (said("4/5", 3, 3), 3.0, 10 / 3, "'4/5', not 1 to 5"),
        (said("4.5", 3, 3), 3.0, 10 / 3, "'4.5', not 1 to 5"),
        ("Score: 3 (Acceptable)", "no line", 0.0, f"no line `{COMPLIANCE}"),
        ("Score: Prompt: 4", "no line", 0.0, f"no line `{COMPLIANCE}"),
        (f"**{COMPLIANCE}:** 4\n**Visual**: 5", 5.0, 0.0, "a number beside"),
        ("**" + said(4, 4, 4).replace(":", ":**").replace("\n", "\n**"), "no line", 4.0, "it says"),
        (f"{COMPLIANCE}: 4\n{COMPLIANCE}: 2\n{NATURALNESS}: 3", 3.0, 3.0, "is there twice"),
        (said(0, 6, 9), 5.0, 5.0, "'0', not 1 to 5"),
        ("指示の遵守: 4\n自然さ: 4\n整合性: 4", 4.0, 4.0, "a number beside the three"),
        ("Très bien, cinq sur cinq.", "no line", 0.0, "Très bien"),
        ("4\n3\n5", "no line", 4.0, "no line"),
        ("", "no line", 0.0, "the answer is empty"),
    ],
)  # fmt: skip
def test_each_arithmetic_gives_its_own_score_or_says_why_there_is_none(
    text: str, official: float | str, lmms: float, strict: float | str
) -> None:
    for protocol, expected in ((OfficialProtocol(), official), (StrictLabelsProtocol(), strict)):
        found = read(protocol, text)
        if isinstance(expected, str):
            assert (found.status, found.score) == (Status.UNPARSABLE, None)
            assert expected in found.reason
        else:
            assert found.score == pytest.approx(expected, abs=1e-12)
    assert read(LmmsEvalProtocol(), text).score == pytest.approx(lmms, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "quirks"),
    [
        (said(4, 4, 3), set()),
        (said(1, 5, 5), {"no_cap"}),
        (said(5, 5, 5, "Brief reasoning: 3"), {"any_line_counts", "any_count", "no_cap"}),
        (said(FULL_WIDTH_5, 4, 6), {"any_digits", "any_number", "no_cap"}),
        (said("4/5", 3, 3), {"any_count", "line_dropped"}),
        (said("²", 3, 3), {"script_ends"}),
        (f"**{COMPLIANCE}:** 4", {"case_dropped", "line_dropped"}),
    ],
)
def test_the_quirks_that_bore_on_an_official_score_are_named(text: str, quirks: set[str]) -> None:
    protocol = OfficialProtocol()
    named = protocol.params()["quirks"]
    assert isinstance(named, dict)
    assert set(read(protocol, text).quirks) == quirks <= named.keys()


@pytest.mark.parametrize(
    ("quirk", "text", "with_it", "without"),
    [
        ("any_line_counts", said(5, 5, 5, "Brief reasoning: 3"), 4.5, 5.0),
        ("any_count", f"{COMPLIANCE}: 4\n{NATURALNESS}: 4", 4.0, None),
        ("any_digits", said(FULL_WIDTH_5, 4, 4), 4.33, 4.0),
        ("any_number", said(4, 4, 9), 5.67, 4.0),
        ("line_dropped", f"**{COMPLIANCE}:** 4/5\n{NATURALNESS}: 4.5\nA: B: 2", None, 3.5),
        ("no_cap", said(1, 5, 5), 3.67, 1.0),
        ("case_dropped", "Très bien.", None, 1.0),
        ("script_ends", said("²", 4, 4), None, 4.0),
        ("rounded", said(1, 5, 5), 3.67, 11 / 3),
    ],
)
def test_each_quirk_of_the_official_script_is_switched_by_its_name(
    quirk: str, text: str, with_it: float | None, without: float | None
) -> None:
    as_it_is, switched = OfficialProtocol(), OfficialProtocol(switched={quirk: False})
    assert read(as_it_is, text).score == with_it
    assert read(switched, text).score == (without and pytest.approx(without, abs=1e-12))
    assert quirk not in read(switched, text).quirks
    assert switched.name == f"imgedit-official/1 -{quirk}"
    assert protocol_hash(switched) != protocol_hash(as_it_is)


@pytest.mark.parametrize(
    ("quirk", "text", "with_it", "without"),
    [
        ("last_three", said(5, 3, 3, "Reasoning: 2"), 11 / 3, 0.0),
        ("number_cut", said("4.5", "4.5", "4.5"), 4.0, 4.5),
        ("ends_of_lines", "4\n3\n5", 4.0, 0.0),
        ("any_digits", said(FULL_WIDTH_5, 4, 4, "So: 1"), 13 / 3, 3.0),
        ("any_number", said(4, 4, 4) + "\nSum: 12", 20 / 3, 4.0),
        ("no_cap", said(1, 5, 5), 11 / 3, 1.0),
        ("failure_is_0", "", 0.0, None),
    ],
)
def test_each_quirk_of_lmms_eval_is_switched_by_its_name(
    quirk: str, text: str, with_it: float, without: float | None
) -> None:
    assert read(LmmsEvalProtocol(), text).score == pytest.approx(with_it, abs=1e-12)
    found = read(LmmsEvalProtocol(switched={quirk: False}), text).score
    assert found == (without and pytest.approx(without, abs=1e-12))


def test_quirks_are_switched_on_the_command_line_and_stand_beside_the_figures(data: Path) -> None:
    answers = {key: said(1, 5, 5) for key in basic_cases(TWO_TASKS)}
    official, _ = score(data, answers, "--protocol", "official")
    capped, told = score(data, answers, "--protocol", "official,no_cap=false")
    assert (official["overall"]["mean"], capped["overall"]["mean"]) == (3.67, 1.0)
    assert official["protocol_hash"] != capped["protocol_hash"]
    assert "no_cap" not in capped["protocol_params"]["quirks"]
    assert "imgedit-official/1 -no_cap" in told
    for wrong, why in (("nocap=false", "did you mean no_cap"), ("no_cap=0", "true or false")):
        with pytest.raises(ImgEditError, match=why):
            score(data, answers, "--protocol", f"official,{wrong}")


def test_the_official_request_is_the_rubric_with_the_instruction_and_both_pictures() -> None:
    source, edited = np.zeros((4, 6, 3), np.uint8), np.ones((8, 8, 3), np.uint8)
    protocol = OfficialProtocol(rubrics={"remove": "Was this done? <edit_prompt> 1-5."})
    (question,) = protocol.questions(case_of("remove"), 1, source, edited, None)
    assert question.prompt == "Was this done? Remove the cat. 1-5."
    assert [image.shape for image in question.images] == [source.shape, edited.shape]
    assert (question.part, question.form) == ("", None)


def test_what_failed_is_zero_to_lmms_eval_and_nothing_to_the_others() -> None:
    protocols = (OfficialProtocol(), LmmsEvalProtocol(), StrictLabelsProtocol())
    failed = [protocol.unscored(Status.FAILED, "no").score for protocol in protocols]
    missing = [protocol.unscored(Status.MISSING, "no").score for protocol in protocols]
    assert failed == [None, 0.0, None]
    assert missing == [None, 0.0, 1.0]
    assert len({protocol_hash(protocol) for protocol in protocols}) == 3


TWO_TASKS = {"remove": 3, "add": 2}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Five cases, without a single picture and without the rubrics."""
    cases = basic_cases(TWO_TASKS)
    write(tmp_path / "data" / "Basic" / "basic_edit.json", cases)
    return tmp_path / "data"


def score(data: Path, answers: object, *args: object) -> tuple[dict[str, Any], str]:
    """The figures, and what the terminal says."""
    file = write(data.parent / "result.json", answers)
    out = data.parent / "out"
    given = ("score", "--tasks", "imgedit-basic", "--data", data, "--answers", file)
    command = [str(arg) for arg in (*given, "--output-path", out, "--fail-on-error", 1, *args)]
    result = CliRunner().invoke(app, command)
    if result.exception:
        raise result.exception
    protocol = args[args.index("--protocol") + 1] if "--protocol" in args else "strict"
    infix = "" if protocol == "strict" else f".{protocol}"
    figures: dict[str, Any] = json.loads((out / f"results{infix}.json").read_text())
    return figures, result.output


def keys() -> list[str]:
    return list(basic_cases(TWO_TASKS))


def add_said(*scores: int) -> str:
    labels = (COMPLIANCE, NATURALNESS, "Physical & Detail Coherence")
    return "\n".join(f"{label}: {s}" for label, s in zip(labels, scores, strict=True))


def test_recorded_answers_are_scored_side_by_side_without_a_picture(data: Path) -> None:
    removes, adds = keys()[:3], keys()[3:]
    answers = {key: said(1, 5, 5) for key in removes[:2]}
    answers |= {removes[2]: "I cannot say.", adds[0]: add_said(4, 4, 4), adds[1]: add_said(5, 4, 4)}
    official, told = score(data, answers, "--protocol", "official")
    lmms, _ = score(data, answers, "--protocol", "lmms-eval")
    strict, _ = score(data, answers)

    assert {name: task["mean"] for name, task in official["tasks"].items()} == {
        "remove": 3.67,
        "add": 4.17,  # (4 + 4.33) / 2 = 4.165, and a half cent falls as its binary form does.
    }
    assert official["overall"]["mean"] == pytest.approx((3.67 + 4.17) / 2)
    assert official["quirks"] == {"no_cap": 2, "case_dropped": 1}
    assert "quirk no_cap: 2" in told
    assert lmms["overall"]["mean"] == pytest.approx((11 / 3 * 2 + 0 + 4 + 13 / 3) / 5)
    assert strict["tasks"]["remove"]["mean"] == 1.0
    assert strict["counts"]["unparsable"] == strict["unscored"] == 1
    assert len({figures["protocol_hash"] for figures in (official, lmms, strict)}) == 3


def test_every_key_is_accounted_for(data: Path) -> None:
    first, second, third, fourth, _ = keys()
    no_output = "'dict' object has no attribute 'choices'"
    pairs = [
        (first, said(5, 5, 5)),
        (first, said(1, 1, 1)),
        (second, {"error": no_output}),
        (third, {"error": "429"}),
        (fourth, None),
        ("9999", said(5, 5, 5)),
    ]
    text = ", ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in pairs)
    figures, told = score(data, f"{{{text}}}")
    assert figures["counts"] | {"scored": 0} == figures["counts"]
    assert (figures["counts"]["missing"], figures["counts"]["failed"]) == (1, 4)
    assert figures["overall"]["mean"] == 1.0  # The output that is missing, and nothing else.
    assert "5 recorded answers: 1 of no case, 1 given twice; 1 cases without any" in told
    for reason in ("2 different answers stand", "neither a text nor an error: null", "429"):
        assert f"1 failed: {reason}" in told.replace("the call failed: ", "")


@pytest.mark.parametrize(
    ("answers", "args", "remedy"),
    [
        ("[]", (), "holds no JSON object"),
        ("{", (), "result.json"),
        ("[" * 9999, (), "nests too deep"),
        ({}, ("--protocol", "offical"), "did you mean official"),
        ({}, ("--tasks", "imgedit-uge"), "imgedit-uge"),
    ],
)
def test_a_file_that_cannot_be_scored_is_told(
    data: Path, answers: object, args: tuple[str, ...], remedy: str
) -> None:
    with pytest.raises(ImgEditError, match=remedy):
        score(data, answers, *args)


def test_other_answers_are_not_scored_into_the_folder_of_the_first(data: Path) -> None:
    score(data, {key: said(5, 5, 5) for key in keys()})
    worse = {key: said(4, 4, 4) for key in keys()}
    with pytest.raises(ImgEditError, match="another --output-path"):
        score(data, worse)
    (data.parent / "out").rename(data.parent / "first")
    compared, _ = score(data, worse, "--baseline", data.parent / "first")
    assert compared["baseline"]["overall"]["mean"] == -1.0


def test_a_rubric_without_its_slot_is_no_rubric(tmp_path: Path) -> None:
    write_basic(tmp_path, {"remove": 1})
    given = ("run", "--tasks", "imgedit-basic", "--data", tmp_path, "--protocol", "official")
    command = [str(arg) for arg in (*given, "--output-path", tmp_path / "out")]
    for rubrics, fault in (({"remove": "Rate."}, "no slot"), ({}, "is not there"), ([], "no JSON")):
        write(tmp_path / "Basic" / "prompts.json", rubrics)
        error = CliRunner().invoke(app, command).exception
        assert isinstance(error, ImgEditError)
        assert fault in str(error)
        assert "prompts.json" in str(error)


def test_protocols_that_ask_alike_share_the_answers_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path / "home"))
    script = write(tmp_path / "s.toml", f"[[answers]]\nprompt = '.'\ntext = '''{said(1, 5, 5)}'''")
    data = write_basic(tmp_path / "data", {"remove": 2})
    out = tmp_path / "out"

    def figures(command: str, protocol: str, *more: object) -> dict[str, Any]:
        judge = ("--judge", "scripted", "--judge-args", f"script={script}", "--no-trial")
        given = ("--output-path", out, "--data", data, "--protocol", protocol, *judge, *more)
        bench(command, *given, "--fail-on-error", 1)
        infix = "" if protocol == "strict" else f".{protocol}"
        found: dict[str, Any] = json.loads((out / f"results{infix}.json").read_text())
        return found

    official = figures("run", "official", "--tasks", "imgedit-basic", "--epochs", 1)
    assert official["overall"]["mean"] == 3.67
    assert figures("score", "lmms-eval")["overall"]["mean"] == pytest.approx(11 / 3)
    assert figures("score", "strict-labels", "--baseline", out)["baseline"]["overall"]["mean"] == 0
    answered = (out / "judge" / "scripted.jsonl").read_text().splitlines()
    assert len(answered) == 2
    # Its own questions ask for JSON, which these answers are not.
    assert figures("score", "strict")["counts"]["unparsable"] == 2
    assert figures("score", "official") == official
