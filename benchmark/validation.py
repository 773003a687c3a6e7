"""What is wrong with outputs that are there already, told before a judge is asked about any."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Self

from benchmark.cases import BenchCase, PictureFile
from benchmark.editors.ready import ListedOutputs, ReadyOutputs, read_output
from models.faults import FaultError, Reason
from models.images import READ_SUFFIXES, ImageHeader, decode, read_header


class Kind(StrEnum):
    """What can be wrong with an output: a word, and what becomes of it in a run."""

    about: str

    def __new__(cls, word: str, about: str) -> Self:
        """A member with its explanation."""
        made = str.__new__(cls, word)
        made._value_, made.about = word, about
        return made

    MISSING = "missing", "no output of the case: counts as 1"
    MISNAMED = "misnamed", "no case is called so; likely that of one which is missing"
    BROKEN = "broken", "cannot be read: counts as 1"
    DUPLICATE = "duplicate", "listed twice, with other files: counts as 1"
    EXTRA = "extra", "of no case: not looked at"
    ANIMATED = "animated", "the first frame counts"
    COLOURS = "colours", "brought to sRGB"
    SIZE = "size", "brought to the source's"

    @property
    def counts_one(self) -> bool:
        """Whether the case would count as missing; the others are only told."""
        return self in {Kind.MISSING, Kind.BROKEN, Kind.DUPLICATE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong."""

    kind: Kind
    name: str
    """A file below the folder, or an id of the list."""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """An output that a run would look for."""

    case: BenchCase
    turn: int
    epoch: int
    label: str


def findings(cases: Sequence[BenchCase], outputs: ReadyOutputs) -> list[Finding]:
    """All that is wrong with the outputs of some cases; every picture is read whole.

    Args:
        cases: All cases of one suite.
        outputs: What there is.

    Raises:
        ImgEditError: The folder cannot be read, or holds the outputs of several models.
    """
    wanted = _wanted(cases, outputs)
    names = outputs.names(cases[0].suite) if cases else {}
    with ThreadPoolExecutor() as lanes:
        looked = list(lanes.map(lambda each: [*_looked_at(each, outputs, names)], wanted))
    found = [finding for each in looked for finding in each]
    lost = {finding.name for finding in found if finding.kind is Kind.MISSING}
    found += _unexpected(
        unexpected(cases, outputs), [each for each in wanted if each.label in lost]
    )
    if isinstance(outputs, ListedOutputs):
        found += [Finding(kind=Kind.BROKEN, name=problem) for problem in outputs.problems]
    return found


def unexpected(cases: Sequence[BenchCase], outputs: ReadyOutputs) -> list[str]:
    """Names of outputs that no case of a suite has."""
    names = outputs.names(cases[0].suite) if cases else {}
    return sorted(names.keys() - {each.label for each in _wanted(cases, outputs)})


def _wanted(cases: Sequence[BenchCase], outputs: ReadyOutputs) -> list[_Wanted]:
    return [
        _Wanted(case=case, turn=turn, epoch=epoch, label=outputs.label(case, turn, epoch))
        for case in cases
        for turn in range(1, len(case.turns) + 1)
        for epoch in range(1, outputs.epochs + 1)
    ]


def told(found: Sequence[Finding], *, most: int) -> Iterator[str]:
    """Lines for each kind that there is: how many, what becomes of them, and their names.

    Args:
        found: What is wrong.
        most: So many names of each kind are told.
    """
    if not found:
        yield "every output is there, and as it should be"
    for kind in Kind:
        if of_kind := [finding for finding in found if finding.kind is kind]:
            yield f"{len(of_kind):5} {kind:10} {kind.about}"
            for one in of_kind[:most]:
                yield f"        {one.name}" + (f": {one.detail}" if one.detail else "")
            if len(of_kind) > most:
                yield f"        and {len(of_kind) - most} more: --most tells them"


def _looked_at(
    wanted: _Wanted, outputs: ReadyOutputs, names: Mapping[str, Path]
) -> Iterator[Finding]:
    try:
        data = read_output(outputs.place(wanted.case, wanted.turn, wanted.epoch))
        header = read_header(data)
        decode(data)
    except FaultError as error:
        if error.fault.reason is Reason.MISSING_FILE and wanted.label not in names:
            yield Finding(kind=Kind.MISSING, name=wanted.label)
        else:
            is_twice = error.fault.reason is Reason.DUPLICATE
            kind = Kind.DUPLICATE if is_twice else Kind.BROKEN
            yield Finding(kind=kind, name=wanted.label, detail=error.fault.detail)
        return
    for kind, detail in _oddities(header, wanted.case):
        yield Finding(kind=kind, name=wanted.label, detail=detail)


def _oddities(header: ImageHeader, case: BenchCase) -> Iterator[tuple[Kind, str]]:
    if header.frames > 1:
        yield Kind.ANIMATED, f"{header.frames} frames"
    if header.mode not in ("RGB", "RGBA", "L", "P"):
        yield Kind.COLOURS, header.mode
    try:
        source = read_header(case.source.data())
    except FaultError:  # a source that is broken is told by the suite
        return
    if (header.width, header.height) != (source.width, source.height):
        size = f"{header.width} x {header.height}"
        yield Kind.SIZE, f"{size}, the source has {source.width} x {source.height}"


_NOISE = frozenset(
    {"output", "out", "edited", "edit", "result", "image", "img", "turn", "key", "id", "fullset"}
)
_WORDS = re.compile(r"[a-z]+|\d+")
_Words = tuple[str, ...]
_CLOSE = 0.75
"""Of 1: how alike two names without a number must be."""


def _unexpected(names: Iterable[str], missing: Sequence[_Wanted]) -> Iterator[Finding]:
    """Each name that no case has; with that of the missing output which it likely is."""
    known = defaultdict[_Words, set[str]](set)
    for each in missing:
        for words in chain.from_iterable(map(_readings, _names_of(each))):
            known[words].add(each.label)
    for name in names:
        likely = [known[words] for words in _readings(name)]
        label = next((min(labels) for labels in likely if len(labels) == 1), "")
        if not label and not re.search(r"\d", name):
            label = next(iter(get_close_matches(name, [m.label for m in missing], 1, _CLOSE)), "")
        kind = Kind.MISNAMED if label else Kind.EXTRA
        yield Finding(kind=kind, name=name, detail=f"likely {label}" if label else "")


def _names_of(wanted: _Wanted) -> Iterator[str]:
    """What an output may be called; often as its source, which several cases may share."""
    yield from (wanted.label, wanted.case.id)
    if isinstance(source := wanted.case.source, PictureFile) and wanted.turn == 1:
        yield source.path.name


def _readings(name: str) -> list[_Words]:
    """The words and numbers of a name that tell, of all of it and of fewer and fewer folders."""
    path = Path(name.lower())
    stem = path.with_suffix("") if path.suffix in READ_SUFFIXES else path
    parts = [
        [word.lstrip("0") or "0" for word in _WORDS.findall(part) if word not in _NOISE]
        for part in stem.parts
    ]
    return [tuple(chain.from_iterable(parts[at:])) for at in range(max(1, len(parts)))]
