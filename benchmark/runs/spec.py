"""`run_spec.json`: what a run is, so that the same command goes on with it and another does not."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from pydantic import TypeAdapter, ValidationError

from benchmark.arguments import Turns
from benchmark.cases import Suite
from benchmark.editors.editor import BenchEditor
from benchmark.judging.judge import BenchJudge
from benchmark.protocols.protocol import Reading, protocol_hash
from benchmark.runs.folder import RunFolder, write_json
from models.faults import ImgEditError
from resources.reading import read_regular


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """What was run. Outputs depend on the first five fields alone."""

    suite: str
    revision: str
    editor: dict[str, Any]
    """`name`, `version`, `params`."""
    seed: int
    turns: Turns
    told: dict[str, str] = field(default_factory=dict)
    """What a program that is the editor says of itself once it runs: its name and version."""
    epochs: int = 0
    ids: list[str] = field(default_factory=list)
    """The cases that were asked for."""
    cases: int = 0
    """How many they are."""
    of: int = 0
    """How many the suite has."""
    protocol: dict[str, Any] = field(default_factory=dict)
    """`name`, `hash`, `params`."""
    judges: list[dict[str, Any]] = field(default_factory=list)
    """`name`, `version`, `kind`, `params` of those whose figures stand in `results.json`."""
    package: str = ""
    started: str = ""
    """UTC."""


def new_spec(suite: Suite, editor: BenchEditor, *, seed: int, turns: Turns) -> RunSpec:
    """The spec of a run that begins."""
    return RunSpec(
        suite=suite.name,
        revision=suite.revision,
        editor={
            "name": editor.name,
            "version": editor.version,
            "params": _plain(editor.params()),
        },
        seed=seed,
        turns=turns,
        of=len(suite.cases()),
        package=version("imgedit-factory"),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def judged(spec: RunSpec, protocol: Reading, judges: Sequence[BenchJudge]) -> RunSpec:
    """The spec with how it is judged."""
    return replace(
        spec,
        protocol={
            "name": protocol.name,
            "hash": protocol_hash(protocol),
            "params": _plain(protocol.params()),
        },
        judges=[
            {
                "name": judge.name,
                "version": judge.version,
                "kind": judge.kind,
                "params": _plain(judge.params()),
            }
            for judge in judges
        ],
    )


def read_spec(folder: RunFolder) -> RunSpec | None:
    """The spec of a folder; None where no run has begun.

    Raises:
        ImgEditError: The file is not what a run writes.
    """
    if not folder.spec.exists():
        return None
    try:
        return TypeAdapter(RunSpec).validate_json(read_regular(folder.spec))
    except ValidationError as error:
        message = (
            f"{folder.spec} is not what a run writes ({error.errors()[0]['msg']}): give another "
            "--output-path"
        )
        raise ImgEditError(message) from None


def spec_of(folder: RunFolder) -> RunSpec:
    """The spec of a folder that holds a run.

    Raises:
        ImgEditError: It holds none, or the file is not what a run writes.
    """
    if (spec := read_spec(folder)) is None:
        message = f"{folder.path} holds no run: `run --output-path {folder.path}` makes one"
        raise ImgEditError(message)
    return spec


def write_spec(folder: RunFolder, spec: RunSpec) -> None:
    """Keep the spec."""
    write_json(folder.spec, asdict(spec))


def resumed(folder: RunFolder, wanted: RunSpec) -> RunSpec:
    """The spec to go on with: the wanted one, with what the folder's run has beyond it.

    Raises:
        ImgEditError: The folder holds outputs of another run; the text says what differs.
    """
    found = read_spec(folder)
    if found is None:
        return wanted
    for name in ("suite", "revision", "editor", "seed", "turns"):
        if (old := getattr(found, name)) != (new := getattr(wanted, name)):
            message = (
                f"{folder.path} holds a run whose {name} is {_shown(old)}, not {_shown(new)}: give "
                "another --output-path, or delete that folder"
            )
            raise ImgEditError(message)
    return replace(
        wanted,
        epochs=max(found.epochs, wanted.epochs),
        started=found.started,
        told=found.told,
        protocol=wanted.protocol or found.protocol,
        judges=wanted.judges or found.judges,
    )


def told_by(spec: RunSpec, folder: RunFolder, told: Mapping[str, str]) -> RunSpec:
    """The spec with what the editor says of itself.

    Raises:
        ImgEditError: It said otherwise when the folder's outputs were made.
    """
    if spec.told and spec.told != dict(told):
        message = (
            f"{folder.path} holds a run whose editor said {_shown(spec.told)}, and now it says "
            f"{_shown(dict(told))}: give another --output-path, or delete that folder"
        )
        raise ImgEditError(message)
    return replace(spec, told=dict(told))


def _plain(params: Mapping[str, object]) -> dict[str, Any]:
    """Parameters as JSON has them."""
    adapter = TypeAdapter(dict[str, Any])
    plain: dict[str, Any] = adapter.dump_python(dict(params), mode="json", fallback=str)
    return plain


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) < 200 else f"{text[:200]}…"
