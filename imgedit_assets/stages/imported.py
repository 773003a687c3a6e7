"""Imported pairs: a release read back, so that its pairs can be scored and filtered like ours."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from imgedit_assets.stages.base import AssetStage, Picture
from models.faults import Fault, FaultError, Reason
from models.images import decode_reduced, read_header
from models.similarity.phash import HASHED_SHORT_SIDE_PX, perceptual_hash
from models.versions import Codec
from resources.engine.stage import Output, Work
from resources.filters import quoted
from resources.operations import operations_to_json
from resources.recipes import canonical_json, digest
from resources.releases.classes import UNKNOWN, class_named
from resources.schema import ImportedPair, SourceItemRow, Version
from resources.sources.item import SourceItem

if TYPE_CHECKING:
    import polars as pl

    from resources.releases.read import ReadPair
    from resources.store import Store


class ImportedPairs(AssetStage[SourceItem, "ReadPair", "ReadPair"]):
    """The pairs of a release; its images become root versions."""

    record = ImportedPair
    items = "pair"
    batch_size = 8

    def work(self) -> list[Work[SourceItem]]:
        """One unit for each pair or turn that a release lists."""
        where = f"shard = {quoted(self.partition.shard)} AND kind = {quoted(self.items)}"
        rows = sorted(self.store.select(SourceItemRow, where), key=lambda row: row.ordinal)
        return [
            self.unit([row.uri], SourceItem.from_json(row.item), subject=row.uri, stamp=row.stamp)
            for row in rows
        ]

    def prepare(self, work: Work[SourceItem]) -> "ReadPair":
        """Read the bytes."""
        from resources.releases.read import load_pair
        from resources.releases.stored import PairRef

        pair = load_pair(PairRef.from_json(work.payload.pair))
        if isinstance(pair, Fault):
            raise FaultError(pair.reason, pair.detail)
        return self._fitted(pair)

    def _fitted(self, pair: "ReadPair") -> "ReadPair":
        """The pair, with its result in the source's size, and its class in our words."""
        from resources.releases.fitting import fit

        if pair.width * pair.height > self.profile.sources.max_pixels:
            detail = f"{pair.width}x{pair.height}, more than {self.profile.sources.max_pixels}"
            raise FaultError(Reason.DECOMPRESSION_BOMB, detail)
        label = self._edit_type(pair.label)
        if label == UNKNOWN:
            # What its operations are called, this profile knows no better.
            pair = replace(pair, operations=())
        if strange := {o.edit_type for o in pair.operations} - self.factory.edit_types.keys():
            detail = f"its operations are of {', '.join(sorted(strange))[:60]!r}, no edit type"
            raise FaultError(Reason.BAD_ROW, detail)
        target, scaled_from = fit(
            pair.target,
            pair.width,
            pair.height,
            max_pixels=self.profile.sources.max_pixels,
            alone=label == "object_extraction",
        )
        return replace(pair, target=target, scaled_from=scaled_from, label=label)

    def _edit_type(self, label: str) -> str:
        """The edit type that a release's word stands for; `UNKNOWN`, which is kept as it is."""
        known = self.factory.edit_types
        tasks = {
            t.benchmark_task: n for n, t in known.items() if t.benchmark_task and not t.dialogue
        }
        return class_named(label, known, tasks) or UNKNOWN

    def process(
        self, batch: "Sequence[tuple[Work[SourceItem], ReadPair]]"
    ) -> "list[ReadPair | Fault]":
        """Nothing is computed."""
        return [pair for _, pair in batch]

    def finish(self, work: Work[SourceItem], result: "ReadPair") -> Output:
        """The row, and the root versions of its images."""
        images = [result.source, result.target, result.reference]
        roots = [self._root(image) if image else None for image in images]
        row = self._row(work, result, [root.id if root else "" for root in roots])
        versions = {root.id: replace(root, row_id=row.id) for root in roots if root}
        return Output(rows=[row], versions=list(versions.values()))

    def _row(self, work: Work[SourceItem], pair: "ReadPair", roots: Sequence[str]) -> ImportedPair:
        looked = decode_reduced(pair.source, HASHED_SHORT_SIDE_PX)
        said = (pair.masks, pair.dialogue, pair.turn, pair.given_score)
        operations = operations_to_json(pair.operations) if pair.operations else ""
        rights = (pair.licence, pair.attribution)
        return self.row(
            ImportedPair,
            work,
            *(*roots, pair.instruction, pair.label, canonical_json(said), *rights, operations),
            parents=(),
            uri=pair.uri,
            label=pair.label,
            instruction=pair.instruction,
            source_version_id=roots[0],
            target_version_id=roots[1],
            reference_version_id=roots[2],
            width=pair.width,
            height=pair.height,
            masks=pair.masks,
            operations=operations,
            scaled_from=pair.scaled_from,
            sha256=sha256(pair.source).hexdigest(),
            phash=f"{perceptual_hash(looked):016x}",
            dialogue=pair.dialogue,
            turn=pair.turn,
            turns=pair.turns,
            given_score=pair.given_score,
            licence=pair.licence,
            attribution=pair.attribution,
        )

    def _root(self, data: bytes) -> Version:
        """A root named by its bytes: an image that many pairs share is kept once."""
        header = read_header(data)
        return Version(
            id=digest("imported", sha256(data).hexdigest()),
            parent_id="",
            row_id="",
            asset=self.partition.asset,
            partition=self.partition.key,
            codec=Codec.SOURCE,
            x0=0,
            y0=0,
            x1=header.width,
            y1=header.height,
            payload=data,
        )

    def pictures(self, rows: Sequence[ImportedPair]) -> list[Picture]:
        """Source and target over the instruction."""
        return [
            Picture(
                images=(self.shown(r.source_version_id), self.shown(r.target_version_id)),
                text=f"{r.label}: {r.instruction}",
                id=r.id,
            )
            for r in rows
        ]

    @staticmethod
    def figures(frame: "pl.DataFrame") -> dict[str, float]:
        """Rows, dialogues, rows of no known class, and results that were scaled."""
        dialogues = frame.filter(frame["dialogue"] != "")["dialogue"].n_unique()
        scaled = int((frame["scaled_from"] != "").sum())
        unknown = int((frame["label"] == UNKNOWN).sum())
        return {
            "rows": frame.height,
            "dialogues": dialogues,
            "unknown_class": unknown,
            "scaled": scaled,
        }


def unknown_pairs(store: "Store", shards: Collection[str]) -> str:
    """A line about the pairs of some shards whose class nobody knows; empty without any."""
    found = store.frame(ImportedPair.TABLE, ["shard", "label"])
    labels = found.filter(found["shard"].is_in(list(shards)))["label"]
    if not (unknown := int((labels == UNKNOWN).sum())):
        return ""
    return (
        f"{unknown:,} of {len(labels):,} pairs are of no class that is known here: imported_pairs "
        f"keeps them as `{UNKNOWN}`, and nobody judges them. Name their class with --columns "
        f"edit_type=..., or declare an edit type called {UNKNOWN} (docs/edit_types.md)"
    )
