"""A run from its suite to its figures: what the commands call."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

from rich.progress import Progress

from benchmark.arguments import arguments
from benchmark.cases import BenchCase, Suite
from benchmark.editors.editor import BenchEditor
from benchmark.judging.judge import BenchJudge
from benchmark.judging.registry import make_judge
from benchmark.protocols.protocol import ScoringProtocol, protocol_hash
from benchmark.protocols.strict import StrictProtocol
from benchmark.runs.folder import RunFolder, SampleLine, write_json, write_lines
from benchmark.runs.generate import Generator, outputs_of, selected
from benchmark.runs.judge import Judging, answers_of
from benchmark.runs.score import sample_lines, score_outputs
from benchmark.runs.spec import RunSpec, judged, new_spec, read_spec, resumed, write_spec
from benchmark.statistics.results import results
from benchmark.suites.registry import load_suite
from models.faults import ImgEditError
from resources.home import Home

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One suite and the folder of its run."""

    folder: RunFolder
    suite: Suite
    protocol: ScoringProtocol

    @classmethod
    def open(cls, folder: Path, suite: str, data: Path | None) -> "Session":
        """A run of a suite, new or to go on with.

        Raises:
            ImgEditError: There is no such suite, or its data are not as published.
        """
        cache = Home.of().folder / "benchmark"
        return cls(
            folder=RunFolder(folder),
            suite=load_suite(suite, data, cache),
            protocol=StrictProtocol(),
        )

    @classmethod
    def reopen(cls, folder: Path, data: Path | None) -> "Session":
        """The run that a folder holds.

        Raises:
            ImgEditError: It holds none.
        """
        if (spec := read_spec(RunFolder(folder))) is None:
            message = f"{folder} holds no run: `run --output-path {folder}` makes one"
            raise ImgEditError(message)
        return cls.open(folder, spec.suite, data)

    def selected(self, limit: str, ids: Sequence[str]) -> tuple[BenchCase, ...]:
        """Some cases of the suite (`benchmark.runs.generate.selected`)."""
        return selected(self.suite.cases(), limit=limit, ids=ids)

    def judges(
        self, names: Sequence[str], args: Sequence[str], cost_limit_usd: float | None
    ) -> list[BenchJudge]:
        """The judges that a command names, with their arguments in the same order."""
        if len(args) > len(names):
            message = "there are more --judge-args than --judge: give them in the same order"
            raise ImgEditError(message)
        ledger = self.folder.path / "judge" / "ledger"
        return [
            make_judge(
                name,
                arguments(text, "--judge-args"),
                ledger=ledger,
                cost_limit_usd=cost_limit_usd,
            )
            for name, text in zip_longest(names, args, fillvalue="")
        ]

    def generate(
        self,
        editor: BenchEditor,
        cases: Sequence[BenchCase],
        *,
        epochs: int,
        seed: int,
        retry_failed: bool,
        bars: Progress,
    ) -> None:
        """Make the outputs that are not there yet."""
        wanted = new_spec(self.suite, editor, seed=seed, turns="iterative")
        spec = resumed(self.folder, wanted)
        known = read_spec(self.folder)
        spec = replace(spec, epochs=max(epochs, spec.epochs), ids=_joined(known, cases))
        write_spec(self.folder, replace(spec, cases=len(spec.ids)))
        bar = bars.add_task(f"{editor.name}: outputs")
        generator = Generator(
            folder=self.folder,
            editor=editor,
            seed=seed,
            on_progress=lambda case: bars.advance(bar),
        )
        todo = generator.todo(cases, epochs, retry_failed=retry_failed)
        bars.update(bar, total=len(todo))
        editor.setup()
        try:
            generator.make(todo)
        finally:
            editor.close()

    def score(self, judges: Sequence[BenchJudge], *, retry_failed: bool, bars: Progress) -> Figures:
        """Ask the judges what they were not asked yet, and compute the figures."""
        spec = read_spec(self.folder)
        if spec is None:
            message = f"{self.folder.path} holds no run"
            raise ImgEditError(message)
        wanted = set(spec.ids)
        cases = [case for case in self.suite.cases() if case.id in wanted]
        samples: list[SampleLine] = []
        for judge in judges:
            self._ask(judge, cases, retry_failed=retry_failed, bars=bars)
            samples += self._samples(judge, cases, spec.epochs)
        write_spec(self.folder, judged(spec, self.protocol, list(judges), tried=False))
        write_lines(self.folder.samples, samples)
        figures = {
            **results(samples, judge=judges[0].name, scale=self.protocol.scale),
            "protocol": self.protocol.name,
            "protocol_hash": protocol_hash(self.protocol),
        }
        write_json(self.folder.results, figures)
        return figures

    def _ask(
        self, judge: BenchJudge, cases: Sequence[BenchCase], *, retry_failed: bool, bars: Progress
    ) -> None:
        bar = bars.add_task(f"{judge.name}: answers")
        judging = Judging(
            folder=self.folder,
            protocol=self.protocol,
            judge=judge,
            on_progress=lambda case: bars.advance(bar),
        )
        by_id = {case.id: case for case in cases}
        todo = judging.todo(by_id, outputs_of(self.folder), retry_failed=retry_failed)
        bars.update(bar, total=len(todo))
        judge.setup()
        try:
            judging.ask(by_id, todo)
        finally:
            judge.close()

    def _samples(
        self, judge: BenchJudge, cases: Sequence[BenchCase], epochs: int
    ) -> list[SampleLine]:
        outputs = outputs_of(self.folder)
        scored = score_outputs(
            cases, epochs, outputs, answers_of(self.folder, judge.name), self.protocol
        )
        return sample_lines(scored, judge.name, outputs, {})


def _joined(known: RunSpec | None, cases: Sequence[BenchCase]) -> list[str]:
    """The cases of a folder and those that are asked for now."""
    return list(dict.fromkeys([*(known.ids if known else ()), *(case.id for case in cases)]))
