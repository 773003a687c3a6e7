"""Results of one instruction that a judge has compared: what preferences are drawn from as well."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from imgedit_assets.dataset.release_plan import originals
from imgedit_assets.judging.corpus_files import CRITERIA, CorpusWriter
from imgedit_assets.judging.drawing import request_of
from imgedit_assets.judging.exercises import source_group
from imgedit_assets.sample.descent import below
from imgedit_assets.sample.quarantine import active, marks_on
from models.judge.judgement import Judgement
from models.judge.lesson import Lesson, is_held_out
from models.judge.origin import Origin
from resources.factory import Factory
from resources.schema import RetriedPair, ScoredPair, ScoredRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A judged result of an instruction that has several."""

    row: ScoredRow
    group: str
    """Its source image."""

    @property
    def kind(self) -> str:
        """What the judge finds worst of it: the criterion of the lowest score."""
        return f"low {min(CRITERIA, key=lambda name: float(getattr(self.row, name)))}"

    @property
    def told(self) -> Mapping[str, Any]:
        """What preferences are told by, as a corpus's table has it."""
        row = self.row
        return {
            "id": row.id,
            "pair_id": f"{row.instruction_id} turn {row.turn}",
            "edit_type": row.edit_type,
            "instruction": row.instruction,
            "split": "held_out" if is_held_out(self.group) else "train",
            "score": row.score,
            "kind": self.kind,
            "source": row.source_version_id,
        }


def candidates(factory: Factory) -> list[Candidate]:
    """All results of instructions that have further ones, but for what is in quarantine."""
    store = factory.store
    rows: list[ScoredRow] = []
    for head in store.heads(RetriedPair.TABLE):
        if head.row_ids:
            further = store.current(RetriedPair, **head.place.keys)
            asked = {pair.instruction_id for pair in further}
            firsts = store.current(ScoredPair, **head.place.keys)
            rows += [*(pair for pair in firsts if pair.instruction_id in asked), *further]
    if marks := active(store):
        taken = below(store, [r.id for r in rows], lambda node: bool(marks_on(marks, node)))
        rows = [row for row in rows if row.id not in taken]
    if not rows:
        return []
    known = originals(store).select("root_version_id", "uri", "group").iter_rows()
    groups = {version: source_group(uri, group) for version, uri, group in known}
    return [Candidate(row=row, group=groups[row.root_version_id]) for row in rows]


def write_candidates(
    factory: Factory, found: Sequence[Candidate], ids: Collection[str], writer: CorpusWriter
) -> None:
    """Write some candidates as lessons whose label is the judge's verdict."""
    for one in found:
        if one.row.id in ids:
            writer.add(_lesson(factory, one), one.row.id)
    writer.close()


def _lesson(factory: Factory, one: Candidate) -> Lesson:
    row = one.row
    return Lesson(
        id=row.id,
        request=request_of(factory, row),
        label=Judgement(
            adherence=row.adherence,
            quality=row.quality,
            preservation=row.preservation,
            reason=row.reason,
        ),
        origin=Origin.JUDGE,
        group=one.group,
        kind=one.kind,
    )
