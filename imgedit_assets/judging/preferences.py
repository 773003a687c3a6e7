"""Preference pairs: two results of one source and instruction, of which one deserves more.

They are drawn from a corpus, as its files stand, in the layouts that trainers by direct preference
read. `diffusion/<split>.parquet` has `caption`, `source`, `jpg_0`, `jpg_1` and `label_0`, as
diffusers' DPO script has, with the source beside. `vlm/<split>.jsonl` has `images`, `prompt`,
`chosen` and `rejected`, TRL's "conversational vision" preferences: the verdict that the better
result deserves, and that of the worse one, said of the better.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl

from imgedit_assets.artefacts.publishing import (
    Artefact,
    Finding,
    collection_id,
    content_id,
    no_proof,
)
from imgedit_assets.judging.corpus import CORPUS
from imgedit_assets.judging.corpus_files import CRITERIA, TABLE
from models.judge.lesson import Origin
from resources.recipes import digest
from resources.releases.checksums import Digests
from resources.releases.latest import content_of

PREFERENCES = "preferences"

SHELF = "preference_pairs"

LEAST_MARGIN = 0.5
"""Points between the better and the worse, below which neither is preferred."""

VERSION = "1"
"""Raised by hand when the same corpus gives other pairs."""

SPLITS = ("train", "held_out")

_SOURCE = ("source_base", "source_box", "source_crop")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """Two lessons about one source and one instruction."""

    id: str
    pair_id: str
    edit_type: str
    instruction: str
    split: str
    chosen: str
    """The lesson that deserves more."""
    rejected: str
    margin: float
    """By how many points."""
    kind: str
    """What is wrong with the rejected one: a flaw, or "painted"."""


def preferences_of(corpus: Path) -> list[Preference]:
    """The preferences of a corpus: the best result of each pair, against each that is worse."""
    frame = pl.read_parquet(corpus / TABLE).filter(pl.col("origin") == str(Origin.ORACLE))
    scored = frame.with_columns(score=pl.mean_horizontal(*CRITERIA)).sort("score", "id")
    groups = scored.group_by("pair_id", "instruction", maintain_order=True)
    return [one for _, rows in groups for one in _preferred(rows.to_dicts())]


def _preferred(rows: Sequence[Mapping[str, Any]]) -> Iterator[Preference]:
    best = rows[-1]
    for row in rows[:-1]:
        # Where it is the source that was painted, results differ in that, and not in the target.
        if all(row[name] == best[name] for name in _SOURCE):
            margin = best["score"] - row["score"]
            if margin >= LEAST_MARGIN:
                yield Preference(
                    id=digest(PREFERENCES, best["id"], row["id"]),
                    pair_id=row["pair_id"],
                    edit_type=row["edit_type"],
                    instruction=row["instruction"],
                    split=row["split"],
                    chosen=best["id"],
                    rejected=row["id"],
                    margin=margin,
                    kind=row["kind"],
                )


def preference_artefact(corpus: Path, found: Sequence[Preference]) -> Artefact[Finding]:
    """The preferences of a corpus as an artefact."""
    content = content_of(corpus)
    return Artefact(
        kind=PREFERENCES,
        shelf=SHELF,
        name="preferences",
        version=content_id(PREFERENCES, VERSION, content),
        row_ids=tuple(sorted({one.pair_id for one in found})),
        parent_ids=(collection_id(CORPUS, corpus, content),),
        write=partial(_write, corpus, found),
        prove=no_proof,
    )


def by_kind(found: Sequence[Preference]) -> Mapping[str, int]:
    """How many there are of each kind of failure."""
    return Counter(one.kind for one in found)


def _write(corpus: Path, found: Sequence[Preference], root: Path, digests: Digests) -> None:
    del root
    chats = {
        line["id"]: line
        for split in SPLITS
        for line in map(json.loads, (corpus / "chat" / f"{split}.jsonl").open(encoding="utf-8"))
    }
    for split in SPLITS:
        some = [one for one in found if one.split == split]
        rows = [_diffusion_row(one, chats, corpus / "chat") for one in some]
        table = BytesIO()
        pl.DataFrame(rows, schema=_SCHEMA).write_parquet(table)
        digests.write(f"diffusion/{split}.parquet", table.getvalue())
        lines = [f"{json.dumps(_vlm_row(one, chats))}\n" for one in some]
        digests.write(f"vlm/{split}.jsonl", "".join(lines).encode())
        for image in sorted({image for one in some for image in chats[one.chosen]["images"]}):
            digests.write(f"vlm/{image}", (corpus / "chat" / image).read_bytes())


_SCHEMA = {
    **dict.fromkeys(("id", "edit_type", "kind", "caption"), pl.String),
    **dict.fromkeys(("source", "jpg_0", "jpg_1"), pl.Binary),
    "label_0": pl.Int64,
    "margin": pl.Float64,
}


def _diffusion_row(
    one: Preference, chats: Mapping[str, Mapping[str, Any]], folder: Path
) -> dict[str, Any]:
    source, better, *_ = chats[one.chosen]["images"]
    worse = chats[one.rejected]["images"][1]
    return {
        "id": one.id,
        "edit_type": one.edit_type,
        "kind": one.kind,
        "caption": one.instruction,
        "source": (folder / source).read_bytes(),
        "jpg_0": (folder / better).read_bytes(),
        "jpg_1": (folder / worse).read_bytes(),
        "label_0": 1,
        "margin": one.margin,
    }


def _vlm_row(one: Preference, chats: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    asked, right = chats[one.chosen]["messages"]
    wrong = chats[one.rejected]["messages"][1]
    return {
        "id": one.id,
        "images": chats[one.chosen]["images"],
        "prompt": [asked],
        "chosen": [right],
        "rejected": [wrong],
        "margin": one.margin,
        "kind": one.kind,
    }
