"""Instructions: which regions become an edit of a type, and what is asked of them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

from imgedit_assets.stages.base import AssetStage, Picture
from imgedit_assets.stages.scopes import (
    Scope,
    image_scopes,
    imported_masks,
    imported_operations,
    imported_scopes,
)
from models.annotation import Annotation
from models.edit_types.recipe import brief_params
from models.edit_types.spec import EditType
from models.faults import Fault, FaultError, Reason
from models.geometry import Rgb
from models.images import decode
from models.masks import Rle
from models.regions.motion import moved_mask, moved_subject
from models.write.instruction import Subject, WriteRequest, WrittenInstruction
from resources.engine.stage import Output, Work
from resources.operations import operations_to_json
from resources.recipes import Recipe
from resources.schema import FilteredImage, ImportedPair, Instruction, VideoFrame

if TYPE_CHECKING:
    import polars as pl


Shot = FilteredImage | VideoFrame | ImportedPair
"""A picture as it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeBrief:
    """A scope as the writer is told of it, with the masks of its subjects."""

    request: WriteRequest
    masks: tuple[Rle, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBrief:
    """A brief with its instruction."""

    brief: ScopeBrief
    instruction: WrittenInstruction


class Instructions(AssetStage[Scope, ScopeBrief, WrittenBrief]):
    """One instruction for each selected set of regions."""

    record = Instruction
    role = "instruction_writer"
    batch_size = 16

    def make_recipe(self) -> Recipe:
        """The writer and the type's brief; how regions are selected is the gate."""
        return self.backend_recipe(
            "instruction_writer",
            params={"brief": brief_params(self._type, self.factory.edit_types)},
        )

    @property
    def _type(self) -> EditType:
        return self.factory.edit_types[self.partition.edit_type]

    def work(self) -> list[Work[Scope]]:
        """One unit for each edit that the type's region rule selects; none for dialogues."""
        if self._type.dialogue:
            return []
        kind = self._type.regions.kind
        found = self._clips() if kind == "frames" else image_scopes(self, self._type)
        scopes = chain(found, imported_scopes(self, self._type))
        seen: dict[tuple[str, ...], int] = defaultdict(int)
        work = []
        for scope in scopes:
            parents = scope.parents
            work.append(self.unit(parents, scope, subject=scope.image.uri, ordinal=seen[parents]))
            seen[parents] += 1
        return work

    def _clips(self) -> Iterator[Scope]:
        clips: dict[str, list[VideoFrame]] = defaultdict(list)
        for frame in self.current(VideoFrame):
            clips[frame.clip].append(frame)
        for frames in clips.values():
            for before, after in pairwise(sorted(frames, key=lambda f: f.t_s)):
                yield Scope(image=before, after=after)

    def pixels(self, work: Work[Scope]) -> int:
        """Those of its image."""
        return work.payload.image.width * work.payload.image.height

    def prepare(self, work: Work[Scope]) -> ScopeBrief:
        """Describe the subjects; for frames, find what moved."""
        scope = work.payload
        if scope.imported:
            return self._imported_brief(work, scope.imported[0])
        if scope.after is not None and isinstance(scope.image, VideoFrame):
            return self._motion_brief(work, scope.image, scope.after)
        subjects = tuple(Subject(name=r.name, box=r.box) for r in scope.regions)
        return ScopeBrief(
            request=self._request(work, subjects),
            masks=tuple(r.mask for r in scope.regions) or (_everything(scope.image),),
        )

    def _imported_brief(self, work: Work[Scope], pair: ImportedPair) -> ScopeBrief:
        request = self._request(work, ())
        return ScopeBrief(request=request, masks=imported_masks(self.store, pair))

    def _motion_brief(self, work: Work[Scope], before: VideoFrame, after: VideoFrame) -> ScopeBrief:
        frames = [decode(self.store.chain(f.version_id)[0].payload) for f in (before, after)]
        if frames[0].shape != frames[1].shape:
            raise FaultError(Reason.UNPAINTABLE, "the frames differ in size")
        moved = moved_mask(frames[0], frames[1])
        if not moved.any():
            raise FaultError(Reason.UNCHANGED, "nothing moved between the frames")
        notes = [Annotation.from_json(f.annotation) for f in (before, after)]
        subjects = tuple(
            Subject(name=name, box=box)
            for name, box in (moved_subject(moved, note) for note in notes)
        )
        request = self._request(
            work,
            subjects,
            before=notes[0].action,
            after=notes[1].action,
            images=tuple(frames) if self._writer_sees("frames") else (),
        )
        return ScopeBrief(request=request, masks=(Rle.encode(moved),))

    def _request(
        self,
        work: Work[Scope],
        subjects: tuple[Subject, ...],
        *,
        before: str = "",
        after: str = "",
        images: tuple[Rgb, ...] = (),
    ) -> WriteRequest:
        scope = work.payload
        if not images and self._writer_sees("image"):
            images = (self.store.render(scope.image.version_id),)
        return WriteRequest(
            caption=scope.caption.caption if scope.caption else "",
            edit_type=self._type,
            subjects=subjects,
            width=scope.image.width,
            height=scope.image.height,
            seed=work.seed,
            edit_types=self.factory.edit_types,
            drawn=scope.drawn,
            before=before,
            after=after,
            images=images,
        )

    def _writer_sees(self, what: Literal["frames", "image"]) -> bool:
        """Whether the writer looks at pictures; decoding them for a grammar would be in vain."""
        backend = self.factory.backend("instruction_writer", ready=False)
        return bool(getattr(backend, f"show_{what}", False))

    def process(
        self, batch: Sequence[tuple[Work[Scope], ScopeBrief]]
    ) -> list[WrittenBrief | Fault]:
        """Write."""
        asked = [b.request for work, b in batch if not work.payload.imported]
        answers = iter(self.factory.backend("instruction_writer").write(asked))
        texts = [
            _as_it_came(work.payload.imported[0]) if work.payload.imported else next(answers)
            for work, _ in batch
        ]
        return [
            t if isinstance(t, Fault) else WrittenBrief(brief=b, instruction=t)
            for (_, b), t in zip(batch, texts, strict=True)
        ]

    def finish(self, work: Work[Scope], result: WrittenBrief) -> Output:
        """The row."""
        scope = work.payload
        row = self.row(
            Instruction,
            work,
            image_id=scope.image.id,
            version_id=scope.image.version_id,
            after_version_id=_result(scope),
            reference_version_id=scope.imported[0].reference_version_id if scope.imported else "",
            width=scope.image.width,
            height=scope.image.height,
            instruction=result.instruction.text,
            operations=operations_to_json(result.instruction.operations),
            region_ids=tuple(r.id for r in scope.regions),
            masks=tuple(m.counts for m in result.brief.masks),
            wording=result.instruction.wording,
            writer="imported" if scope.imported else self.recipe.backend,
            caption=result.brief.request.caption,
        )
        return Output(rows=[row])

    def pictures(self, rows: Sequence[Instruction]) -> list[Picture]:
        """The image over its instruction."""
        return [
            Picture(images=(self.shown(r.version_id),), text=r.instruction, id=r.id) for r in rows
        ]

    @staticmethod
    def figures(frame: "pl.DataFrame") -> dict[str, float]:
        """Rows, and how varied the wording is."""
        words = frame["instruction"].str.to_lowercase().str.extract_all(r"[a-z']+")
        return {
            "rows": frame.height,
            "distinct_instructions": frame["instruction"].n_unique(),
            "distinct_words": words.explode().n_unique() if frame.height else 0,
        }


def _result(scope: Scope) -> str:
    """The version that is the result as it came; empty where it is yet to be painted."""
    if scope.imported:
        return scope.imported[0].target_version_id
    return scope.after.version_id if scope.after else ""


def _as_it_came(pair: ImportedPair) -> WrittenInstruction:
    """An imported instruction, and what its release says that it names."""
    return WrittenInstruction(
        text=pair.instruction, operations=imported_operations(pair), wording="imported"
    )


def _everything(image: Shot) -> Rle:
    return Rle.encode(np.ones((image.height, image.width), np.bool_))
