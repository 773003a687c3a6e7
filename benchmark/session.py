"""A run from its suite to its figures: what the commands call."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import rmtree
from typing import Any

from benchmark.arguments import Turns
from benchmark.beside import beside, put_beside
from benchmark.cases import BenchCase, Suite
from benchmark.editors.command import CommandEditor
from benchmark.editors.editor import BenchEditor
from benchmark.editors.ready import ReadyOutputs
from benchmark.editors.services import ServiceEditor
from benchmark.estimate import estimates
from benchmark.judging.judge import BenchJudge
from benchmark.judging.registry import make_judges
from benchmark.measures.measure import Measuring
from benchmark.measures.perceptual import perceptual
from benchmark.options import Scoring
from benchmark.progress import Progress
from benchmark.protocols.protocol import Reading, ScoringProtocol, protocol_hash
from benchmark.protocols.registry import STRICT, make_protocol
from benchmark.report.pictures import keep_sources
from benchmark.runs.folder import RunFolder, SampleLine, lines, write_json, write_lines
from benchmark.runs.generate import Generator, outputs_of
from benchmark.runs.judge import Judging
from benchmark.runs.score import sample_lines, score_outputs
from benchmark.runs.shown import Shown
from benchmark.runs.spec import (
    RunSpec,
    judged,
    new_spec,
    read_spec,
    resumed,
    spec_of,
    told_by,
    write_spec,
)
from benchmark.runs.spent import spent
from benchmark.runs.trial import try_judge
from benchmark.statistics.counting import USUAL, Counting
from benchmark.statistics.paired import compare
from benchmark.statistics.results import results
from benchmark.suites.registry import load_suite
from benchmark.suites.studio.trial import trial_cases
from benchmark.validation import unexpected
from models.faults import ImgEditError
from models.geometry import Rgb
from resources.engine.cores import share_cores
from resources.home import Home

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One suite and the folder of its run."""

    folder: RunFolder
    suite: Suite
    protocol: ScoringProtocol

    @classmethod
    def open(cls, folder: Path, suite: str, data: Path | None, protocol: str = STRICT) -> "Session":
        """A run of a suite, new or to go on with.

        Raises:
            ImgEditError: There is no such suite, its data are not as published, or the protocol is
                none for it.
        """
        loaded = load_suite(suite, data, _cache())
        return cls(
            folder=run_folder(folder, protocol),
            suite=loaded,
            protocol=make_protocol(protocol, loaded),
        )

    @classmethod
    def reopen(cls, folder: Path, data: Path | None, protocol: str = STRICT) -> "Session":
        """The run that a folder holds.

        Raises:
            ImgEditError: It holds none.
        """
        return cls.open(folder, spec_of(RunFolder(folder)).suite, data, protocol)

    def judges(self, scoring: Scoring) -> list[BenchJudge]:
        """The judges that a command names, with their arguments in the same order."""
        return make_judges(
            scoring.judge,
            scoring.judge_args,
            ledger=self.folder.ledger,
            cost_limit_usd=scoring.cost_limit,
            service=scoring.service,
        )

    def estimate(
        self,
        cases: Sequence[BenchCase],
        judges: Sequence[BenchJudge],
        progress: Progress,
        *,
        epochs: int = 0,
        editor: BenchEditor | None = None,
    ) -> None:
        """Tell what is to come, and what it may cost; without an editor, of the folder's run."""
        epochs = _epochs(editor, epochs) if editor else spec_of(self.folder).epochs
        for each in estimates(
            self.folder, cases, epochs, editor=editor, protocol=self.protocol, judges=judges
        ):
            progress.tell(str(each))

    def generate(
        self,
        editor: BenchEditor,
        cases: Sequence[BenchCase],
        *,
        epochs: int,
        seed: int,
        turns: Turns,
        retry_failed: bool,
        progress: Progress,
    ) -> None:
        """Make the outputs that are not there yet, of the cases that the folder has as well.

        Raises:
            ImgEditError: The folder holds another run, or the true versions are not known.
        """
        epochs = _epochs(editor, epochs)
        if isinstance(editor, ReadyOutputs) and (names := unexpected(self.suite.cases(), editor)):
            progress.tell(
                f"{editor.name}: {len(names)} output(s) of no case of {self.suite.name}, such as "
                f"{names[0]}: `bench validate` tells which cases they are likely of"
            )
        wanted = new_spec(self.suite, editor, seed=seed, turns=turns)
        known = read_spec(self.folder)
        spec = resumed(self.folder, wanted)
        ids = _joined(known, cases)
        spec = replace(spec, epochs=max(epochs, spec.epochs), ids=ids, cases=len(ids))
        generator = Generator(
            folder=self.folder,
            editor=editor,
            seed=seed,
            true_version=self._true_version(spec),
            on_progress=progress.advance,
        )
        write_spec(self.folder, spec)
        todo = generator.todo(self._cases(spec), spec.epochs, retry_failed=retry_failed)
        progress.begin(f"{editor.name}: outputs", len(todo))
        if not todo:
            return
        if isinstance(editor, ServiceEditor):
            editor.spent_usd = spent(self.folder, [])["editor"]["outputs"]["usd"]
            editor.paid = self.folder.path / "paid"
        editor.setup()
        share_cores(editor.lanes)
        try:
            if isinstance(editor, CommandEditor):
                write_spec(self.folder, told_by(spec, self.folder, editor.told))
            generator.make(todo)
            rmtree(self.folder.path / "paid", ignore_errors=True)
        finally:
            editor.close()

    def score(self, judges: Sequence[BenchJudge], scoring: Scoring, progress: Progress) -> Figures:
        """Ask the judges what they were not asked yet, and compute the figures.

        Args:
            judges: The first of them gives the headline.
            scoring: How.
            progress: Where it is shown.

        Raises:
            ImgEditError: There is no run, a judge cannot be asked any more, or the baseline shares
                no scored case.
        """
        spec, outputs = spec_of(self.folder), outputs_of(self.folder)
        cases = self._cases(spec)
        samples: list[SampleLine] = []
        for judge in judges:
            judging = Judging(
                folder=self.folder,
                protocol=self.protocol,
                judge=judge,
                cases={case.id: case for case in cases},
                outputs=outputs,
                true_version=self._true_version(spec),
                on_progress=progress.advance,
            )
            tried = () if scoring.no_trial else trial_cases(_cache(), self.suite.tasks)
            _ask(judging, tried, retry_failed=scoring.retry_failed, progress=progress)
            scored = score_outputs(cases, spec.epochs, outputs, judging.answers(), self.protocol)
            samples += sample_lines(scored, judge.name, outputs)
        write_spec(self.folder, judged(spec, self.protocol, judges))
        write_lines(self.folder.samples, samples)
        keep_sources(self.folder, cases, samples)
        other = replace(self.folder, path=scoring.baseline) if scoring.baseline else None
        figures = figures_of(samples, self.protocol, judges[0].name, other, scoring.counting)
        figures |= beside(self.folder, samples)
        write_json(self.folder.results, figures)
        write_json(self.folder.stats, spent(self.folder, [judge.name for judge in judges]))
        return figures

    def measure(self, progress: Progress) -> None:
        """Measure the outputs that are not measured yet.

        Raises:
            ImgEditError: There is no run.
        """
        spec = spec_of(self.folder)
        cases, true_version = self._cases(spec), self._true_version(spec)
        outputs = outputs_of(self.folder)
        measuring = Measuring(
            folder=self.folder,
            cases=cases,
            epochs=spec.epochs,
            shown=Shown(folder=self.folder, outputs=outputs, true_version=true_version),
            perceptual=perceptual(drawn=all(case.truth for case in cases)),
            on_progress=progress.advance,
        )
        todo = measuring.todo()
        progress.begin(f"{spec.editor['name']}: measures", len(todo))
        measuring.measure(todo)
        put_beside(self.folder)

    def cases(self) -> list[BenchCase]:
        """The cases of the run."""
        return self._cases(spec_of(self.folder))

    def _cases(self, spec: RunSpec) -> list[BenchCase]:
        wanted = set(spec.ids)
        return [case for case in self.suite.cases() if case.id in wanted]

    def _true_version(self, spec: RunSpec) -> Callable[[BenchCase, int], Rgb] | None:
        """What later turns are given, where it is not the editor's own results."""
        if spec.turns == "iterative":
            return None
        if any(case.truth is None for case in self._cases(spec)):
            message = (
                f"{self.suite.name}: --turns independent gives later turns the right version, "
                "which only the studio suites know: give --turns iterative"
            )
            raise ImgEditError(message)
        from benchmark.suites.studio.versions import true_version

        return true_version


def _cache() -> Path:
    return Home.of().folder / "benchmark"


def run_folder(path: Path, protocol: str) -> RunFolder:
    """The folder of a run, with its figures by that protocol."""
    return RunFolder(path, "" if protocol == STRICT else protocol)


def figures_of(
    samples: Sequence[SampleLine],
    protocol: Reading,
    judge: str,
    baseline: RunFolder | None = None,
    counting: Counting = USUAL,
) -> Figures:
    """What `results.json` holds: the figures, and by which protocol they are.

    Raises:
        ImgEditError: The baseline shares no scored case.
    """
    scale, aggregation = protocol.scale, protocol.aggregation
    figures = {
        **results(samples, judge=judge, scale=scale, aggregation=aggregation, how=counting),
        "protocol": protocol.name,
        "protocol_hash": protocol_hash(protocol),
        "protocol_params": dict(protocol.params()),
    }
    if baseline:
        theirs = [*lines(baseline.samples, SampleLine)]
        figures["baseline"] = {"run": str(baseline.path), **compare(samples, theirs, how=counting)}
    return figures


def _ask(
    judging: Judging, tried: Sequence[BenchCase], *, retry_failed: bool, progress: Progress
) -> None:
    todo = judging.todo(retry_failed=retry_failed)
    progress.begin(f"{judging.judge.name}: answers", len(todo))
    if not todo:
        return
    judging.judge.setup()
    share_cores(judging.judge.lanes)
    try:
        if tried:
            try_judge(judging.judge, judging.protocol, tried, judging.folder)
        judging.ask(todo)
    finally:
        judging.judge.close()


def _joined(known: RunSpec | None, cases: Sequence[BenchCase]) -> list[str]:
    """The cases of a folder and those that are asked for now."""
    return list(dict.fromkeys([*(known.ids if known else ()), *(case.id for case in cases)]))


def _epochs(editor: BenchEditor, wanted: int) -> int:
    """As many as are asked for; of outputs that are there already, as many as there are."""
    return min(wanted, editor.epochs) if isinstance(editor, ReadyOutputs) else wanted
