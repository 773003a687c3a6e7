"""Runs as a report reads them: what was run, and the figures that stand in its folder."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from benchmark.forensics.figures import FakeFigures, FakeShares
from benchmark.runs.folder import RunFolder, SampleLine, lines
from benchmark.runs.spec import RunSpec, spec_of
from benchmark.statistics.bootstrap import Estimate
from benchmark.statistics.counting import USUAL, Counting
from models.faults import FaultError, ImgEditError
from resources.reading import read_regular

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeFigures:
    """What a file of results holds of one judge."""

    overall: Estimate
    micro: Estimate
    tasks: dict[str, Estimate]
    groups: dict[str, Estimate] = field(default_factory=dict)
    criteria: dict[str, Estimate] = field(default_factory=dict)
    counts: dict[str, int]
    repeats: dict[str, Any] = field(default_factory=dict)

    def parts(self) -> dict[str, Estimate]:
        """Every figure: "overall", "micro", "task:<name>", "group:<name>", "criterion:<name>"."""
        kinds = {"task": self.tasks, "group": self.groups, "criterion": self.criteria}
        each = {f"{kind}:{n}": e for kind, found in kinds.items() for n, e in found.items()}
        return {"overall": self.overall, "micro": self.micro, **each}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureFigures:
    """What a file of results holds of one measure."""

    overall: Estimate
    tasks: dict[str, Estimate]


@dataclass(frozen=True, slots=True, kw_only=True)
class _ResultsFile(JudgeFigures):
    judge: str
    protocol: str
    protocol_hash: str
    counting: Counting = USUAL
    judges: dict[str, JudgeFigures] = field(default_factory=dict)
    sensitivity: list[dict[str, Any]] = field(default_factory=list)
    measures: dict[str, MeasureFigures] = field(default_factory=dict)
    fake: FakeFigures | None = None


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The figures of a run by one protocol and one judge."""

    run: "ReportedRun"
    protocol: str
    protocol_hash: str
    judge: str
    judge_kind: str
    """In words: whether it is a metric or a language model."""
    by_judge: JudgeFigures
    counting: Counting
    samples: Path
    """The file of the samples that they were computed from."""

    @property
    def comparable(self) -> tuple[str, ...]:
        """What two runs must share for their figures to stand in one table."""
        spec, judge = self.run.spec, self.run.judge(self.judge)
        told = {"judge": judge or self.judge, "counting": asdict(self.counting)}
        asked = json.dumps(told, sort_keys=True)
        return spec.suite, spec.revision, self.protocol, self.protocol_hash, self.judge, asked

    @cached_property
    def lines(self) -> list[SampleLine]:
        """How every output ended with this judge."""
        return [line for line in lines(self.samples, SampleLine) if line.judge == self.judge]


@dataclass(frozen=True, kw_only=True)
class ReportedRun:
    """One run."""

    label: str
    """The editor's name; with that of the folder, where several runs are of one editor."""
    folder: RunFolder
    spec: RunSpec

    @cached_property
    def figures(self) -> list[Figures]:
        """By protocol and judge: the strict protocol first, then as files are named.

        Raises:
            ImgEditError: There are none, or a file is not what `score` writes.
        """
        files = self._files()
        if not files:
            message = f"{self.folder.path} has no figures: `score --output-path` computes them"
            raise ImgEditError(message)
        return [found for file in files for found in self._figures(file)]

    @cached_property
    def beside(self) -> dict[str, Estimate]:
        """What was measured beside the judge: "measure:<name>", of a task "measure:<name>:<task>".

        Of the detector of edits "fake:recall" and "fake:false_positive_rate" alike.
        """
        found: dict[str, Estimate] = {}
        for file in self._files()[:1]:
            results = read_file(file, _ResultsFile)
            for name, measure in results.measures.items():
                found[f"measure:{name}"] = measure.overall
                found |= {f"measure:{name}:{task}": e for task, e in measure.tasks.items()}
            if results.fake:
                for task, shares in {"": results.fake.overall, **results.fake.tasks}.items():
                    found |= _shares(shares, f":{task}" if task else "")
        return found

    @cached_property
    def sensitivity(self) -> list[dict[str, Any]]:
        """How its judges agree (`benchmark.statistics.judges`), by the strict protocol."""
        path = self.folder.results
        return read_file(path, _ResultsFile).sensitivity if path.exists() else []

    @property
    def stats(self) -> dict[str, Any]:
        """Seconds and USD; empty where nothing tells."""
        path = self.folder.stats
        return read_file(path, dict[str, Any]) if path.exists() else {}

    def judge(self, name: str) -> dict[str, Any]:
        """What the run says of a judge; empty where it says nothing."""
        return next((judge for judge in self.spec.judges if judge.get("name") == name), {})

    def _files(self) -> list[Path]:
        found = self.folder.path.glob("results.*json")
        return sorted(found, key=lambda path: (len(path.name), path.name))

    def _figures(self, file: Path) -> list[Figures]:
        found = read_file(file, _ResultsFile)
        each = found.judges or {found.judge: found}
        infix = file.name.removeprefix("results").removesuffix(".json")
        return [
            Figures(
                run=self,
                protocol=found.protocol,
                protocol_hash=found.protocol_hash,
                judge=name,
                judge_kind=str(self.judge(name).get("kind", "")),
                by_judge=one,
                counting=found.counting,
                samples=self.folder.path / f"samples{infix}.jsonl",
            )
            for name, one in each.items()
        ]


def _shares(shares: FakeShares, suffix: str) -> dict[str, Estimate]:
    named = {"recall": shares.recall, "false_positive_rate": shares.false_positive_rate}
    return {
        f"fake:{name}{suffix}": Estimate(
            mean=s.value, stderr=None, low=s.low, high=s.high, n=s.n, clusters=s.n
        )
        for name, s in named.items()
        if s
    }


def read_runs(folders: Sequence[Path]) -> list[ReportedRun]:
    """The runs of some folders.

    Raises:
        ImgEditError: One holds none, or two are the same.
    """
    if len({folder.resolve() for folder in folders}) < len(folders):
        message = "one run is given twice: name each folder once"
        raise ImgEditError(message)
    specs = {folder: spec_of(RunFolder(folder)) for folder in folders}
    names = Counter(spec.editor.get("name") for spec in specs.values())
    found = []
    for folder, spec in specs.items():
        name = str(spec.editor.get("name"))
        label = name if names[name] == 1 else f"{name} ({folder.name})"
        found.append(ReportedRun(label=label, folder=RunFolder(folder), spec=spec))
    return found


def read_file(path: Path, kind: type[T], written_by: str = "score") -> T:
    """A file of a run.

    Raises:
        ImgEditError: It is not what a command writes, which the text names.
    """
    try:
        return TypeAdapter(kind).validate_json(read_regular(path))
    except (ValidationError, FaultError) as error:
        why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        message = f"{path} is not what a run writes ({why}): `{written_by}` writes it anew"
        raise ImgEditError(message) from None
