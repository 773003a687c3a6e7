"""Instructions: which regions become an edit of a type, and what is asked of them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from imgedit_assets.stages.base import AssetStage, Picture
from imgedit_assets.stages.masks import region_kind
from imgedit_assets.stages.operations import operations_to_json
from models.annotation import Annotation
from models.edit_types.recipe import brief_params
from models.edit_types.spec import EditType
from models.faults import Fault, FaultError, Reason
from models.images import decode
from models.masks import Rle
from models.regions.motion import moved_mask, moved_subject
from models.regions.select import RegionView, select_edits
from models.write.base import Subject, WriteRequest, WrittenInstruction
from resources.engine.stage import Output, Work
from resources.recipes import Recipe, digest
from resources.schema import Caption, EditableRegion, FilteredImage, Instruction, VideoFrame

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What one instruction will be about: an image with regions, or two frames of a clip."""

    image: FilteredImage | VideoFrame
    after: VideoFrame | None = None
    regions: tuple[EditableRegion, ...] = ()
    caption: Caption | None = None

    @property
    def parents(self) -> tuple[str, ...]:
        """The rows it is made of; a region's chain leads to its caption and image."""
        if self.after:
            return (self.image.id, self.after.id)
        if self.regions:
            return tuple(region.id for region in self.regions)
        return (self.caption.id if self.caption else self.image.id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """A scope as the writer is told of it, with the masks of its subjects."""

    request: WriteRequest
    masks: tuple[Rle, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A brief with its instruction."""

    brief: Brief
    instruction: WrittenInstruction


class Instructions(AssetStage[Scope, Brief, Written]):
    """One instruction for each selected set of regions."""

    record = Instruction
    by_edit_type = True
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
        """One unit for each edit that the type's region rule selects."""
        kind = self._type.regions.kind
        scopes = self._clips() if kind == "frames" else self._images()
        seen: dict[tuple[str, ...], int] = defaultdict(int)
        work = []
        for scope in scopes:
            parents = scope.parents
            work.append(self.unit(parents, scope, subject=scope.image.uri, ordinal=seen[parents]))
            seen[parents] += 1
        return work

    def _clips(self) -> Iterator[Scope]:
        clips: dict[str, list[VideoFrame]] = defaultdict(list)
        for frame in self.store.current(VideoFrame, self.partition.shard):
            clips[frame.clip].append(frame)
        for frames in clips.values():
            for before, after in pairwise(sorted(frames, key=lambda f: f.t_s)):
                yield Scope(image=before, after=after)

    def _images(self) -> Iterator[Scope]:
        shard = self.partition.shard
        captions = {c.image_id: c for c in self.store.current(Caption, shard)}
        regions: dict[str, list[EditableRegion]] = defaultdict(list)
        for region in self.store.current(EditableRegion, shard):
            regions[region.image_id].append(region)
        for image in self.store.current(FilteredImage, shard):
            found = regions[image.id]
            for chosen in select_edits(
                self._type,
                [_view(r) for r in found],
                per_image=self.profile.edits.per_image,
                width=image.width,
                height=image.height,
                seed=int(digest(image.id, self._type.name)[:8], 16),
            ):
                yield Scope(
                    image=image,
                    regions=tuple(found[i] for i in chosen),
                    caption=captions.get(image.id),
                )

    def prepare(self, work: Work[Scope]) -> Brief:
        """Describe the subjects; for frames, find what moved."""
        scope = work.payload
        if scope.after is not None:
            return self._motion_brief(work, scope.image, scope.after)
        subjects = tuple(Subject(name=r.name, box=r.box) for r in scope.regions)
        return Brief(
            request=self._request(work, subjects),
            masks=tuple(r.mask for r in scope.regions) or (_everything(scope.image),),
        )

    def _motion_brief(
        self, work: Work[Scope], before: FilteredImage | VideoFrame, after: VideoFrame
    ) -> Brief:
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
        request = self._request(work, subjects, before=notes[0].action, after=notes[1].action)
        return Brief(request=request, masks=(Rle.encode(moved),))

    def _request(
        self, work: Work[Scope], subjects: tuple[Subject, ...], *, before: str = "", after: str = ""
    ) -> WriteRequest:
        scope = work.payload
        return WriteRequest(
            caption=scope.caption.caption if scope.caption else "",
            edit_type=self._type,
            subjects=subjects,
            width=scope.image.width,
            height=scope.image.height,
            seed=work.seed,
            edit_types=self.factory.edit_types,
            drawn=scope.image.uri.startswith("studio:"),
            before=before,
            after=after,
        )

    def process(self, batch: Sequence[tuple[Work[Scope], Brief]]) -> list[Written | Fault]:
        """Write."""
        briefs = [brief for _, brief in batch]
        texts = self.factory.backend("instruction_writer").write([b.request for b in briefs])
        return [
            t if isinstance(t, Fault) else Written(brief=b, instruction=t)
            for b, t in zip(briefs, texts, strict=True)
        ]

    def finish(self, work: Work[Scope], result: Written) -> Output:
        """The row."""
        scope = work.payload
        row = self.row(
            Instruction,
            work,
            image_id=scope.image.id,
            version_id=scope.image.version_id,
            after_version_id=scope.after.version_id if scope.after else "",
            width=scope.image.width,
            height=scope.image.height,
            instruction=result.instruction.text,
            operations=operations_to_json(result.instruction.operations),
            region_ids=tuple(r.id for r in scope.regions),
            masks=tuple(m.counts for m in result.brief.masks),
            wording=result.instruction.wording,
            writer=self.recipe.backend,
            caption=result.brief.request.caption,
        )
        return Output(rows=[row])

    def pictures(self, rows: Sequence[Instruction]) -> list[Picture]:
        """The image over its instruction."""
        return [Picture(images=(self.shown(r.version_id),), text=r.instruction) for r in rows]

    @staticmethod
    def figures(frame: "pl.DataFrame") -> dict[str, float]:
        """Rows, and how varied the wording is."""
        words = frame["instruction"].str.to_lowercase().str.extract_all(r"[a-z']+")
        return {
            "rows": frame.height,
            "distinct_instructions": frame["instruction"].n_unique(),
            "distinct_words": words.explode().n_unique() if frame.height else 0,
        }


def _view(region: EditableRegion) -> RegionView:
    return RegionView(
        id=region.id,
        name=region.name,
        kind=region_kind(region.kind),
        box=region.box,
        area_frac=region.area_frac,
    )


def _everything(image: FilteredImage | VideoFrame) -> Rle:
    return Rle.encode(np.ones((image.height, image.width), np.bool_))
