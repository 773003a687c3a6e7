"""Preference pairs: two results of one source and instruction, of which one deserves more.

They are drawn from a corpus, as its files stand, by the oracle's word; and from further results of
one instruction (`retried_pairs`) by the judge's. They are written in the layouts that trainers of
direct preference read. `diffusion/<split>.parquet` has `caption`, `source`, `jpg_0`, `jpg_1` and
`label_0`, as diffusers' DPO script has, with the source beside. `vlm/<split>.jsonl` has `images`,
`prompt`, `chosen` and `rejected`, TRL's "conversational vision" preferences: the verdict that the
better result deserves, and that of the worse one, said of the better.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from imgedit_assets.artefacts.publishing import (
    Artefact,
    Finding,
    collection_id,
    content_id,
    no_proof,
)
from imgedit_assets.judging.candidates import Candidate, candidates, write_candidates
from imgedit_assets.judging.corpus import CORPUS
from imgedit_assets.judging.corpus_files import CRITERIA, TABLE, CorpusWriter
from models.judge.origin import Origin
from resources.factory import Factory
from resources.recipes import digest
from resources.releases.checksums import Digests
from resources.releases.latest import content_of

PREFERENCES = "preferences"

SHELF = "preference_pairs"

LEAST_MARGIN = 0.5
"""Points between the better and the worse, below which neither is preferred."""

VERSION = "2"
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
    """What is wrong with the rejected one: a flaw, "painted", or by the judge "low quality"."""
    origin: Origin
    """Who prefers."""


def preferences_of(corpus: Path) -> list[Preference]:
    """The preferences of a corpus: the best result of each pair, against each that is worse."""
    frame = pl.read_parquet(corpus / TABLE).filter(pl.col("origin") == str(Origin.ORACLE))
    scored = frame.with_columns(score=pl.mean_horizontal(*CRITERIA))
    rows = [{**row, "source": [row[name] for name in _SOURCE]} for row in scored.to_dicts()]
    return _by_pair(rows, Origin.ORACLE)


def preferred(found: Sequence[Candidate]) -> list[Preference]:
    """The preferences among candidates: the best of each instruction, against each worse one."""
    return _by_pair([one.told for one in found], Origin.JUDGE)


def _by_pair(rows: Sequence[Mapping[str, Any]], origin: Origin) -> list[Preference]:
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row["score"], row["id"])):
        groups[row["pair_id"], row["instruction"]].append(row)
    return [one for some in groups.values() for one in _preferred(some, origin)]


def _preferred(rows: Sequence[Mapping[str, Any]], origin: Origin) -> Iterator[Preference]:
    best = rows[-1]
    for row in rows[:-1]:
        # Where it is the source that was painted, results differ in that, and not in the target.
        if row["source"] == best["source"]:
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
                    origin=origin,
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferencePlan:
    """What preferences there will be."""

    corpus: Path | None
    judged: tuple[Candidate, ...]
    found: tuple[Preference, ...]
    """Those of the corpus, then those among the judged."""

    @property
    def compared(self) -> set[str]:
        """The rows of the judged ones that are preferred or not."""
        some = [one for one in self.found if one.origin is Origin.JUDGE]
        return {row for one in some for row in (one.chosen, one.rejected)}


def plan_preferences(factory: Factory, corpus: Path | None) -> PreferencePlan:
    """Pair what a corpus holds, if there is one, and what a judge has compared; writes nothing."""
    judged = candidates(factory)
    found = (*(preferences_of(corpus) if corpus else ()), *preferred(judged))
    return PreferencePlan(corpus=corpus, judged=tuple(judged), found=found)


def preference_artefact(factory: Factory, plan: PreferencePlan) -> Artefact[Finding]:
    """A plan as an artefact."""
    content = content_of(plan.corpus) if plan.corpus else ""
    address = factory.home.address(plan.corpus) if plan.corpus else ""
    by_judge = sorted(one.id for one in plan.found if one.origin is Origin.JUDGE)
    by_oracle = {one.pair_id for one in plan.found if one.origin is Origin.ORACLE}
    return Artefact(
        kind=PREFERENCES,
        shelf=SHELF,
        name="preferences",
        version=content_id(PREFERENCES, VERSION, content, *by_judge),
        row_ids=tuple(sorted(by_oracle | plan.compared)),
        parent_ids=((collection_id(CORPUS, address, content),) if plan.corpus else ()),
        write=partial(_write, factory, plan),
        prove=no_proof,
    )


def by_kind(found: Sequence[Preference]) -> Mapping[str, int]:
    """How many there are of each kind of failure."""
    return Counter(one.kind for one in found)


def _write(factory: Factory, plan: PreferencePlan, root: Path, digests: Digests) -> None:
    del root
    with TemporaryDirectory(dir=factory.home.folder) as folder:
        places = [plan.corpus / "chat"] if plan.corpus else []
        if compared := plan.compared:
            places.append(Path(folder) / "chat")
            with Digests(Path(folder)) as aside:
                write_candidates(factory, plan.judged, compared, CorpusWriter(aside))
        chats = {
            line["id"]: _anchored(line, place)
            for place in places
            for split in SPLITS
            for line in map(json.loads, (place / f"{split}.jsonl").open(encoding="utf-8"))
        }
        for split in SPLITS:
            some = [one for one in plan.found if one.split == split]
            _write_split(split, some, chats, digests)


def _anchored(line: Mapping[str, Any], place: Path) -> dict[str, Any]:
    return {**line, "paths": [place / image for image in line["images"]]}


def _write_split(
    split: str, some: Sequence[Preference], chats: Mapping[str, Mapping[str, Any]], digests: Digests
) -> None:
    table = BytesIO()
    rows = [_diffusion_row(one, chats) for one in some]
    pl.DataFrame(rows, schema=_SCHEMA).write_parquet(table)
    digests.write(f"diffusion/{split}.parquet", table.getvalue())
    lines = [f"{json.dumps(_vlm_row(one, chats))}\n" for one in some]
    digests.write(f"vlm/{split}.jsonl", "".join(lines).encode())
    shown = {
        image: path
        for one in some
        for image, path in zip(chats[one.chosen]["images"], chats[one.chosen]["paths"], strict=True)
    }
    for image, path in sorted(shown.items()):
        digests.write(f"vlm/{image}", path.read_bytes())


_SCHEMA = {
    **dict.fromkeys(("id", "edit_type", "kind", "origin", "caption"), pl.String),
    **dict.fromkeys(("source", "jpg_0", "jpg_1"), pl.Binary),
    "label_0": pl.Int64,
    "margin": pl.Float64,
}


def _diffusion_row(one: Preference, chats: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    source, better, *_ = chats[one.chosen]["paths"]
    worse = chats[one.rejected]["paths"][1]
    return {
        "id": one.id,
        "edit_type": one.edit_type,
        "kind": one.kind,
        "origin": str(one.origin),
        "caption": one.instruction,
        "source": source.read_bytes(),
        "jpg_0": better.read_bytes(),
        "jpg_1": worse.read_bytes(),
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
        "origin": str(one.origin),
    }
