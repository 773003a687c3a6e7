"""What a profile's [benchmark] names: suites, editors and the judge, made once for a run."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from benchmark.cases import BenchCase, Suite
from benchmark.editors.editor import BenchEditor
from benchmark.editors.ready import ReadyOutputs
from benchmark.editors.registry import make_editor
from benchmark.editors.services import ServiceEditor
from benchmark.forensics.registry import make_detector
from benchmark.judging.judge import BenchJudge
from benchmark.judging.registry import make_judge
from benchmark.protocols.protocol import ScoringProtocol, protocol_hash
from benchmark.protocols.strict import StrictProtocol
from benchmark.runs.folder import RunFolder
from benchmark.runs.trial import try_judge
from benchmark.suites.registry import load_suite
from benchmark.suites.studio.trial import trial_cases
from models.faults import Fault
from resources.benchmarks import stamp_of_benchmark
from resources.factory import Factory
from resources.filters import quoted
from resources.learners import MissingPackageError, lacking_package
from resources.profile_benchmark import SuiteEntry, named
from resources.recipes import digest
from resources.releases.latest import latest_of
from resources.roles import ForensicDetector
from resources.schema import Unit
from resources.trained_judge import NoCheckpointError

_SUITES_AT_ONCE = 8

PROTOCOL: ScoringProtocol = StrictProtocol()


def suite_entry(factory: Factory, name: str) -> SuiteEntry:
    """What the profile says of a suite."""
    return named(factory.profile.benchmark.suites, name)


def suite_stamp(entry: SuiteEntry) -> str:
    """What changes with the cases of a suite, or of a part; nothing is loaded for it."""
    from benchmark.suites.studio.pictures import REVISION

    files = stamp_of_benchmark(entry.data) if entry.data else REVISION
    return digest("suite", entry.kind, entry.limit, files)


def suite_of(factory: Factory, name: str) -> Suite:
    """The whole suite.

    Raises:
        ImgEditError: There is no such suite, or its data are not as published.
    """
    entry = suite_entry(factory, name)
    return _loaded(entry.kind, entry.data, suite_stamp(entry), _cache(factory))


def cases_of(factory: Factory, name: str) -> Mapping[str, BenchCase]:
    """Every case of the whole suite by its id."""
    return {case.id: case for case in suite_of(factory, name).cases()}


@lru_cache(maxsize=_SUITES_AT_ONCE)
def _loaded(kind: str, data: str, stamp: str, cache: Path) -> Suite:
    del stamp  # another one is another suite
    return load_suite(kind, Path(data) if data else None, cache)


def new_editor(factory: Factory, name: str) -> BenchEditor:
    """An editor of the profile, not yet set up.

    Raises:
        NoCheckpointError: It is to be trained here, and was not yet.
        MissingPackageError: It was, and what it is made with is not installed.
        ImgEditError: There is no such editor, or it does not take its arguments.
    """
    entry = named(factory.profile.benchmark.editors, name)
    if not entry.trained:
        return make_editor(entry.kind, entry.args)
    if (folder := latest_of(factory.home.editors / entry.trained)) is None:
        msg = (
            f"the editor {entry.trained!r} is not trained yet: materialise "
            f"e1_connector_checkpoint, then e1_checkpoint of {entry.trained}, or let `imgedit run` "
            "do it"
        )
        raise NoCheckpointError(msg)
    if problem := lacking_package():
        msg = f"the editor {entry.trained!r} cannot be asked: {problem}"
        raise MissingPackageError(msg)
    kind = factory.profile.editors[entry.trained].kind
    return make_editor(kind, {"weights": str(folder), "name": name, **entry.args})


def new_judge(factory: Factory) -> BenchJudge:
    """The profile's judge, not yet set up.

    Raises:
        ImgEditError: There is no such judge, or it does not take its arguments.
    """
    entry = factory.profile.benchmark.judge
    return make_judge(entry.judge, entry.args, ledger=factory.home.ledger)


def epochs_of(factory: Factory, name: str) -> int:
    """How many outputs there are to be of each case: of a folder of outputs no more than it has."""
    editor, wanted = new_editor(factory, name), factory.profile.benchmark.epochs
    return min(wanted, editor.epochs) if isinstance(editor, ReadyOutputs) else wanted


def ready_editor(factory: Factory, name: str) -> BenchEditor:
    """An editor of the profile, set up: one at a time is kept warm."""

    def make() -> BenchEditor:
        editor = new_editor(factory, name)
        if isinstance(editor, ServiceEditor):
            editor.spent_usd = _spent_usd(factory, name)
            editor.paid = factory.home.paid / name
        editor.setup()
        return editor

    return factory.hold("benchmark editor", name, make)


def ready_judge(factory: Factory) -> BenchJudge:
    """The profile's judge, set up, and seen to tell a good edit from bad ones.

    Raises:
        ImgEditError: It cannot be asked, or does not tell them apart.
    """

    def make() -> BenchJudge:
        judge = new_judge(factory)
        judge.check()
        judge.setup()
        settings = factory.profile.benchmark
        # The embedded judge is tried by the tests, and the same everywhere.
        if settings.trial and settings.judge.judge != "metric":
            cases = trial_cases(_cache(factory), [])
            try_judge(judge, PROTOCOL, cases, RunFolder(_cache(factory) / "judges"))
        return judge

    return factory.hold("benchmark judge", "", make)


def new_detector(factory: Factory) -> ForensicDetector:
    """The profile's detector of edits, not yet set up.

    Raises:
        ImgEditError: There is no such detector, or it does not take its arguments.
    """
    entry = factory.profile.benchmark.forensics
    return make_detector(entry.detector, entry.args)


@dataclass(frozen=True, slots=True)
class WarmDetector:
    """A detector that is set up, with what it said of sources: every editor's partition asks."""

    detector: ForensicDetector
    sources: dict[str, float | Fault] = field(default_factory=dict)
    """By version."""

    def close(self) -> None:
        """End it."""
        self.detector.close()


def ready_detector(factory: Factory) -> WarmDetector:
    """The profile's detector of edits, set up: it is kept warm."""

    def make() -> WarmDetector:
        detector = new_detector(factory)
        detector.setup()
        return WarmDetector(detector)

    return factory.hold("forensic detector", "", make)


def _spent_usd(factory: Factory, editor: str) -> float:
    """What an editor's outputs have cost, on every suite."""
    of_editor = f"asset = 'benchmark_outputs' AND starts_with(partition, {quoted(editor + '|')})"
    return sum(unit.cost_usd for unit in factory.store.select(Unit, of_editor))


def _cache(factory: Factory) -> Path:
    """Where pictures are kept that are drawn, as `imgedit bench` keeps them."""
    return factory.home.folder / "benchmark"


def plain(params: Mapping[str, object]) -> dict[str, object]:
    """Parameters as JSON has them, for a recipe."""
    parsed: dict[str, object] = json.loads(json.dumps(dict(params), default=str))
    return parsed


def protocol_in_words() -> str:
    """Name and hash, as they stand beside every number."""
    return f"{PROTOCOL.name} {protocol_hash(PROTOCOL)}"
