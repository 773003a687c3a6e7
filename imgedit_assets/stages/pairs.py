"""Edit pairs: the painting plan of each operation, run as patches on versions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from imgedit_assets.stages.base import AssetStage, Picture
from imgedit_assets.stages.operations import operations_from_json
from models.edit_types.recipe import plan_params
from models.edit_types.spec import EditType, Onto, Operation, PaintKind, Step
from models.faults import Fault, FaultError, Reason
from models.geometry import Bitmap, Rgb
from models.masks import Rle
from models.paint.base import Painting, PaintRequest
from models.versions import Patch
from resources.engine.stage import Output, Work
from resources.recipes import Recipe, digest
from resources.schema import EditPair, Instruction, Version

if TYPE_CHECKING:
    import polars as pl

LOSSY_KINDS = frozenset({PaintKind.BACKDROP, PaintKind.STYLISE})
"""Paintings that cover most of the canvas and have no source pixel to preserve."""

REFERENCE_SHORT_SIDE_PX = 1024
"""`Step.grow_px` is given for images of this short side."""


@dataclass(slots=True, kw_only=True)
class Canvas:
    """One image of a pair while it is painted: the root, and the patches put on it so far."""

    pixels: Rgb
    patches: list[Patch] = field(default_factory=list)

    def apply(self, painting: Painting, kind: PaintKind) -> None:
        """Put a painting on as a patch; what the canvas shows is what the patch will decode to."""
        patch = Patch.of(painting, lossless=kind not in LOSSY_KINDS)
        self.pixels = self.pixels.copy()
        patch.paste(self.pixels)
        self.patches.append(patch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Easel:
    """A root image with its subjects' masks, and the canvases painted from it."""

    root: Rgb
    masks: tuple[Bitmap, ...]
    operations: tuple[Operation, ...]
    canvases: dict[Onto, Canvas]

    def canvas(self, onto: Onto) -> Canvas:
        """The canvas of one side of the pair, begun from the root when it is first asked for."""
        return self.canvases.setdefault(onto, Canvas(pixels=self.root))


class EditPairs(AssetStage[Instruction, Easel, Easel]):
    """One pair for each instruction."""

    record = EditPair
    by_edit_type = True
    batch_size = 2

    def make_recipe(self) -> Recipe:
        """The painter and the type's plan."""
        edit_types = self.factory.edit_types
        plan = plan_params(edit_types[self.partition.edit_type], edit_types)
        return self.backend_recipe("painter", params={"plan": plan})

    def work(self) -> list[Work[Instruction]]:
        """One unit for each instruction."""
        where = self.partition
        rows = self.store.current(Instruction, where.shard, where.edit_type)
        return [self.unit([r.id], r, subject=f"{r.instruction} ({r.id})") for r in rows]

    def prepare(self, work: Work[Instruction]) -> Easel:
        """Decode the image and the masks."""
        row = work.payload
        return Easel(
            root=self.store.render(row.version_id),
            masks=decoded_masks(row.masks, width=row.width, height=row.height),
            operations=operations_from_json(row.operations),
            canvases={},
        )

    def process(self, batch: Sequence[tuple[Work[Instruction], Easel]]) -> Sequence[Easel | Fault]:
        """Run every easel's steps; the first steps of a batch are painted together, and so on."""
        # A batch that raised is tried again row by row: what it painted must not stay.
        batch = [(work, replace(easel, canvases={})) for work, easel in batch]
        plans = [list(planned_steps(e.operations, self.factory.edit_types)) for _, e in batch]
        faults: dict[int, Fault] = {}
        for round_index in range(max(len(plan) for plan in plans)):
            asked = [
                (i, *plan[round_index])
                for i, plan in enumerate(plans)
                if round_index < len(plan) and i not in faults
            ]
            requests = [
                _paint_request(batch[i][1], operation, step, _step_seed(batch[i][0], round_index))
                for i, operation, step in asked
            ]
            answers = self.factory.backend("painter").paint(requests) if requests else []
            for (i, _, step), painting in zip(asked, answers, strict=True):
                if isinstance(painting, Fault):
                    faults[i] = painting
                elif not painting.alpha.any():
                    faults[i] = Fault(reason=Reason.UNCHANGED, detail="nothing was painted")
                else:
                    batch[i][1].canvas(step.onto).apply(painting, step.paint)
        return [faults.get(i, easel) for i, (_, easel) in enumerate(batch)]

    def finish(self, work: Work[Instruction], result: Easel) -> Output:
        """The row, and a version for each patch."""
        instruction, pair_id = work.payload, work.row_id()
        versions: list[Version] = []
        ends: dict[Onto, str] = {"source": instruction.version_id, "reference": ""}
        ends["target"] = instruction.after_version_id or instruction.version_id
        for onto, canvas in result.canvases.items():
            parent = instruction.version_id
            for patch in canvas.patches:
                versions.append(self._version(pair_id, onto, parent, patch, len(versions)))
                parent = versions[-1].id
            ends[onto] = parent
        source, target = result.canvas("source").pixels, result.canvas("target").pixels
        if instruction.after_version_id:
            target = self.store.render(instruction.after_version_id)
        changed_frac = float((source != target).any(axis=2).mean())
        if not changed_frac:
            raise FaultError(Reason.UNCHANGED, "source and target are equal")
        row = self.row(
            EditPair,
            work,
            instruction_id=instruction.id,
            instruction=instruction.instruction,
            operations=instruction.operations,
            source_version_id=ends["source"],
            target_version_id=ends["target"],
            reference_version_id=ends["reference"],
            width=instruction.width,
            height=instruction.height,
            masks=instruction.masks,
            changed_frac=changed_frac,
            patch_bytes=sum(len(v.payload) for v in versions),
            painter=self.recipe.backend,
            seed=work.seed,
        )
        return Output(rows=[row], versions=versions)

    def _version(
        self, pair_id: str, onto: Onto, parent_id: str, patch: Patch, index: int
    ) -> Version:
        return Version(
            id=digest("version", pair_id, onto, str(index)),
            parent_id=parent_id,
            row_id=pair_id,
            asset=self.partition.asset,
            shard=self.partition.shard,
            edit_type=self.partition.edit_type,
            codec=patch.codec,
            x0=patch.box.x0,
            y0=patch.box.y0,
            x1=patch.box.x1,
            y1=patch.box.y1,
            payload=patch.payload,
        )

    def pictures(self, rows: Sequence[EditPair]) -> list[Picture]:
        """Source, reference where there is one, and target over the instruction."""
        return [
            Picture(
                images=tuple(
                    self.shown(v)
                    for v in (r.source_version_id, r.reference_version_id, r.target_version_id)
                    if v
                ),
                text=r.instruction,
            )
            for r in rows
        ]

    @staticmethod
    def figures(frame: "pl.DataFrame") -> dict[str, float]:
        """Rows, the median changed area, and the bytes that a pair's patches take."""
        if frame.is_empty():
            return {"rows": 0}
        return {
            "rows": frame.height,
            "median_changed_frac": float(np.median(frame["changed_frac"].to_numpy())),
            "mean_patch_kb": float(frame["patch_bytes"].to_numpy().mean()) / 1e3,
        }


def planned_steps(
    operations: Sequence[Operation], edit_types: Mapping[str, EditType]
) -> Sequence[tuple[Operation, Step]]:
    """Each operation's painting steps, in order; a frame needs no painting."""
    return [
        (operation, step)
        for operation in operations
        for step in edit_types[operation.edit_type].steps
        if step.paint is not PaintKind.FRAME
    ]


def decoded_masks(counts: Sequence[str], *, width: int, height: int) -> tuple[Bitmap, ...]:
    """The subjects' masks, height x width."""
    return tuple(Rle(counts=c, height=height, width=width).decode() for c in counts)


def _paint_request(easel: Easel, operation: Operation, step: Step, seed: int) -> PaintRequest:
    canvas = easel.canvas(step.onto)
    scale = min(easel.root.shape[:2]) / REFERENCE_SHORT_SIDE_PX
    return PaintRequest(
        kind=step.paint,
        image=canvas.pixels,
        mask=easel.masks[operation.subject],
        name=operation.name,
        target=operation.target,
        grow_px=round(step.grow_px * scale),
        seed=seed,
    )


def _step_seed(work: Work[Instruction], index: int) -> int:
    return int(work.row_id("seed", str(index))[:8], 16)
