"""Recorded answers, such as the official script's `result.json`, scored without judge or picture.

The file is one JSON object: `{key: text}`, or `{key: {"error": text}}` where the call failed.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmark.cases import BenchCase, Suite
from benchmark.protocols.protocol import CaseScore, Reading, ScoredCase, Status
from benchmark.protocols.registry import make_reading
from benchmark.runs.folder import write_json, write_lines
from benchmark.runs.judge import Answers
from benchmark.runs.score import read_answers, sample_lines
from benchmark.runs.spec import RunSpec, judged, resumed, write_spec
from benchmark.session import Figures, figures_of, run_folder
from benchmark.statistics.counting import USUAL, Counting
from benchmark.suites.registry import load_suite
from models.faults import Fault, FaultError, ImgEditError, Reason
from resources.home import Home
from resources.reading import parse_json, read_regular

JUDGE = "recorded"
"""What the judge is called: whoever it was, the file does not say."""
_NO_OUTPUT = "'dict' object has no attribute 'choices'"
"""What the official script records of an output that it does not find."""
_NAMED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAnswers:
    """What a file of answers holds."""

    answers: Mapping[str, Answers]
    """By key."""
    twice: tuple[str, ...]
    """Keys that are there more than once, with different answers."""
    digest: str


def read_recorded(path: Path) -> RecordedAnswers:
    """The answers of a file.

    Raises:
        ImgEditError: It cannot be read, or is no JSON object.
    """
    try:
        data = read_regular(path)
        whole = parse_json(data, pairs=tuple)
    except (FaultError, ValueError) as error:
        message = f"--answers {path}: {error}"
        raise ImgEditError(message) from error
    if not isinstance(whole, tuple):
        message = f'--answers {path} holds no JSON object: give {{key: text}}, or {{"error": text}}'
        raise ImgEditError(message)
    said: dict[str, list[Any]] = defaultdict(list)
    for key, value in whole:
        if value not in said[key]:
            said[key].append(value)
    return RecordedAnswers(
        answers={key: _answers(values) for key, values in said.items()},
        twice=tuple(key for key, values in said.items() if len(values) > 1),
        digest=hashlib.sha256(data).hexdigest()[:16],
    )


def _answers(values: Sequence[Any]) -> Answers:
    if len(values) > 1:
        detail = f"{len(values)} different answers stand under this key"
        return Answers(texts={}, fault=Fault(reason=Reason.BAD_ROW, detail=detail))
    match values[0]:
        case str(text):
            return Answers(texts={"": text})
        case (("error", str(error)),):
            if error == _NO_OUTPUT:
                fault = Fault(reason=Reason.MISSING_FILE, detail="the script found no output")
                return Answers(texts={}, fault=fault)
            detail = f"the call failed: {error}"
        case other:
            detail = f"neither a text nor an error: {json.dumps(other)[:80]}"
    return Answers(texts={}, fault=Fault(reason=Reason.MODEL_UNAVAILABLE, detail=detail))


def score_recorded(
    suite: str,
    data: Path | None,
    answers: Path,
    protocol: str,
    *,
    output: Path | None = None,
    baseline: Path | None = None,
    counting: Counting = USUAL,
) -> Figures:
    """The figures of a file of answers.

    Args:
        suite: The suite that they are about; its pictures need not be there.
        data: Its folder.
        answers: The file.
        protocol: A name of `benchmark.protocols.registry.PROTOCOLS`.
        output: The folder for `results.json`, `samples.jsonl` and `run_spec.json`; None for none.
        baseline: Such a folder of other answers, to compare with.
        counting: How intervals are taken.

    Raises:
        ImgEditError: The file or the suite cannot be read, the protocol is none for it, or the
            folder holds another run.
    """
    loaded = load_suite(suite, data, Home.of().folder / "benchmark", allow_missing=True)
    reading, recorded = make_reading(protocol, loaded), read_recorded(answers)
    cases = loaded.cases()
    scored = [
        ScoredCase(
            case=case, epoch=1, turn=1, score=_score(case, recorded.answers.get(case.id), reading)
        )
        for case in cases
    ]
    samples = sample_lines(scored, JUDGE, {})
    other = run_folder(baseline, protocol) if baseline else None
    figures = figures_of(samples, reading, JUDGE, other, counting)
    unknown = sorted(recorded.answers.keys() - {case.id for case in cases})
    ended = Counter(f"{o.status}: {o.reason}" for o in samples if o.status != Status.SCORED)
    absent = sum(case.id not in recorded.answers for case in cases)
    figures["recorded"] = {
        "answers": len(recorded.answers),
        "unknown": len(unknown),
        "unknown_keys": unknown[:_NAMED],
        "absent": absent,
        "twice": len(recorded.twice),
        "twice_keys": list(recorded.twice[:_NAMED]),
        "reasons": dict(ended.most_common(_NAMED)),
    }
    if output:
        folder = run_folder(output, protocol)
        spec = resumed(folder, _spec(loaded, recorded))
        write_spec(folder, judged(spec, reading, []))
        write_lines(folder.samples, samples)
        write_json(folder.results, figures)
    return figures


def _score(case: BenchCase, answers: Answers | None, reading: Reading) -> CaseScore:
    if answers is None:
        return CaseScore(status=Status.FAILED, reason="no answer is recorded")
    if answers.fault and answers.fault.reason is Reason.MISSING_FILE:
        return reading.unscored(Status.MISSING, answers.fault.detail)
    return read_answers(case, 1, answers, reading)


def _spec(suite: Suite, recorded: RecordedAnswers) -> RunSpec:
    """A run of an editor that the file does not name."""
    cases = suite.cases()
    return RunSpec(
        suite=suite.name,
        revision=suite.revision,
        editor={"name": JUDGE, "version": "", "params": {"answers": recorded.digest}},
        seed=0,
        turns="iterative",
        epochs=1,
        ids=[case.id for case in cases],
        cases=len(cases),
        of=len(cases),
        package=version("imgedit-factory"),
    )
