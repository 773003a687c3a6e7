"""Samples to make small releases of: noise with a square that changes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.edit_types.spec import Operation
from models.geometry import Box, Rgb
from models.images import decode, encode_jpeg
from models.masks import Rle
from models.vocabulary import Target
from resources.operations import operations_to_json
from resources.releases.card import Backend, CardFacts, Figure, FunnelRow, Gate
from resources.releases.checksums import Digests
from resources.releases.folder import staged
from resources.releases.renditions import encode, original, union_mask
from resources.releases.sample import Contents, Layout, ReleaseSample
from resources.releases.write import write_release

OPERATION = Operation(
    edit_type="alter", subject=0, name="square", target=Target(key="red", phrase="a red square")
)


@dataclass
class Written:
    """A release that was written."""

    folder: Path
    contents: Contents


Release = Callable[..., Written]
"""Writes a release of the small samples, or of others: `release("huggingface", of=samples)`."""

FACTS = CardFacts(
    name="small",
    version="1.0.0",
    summary="Noise, with a square that changes its colour.",
    profile="embedded",
    backends=(Backend(role="judge", backend="metric", model="", about="arithmetic | no network"),),
    funnel=(FunnelRow(stage="edit_pairs", rows_in=9, rows_out=7, rejects="unchanged 2"),),
    known_errors=(
        Figure(name="precision", value="0.84", interval="0.67 to 0.93", n=80, method="oracle"),
    ),
    gates=(Gate(name="near duplicates", rule="4 bits", result="1 dropped", nearest="6 bits"),),
    limits=("Square people only.",),
    command="imgedit release",
    run_id="run-1",
)


def write(
    folder: Path,
    of: Iterable[ReleaseSample],
    *layouts: Layout,
    facts: CardFacts = FACTS,
    tell: Callable[[str], None] = print,
) -> Written:
    """Write samples as a release, as an export does."""
    with staged(folder, tell=tell) as root, Digests(root) as digests:
        contents = write_release(
            root,
            digests,
            iter(of),
            facts=facts,
            layouts=layouts,
            shard_mb=1,
            published_at="2026-11-23",
        )
        digests.write_sums()
    return Written(folder=folder, contents=contents)


def sample(number: int, *, split: str = "train", turn: int = 1, turns: int = 1) -> ReleaseSample:
    """A pair of noise of its own, with a square that changes; a turn of a dialogue if asked."""
    rng = np.random.default_rng(number)
    jpeg = encode_jpeg(rng.integers(0, 255, (48, 64, 3), dtype=np.uint8))
    source = original(jpeg) if turn == 1 else encode(_changed(decode(jpeg), turn - 1))
    before = decode(source.payload)
    after = _changed(before, turn)
    mask = Rle.encode((after != before).any(axis=2))
    return ReleaseSample(
        id=f"pair{number:04d}t{turn}",
        split=split,
        edit_type="alter" if turns == 1 else "content_memory",
        instruction=f"Make square number {number} another colour, turn {turn}.",
        turn=turn,
        turns=turns,
        dialogue_id=f"dialogue{number}" if turns > 1 else "",
        source=source,
        target=encode(after),
        reference=encode(before[:16, :16]) if number % 3 == 2 else None,
        previous=None,
        mask=union_mask([mask]),
        masks=(mask.counts,),
        boxes=(mask.box,),
        grow_px=0,
        operations=operations_to_json([OPERATION]),
        adherence=4.5,
        quality=4.0,
        preservation=3.5,
        score=4.0,
        dialogue_score=4.0,
        reason="a square, as asked",
        judge="metric",
        changed_frac=float((after != before).any(axis=2).mean()),
        unsafe=None if number % 2 else 0.01,
        seed=number,
        painter="classical",
        writer="grammar",
        pair_id=f"edit{number}t{turn}",
        instruction_id=f"instruction{number}",
        image_id=f"image{number}",
        source_row_id=f"source{number}",
        run_id="run-1",
        recipes='{"edit_pairs": {"id": "r1"}}',
        source_uri=f"file:///{number}.jpg",
        source_sha256=f"{number:064x}",
        licence="CC-BY-4.0",
        attribution="Somebody",
    )


def _changed(rgb: Rgb, turn: int) -> Rgb:
    out = rgb.copy()
    rows, columns = Box(8 * turn, 8, 8 * turn + 8, 24).slices
    out[rows, columns] = 255 - out[rows, columns] // 2 - 20 * turn
    return out


def samples() -> list[ReleaseSample]:
    """Six pairs and a dialogue of two turns, in three splits."""
    splits = ("train", "train", "train", "train", "validation", "test")
    singles = [sample(number, split=split) for number, split in enumerate(splits)]
    return [*singles, *(sample(9, turn=turn, turns=2) for turn in (1, 2))]
