"""The pictures of a report: of the best and the worst cases, small, and inside the page."""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmark.cases import BenchCase, pixels
from benchmark.runs.folder import RunFolder, SampleLine
from models.faults import FaultError
from models.images import decode_reduced, encode_jpeg, thumbnail
from resources.reading import MAX_IMAGE_BYTES, read_regular

WORST, BEST = 8, 4
_OF_A_TASK = 2
"""At most so many of one task, so that one bad task does not hide the others."""
_LONG_SIDE_PX = 288


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCase:
    """Two pictures as data URIs, "" for one that is not there, and what is said below them."""

    left: str
    right: str
    figure: str
    name: str
    words: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """Some cases with their pictures."""

    title: str
    note: str
    left: str
    """What the left pictures are."""
    right: str
    cases: list[ShownCase]


def worst_and_best(samples: Iterable[SampleLine]) -> tuple[list[SampleLine], list[SampleLine]]:
    """The scored cases of least and of most score; of equal ones the first."""
    scored = [s for s in samples if s.score is not None and s.image]
    rising = sorted(scored, key=lambda s: s.score or 0.0)
    falling = sorted(scored, key=lambda s: -(s.score or 0.0))
    worst = _spread(rising, WORST)
    return worst, _spread([s for s in falling if s not in worst], BEST)


def keep_sources(
    folder: RunFolder, cases: Iterable[BenchCase], samples: Iterable[SampleLine]
) -> None:
    """Keep small copies of the sources that a report will show, which then needs no suite."""
    worst, best = worst_and_best(samples)
    wanted = {sample.id for sample in [*worst, *best]}
    for case in cases:
        path = folder.source(case.id)
        if case.id not in wanted or path.exists():
            continue
        try:
            data = encode_jpeg(thumbnail(pixels(case.source), _LONG_SIDE_PX))
        except FaultError:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def extremes(label: str, folder: RunFolder, samples: Sequence[SampleLine]) -> list[Gallery]:
    """The worst and the best cases of a run, source beside result."""
    worst, best = worst_and_best(samples)
    note = f"Source and result; of a dialogue its first picture. At most {_OF_A_TASK} of a task."
    return [
        Gallery(
            title=f"{which} cases of {label}",
            note=note,
            left="source",
            right="result",
            cases=[_shown(folder, sample) for sample in chosen],
        )
        for which, chosen in (("Worst", worst), ("Best", best))
        if chosen
    ]


def _shown(folder: RunFolder, sample: SampleLine) -> ShownCase:
    return ShownCase(
        left=picture(folder, folder.source(sample.id).relative_to(folder.path).as_posix()),
        right=picture(folder, sample.image),
        figure="" if sample.score is None else f"{sample.score:.2f}",
        name=f"{sample.task} · {sample.id} · turn {sample.turn} · epoch {sample.epoch}",
        words=sample.instruction,
        reason=sample.reason,
    )


def _spread(samples: Iterable[SampleLine], most: int) -> list[SampleLine]:
    taken: Counter[str] = Counter()
    found: list[SampleLine] = []
    for sample in samples:
        if len(found) < most and taken[sample.task] < _OF_A_TASK:
            taken[sample.task] += 1
            found.append(sample)
    return found


def picture(folder: RunFolder, name: str) -> str:
    """A small copy of a picture of the folder as a data URI.

    "" where it cannot be read, or its name leads out of the folder.
    """
    path = folder.path / name
    if not path.resolve().is_relative_to(folder.path.resolve()):
        return ""
    try:
        image = decode_reduced(read_regular(path, max_bytes=MAX_IMAGE_BYTES), _LONG_SIDE_PX)
    except FaultError:
        return ""
    data = encode_jpeg(thumbnail(image, _LONG_SIDE_PX), quality=80)
    return f"data:image/jpeg;base64,{b64encode(data).decode()}"
