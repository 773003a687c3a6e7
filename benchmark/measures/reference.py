"""Each output of a run against that of another: what people who port or speed up an editor need."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from benchmark.cases import sized
from benchmark.measures.fidelity import psnr, ssim
from benchmark.measures.lines import pictures_hash
from benchmark.measures.perceptual import Perceptual
from benchmark.progress import Progress
from benchmark.runs.folder import MeasureLine, OutputLine, RunFolder, append, drop_torn_line, lines
from benchmark.runs.generate import outputs_of
from benchmark.runs.shown import Shown
from models.faults import FaultError, ImgEditError

_AT_ONCE = 2
Pair = tuple[OutputLine, OutputLine]


def against_reference(
    folder: RunFolder,
    reference: RunFolder,
    perceptual: Perceptual | None,
    progress: Progress,
) -> list[MeasureLine]:
    """A line for each output that both runs have; kept in `reference.jsonl`, compared once.

    An output of another size is brought to the reference's.

    Raises:
        ImgEditError: They have none in common, or a file is damaged.
    """
    theirs = outputs_of(reference)
    pairs = [
        (output, theirs[key])
        for key, output in outputs_of(folder).items()
        if output.image and key in theirs and theirs[key].image
    ]
    if not pairs:
        message = (
            f"{folder.path} and {reference.path} share no output: name a run of the same suite"
        )
        raise ImgEditError(message)
    known = {line.of: line for line in lines(folder.references, MeasureLine)}
    todo = [pair for pair in pairs if _of(pair, perceptual) not in known]
    progress.begin(f"against {reference.path.name}", len(todo))
    drop_torn_line(folder.references)
    for line in _compared(folder, reference, todo, perceptual):
        append(folder.references, line)
        known[line.of] = line
        progress.advance()
    return [known[_of(pair, perceptual)] for pair in pairs]


def _of(pair: Pair, perceptual: Perceptual | None) -> str:
    ours, theirs = pair
    key = f"{ours.id}/{ours.epoch}/{ours.turn}"
    return pictures_hash(key, ours.digest, theirs.digest, perceptual.name if perceptual else "")


def _compared(
    folder: RunFolder, reference: RunFolder, todo: Sequence[Pair], perceptual: Perceptual | None
) -> Iterator[MeasureLine]:
    shown = [Shown(folder=one, outputs={}) for one in (folder, reference)]

    def line(pair: Pair) -> MeasureLine:
        ours, theirs = pair
        of = _of(pair, perceptual)
        made = MeasureLine(id=ours.id, epoch=ours.epoch, turn=ours.turn, of=of)
        try:
            one, two = shown[0].result(ours), shown[1].result(theirs)
        except FaultError as error:
            return replace(made, fault=str(error))
        one, everywhere = sized(one, two), np.ones(two.shape[:2], np.bool_)
        made.values.update(psnr_db=psnr(one, two, everywhere), ssim=ssim(one, two, everywhere))
        if perceptual:
            made.values[perceptual.name] = perceptual(one, two)
        return made

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(line, todo)
