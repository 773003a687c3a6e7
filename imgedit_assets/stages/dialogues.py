"""Dialogues: several turns about one image, written in one go and checked before any painting."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, chain
from typing import TYPE_CHECKING

from imgedit_assets.stages.base import AssetStage, Picture
from imgedit_assets.stages.scopes import (
    Scope,
    image_scopes,
    imported_masks,
    imported_operations,
    imported_scopes,
)
from models.dialogues.dialogue import DialogueRequest, Turn, WrittenDialogue, turns_to_json
from models.dialogues.validate import check
from models.edit_types.recipe import brief_params
from models.edit_types.spec import EditType
from models.faults import Fault, FaultError, Reason
from models.write.instruction import Subject
from resources.engine.stage import Output, Work
from resources.recipes import Recipe
from resources.schema import Dialogue, ImportedPair

if TYPE_CHECKING:
    import polars as pl


class Dialogues(AssetStage[Scope, DialogueRequest, WrittenDialogue]):
    """One dialogue for each selected set of regions, of types that have dialogues."""

    record = Dialogue
    role = "dialogue_writer"
    batch_size = 16

    def make_recipe(self) -> Recipe:
        """The writer and the type's brief."""
        return self.backend_recipe(
            "dialogue_writer", params={"brief": brief_params(self._type, self.factory.edit_types)}
        )

    @property
    def _type(self) -> EditType:
        return self.factory.edit_types[self.partition.edit_type]

    def work(self) -> list[Work[Scope]]:
        """One unit for each set of regions; none for types of single edits."""
        if not self._type.dialogue:
            return []
        seen: Counter[tuple[str, ...]] = Counter()
        work = []
        for scope in chain(image_scopes(self, self._type), imported_scopes(self, self._type)):
            ordinal = seen[scope.parents]
            work.append(self.unit(scope.parents, scope, subject=scope.image.uri, ordinal=ordinal))
            seen[scope.parents] += 1
        return work

    def prepare(self, work: Work[Scope]) -> DialogueRequest:
        """Describe the subjects."""
        scope = work.payload
        turns = [pair.turn for pair in scope.imported]
        whole = max((pair.turns for pair in scope.imported), default=0) or len(turns)
        if turns != list(range(1, whole + 1)):
            detail = f"only its turns {', '.join(map(str, turns))} are in this shard, of {whole}"
            raise FaultError(Reason.BAD_ROW, detail)
        if len(sizes := sorted({(pair.width, pair.height) for pair in scope.imported})) > 1:
            detail = f"its turns are of {' and '.join(f'{w}x{h}' for w, h in sizes)} px"
            raise FaultError(Reason.BAD_ROW, detail)
        return DialogueRequest(
            edit_type=self._type,
            edit_types=self.factory.edit_types,
            caption=scope.caption.caption if scope.caption else "",
            subjects=tuple(Subject(name=r.name, box=r.box) for r in scope.regions),
            width=scope.image.width,
            height=scope.image.height,
            seed=work.seed,
            drawn=scope.drawn,
        )

    def process(
        self, batch: Sequence[tuple[Work[Scope], DialogueRequest]]
    ) -> list[WrittenDialogue | Fault]:
        """Write, and check what was written."""
        asked = [request for work, request in batch if not work.payload.imported]
        written = self.factory.backend("dialogue_writer").write_dialogues(asked)
        answers = iter(_checked(d, r) for d, r in zip(written, asked, strict=True))
        return [
            _as_it_came(work.payload.imported) if work.payload.imported else next(answers)
            for work, _ in batch
        ]

    def finish(self, work: Work[Scope], result: WrittenDialogue) -> Output:
        """The row."""
        scope = work.payload
        row = self.row(
            Dialogue,
            work,
            image_id=scope.image.id,
            version_id=scope.image.version_id,
            width=scope.image.width,
            height=scope.image.height,
            turns=turns_to_json(result.turns),
            instructions=tuple(turn.instruction for turn in result.turns),
            after_version_ids=tuple(pair.target_version_id for pair in scope.imported),
            premise=result.premise,
            region_ids=tuple(r.id for r in scope.regions),
            masks=tuple(self._masks(scope)),
            writer="imported" if scope.imported else self.recipe.backend,
            caption=scope.caption.caption if scope.caption else "",
        )
        return Output(rows=[row])

    def _masks(self, scope: Scope) -> Iterator[str]:
        """Of each subject; of an imported dialogue, of each turn's subjects, turn by turn."""
        yield from (region.mask.counts for region in scope.regions)
        for pair in scope.imported:
            yield from (mask.counts for mask in imported_masks(self.store, pair))

    def pictures(self, rows: Sequence[Dialogue]) -> list[Picture]:
        """The image over its turns."""
        return [
            Picture(images=(self.shown(r.version_id),), text=" / ".join(r.instructions), id=r.id)
            for r in rows
        ]

    @staticmethod
    def figures(frame: "pl.DataFrame") -> dict[str, float]:
        """Rows and turns."""
        turns = frame["instructions"].list.len()
        return {"rows": frame.height, "turns": int(turns.sum())}


def _checked(
    dialogue: WrittenDialogue | Fault, request: DialogueRequest
) -> WrittenDialogue | Fault:
    if isinstance(dialogue, Fault):
        return dialogue
    return check(dialogue, request) or dialogue


def _as_it_came(turns: Sequence[ImportedPair]) -> WrittenDialogue:
    """An imported dialogue; a turn starts from the version whose picture is its source."""
    # The masks of the turns stand one after the other (`_masks`).
    firsts = accumulate((_subjects(pair) for pair in turns), initial=0)
    pictures = [turns[0].source_version_id, *(pair.target_version_id for pair in turns)]
    return WrittenDialogue(
        turns=tuple(
            Turn(
                instruction=pair.instruction,
                starts_from=_latest(pictures[: number + 1], pair.source_version_id),
                operations=tuple(
                    replace(o, subject=first + o.subject) for o in imported_operations(pair)
                ),
                reference="name",
            )
            for number, (pair, first) in enumerate(zip(turns, firsts, strict=False))
        )
    )


def _subjects(pair: ImportedPair) -> int:
    """How many masks `imported_masks` gives."""
    return len(pair.masks) if pair.operations and pair.masks else 1


def _latest(pictures: Sequence[str], source: str) -> int:
    """The latest version that shows the picture; the one before, where none does."""
    same = [number for number, picture in enumerate(pictures) if picture == source]
    return same[-1] if same else len(pictures) - 1
