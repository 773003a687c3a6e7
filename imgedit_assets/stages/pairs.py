"""Edit pairs: the painting plan of each turn, run as patches on versions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from imgedit_assets.stages.base import AssetStage, Picture
from imgedit_assets.stages.easel import Easel, State, Stroke, strokes
from imgedit_assets.stages.episodes import Episode, by_episode, episodes
from models.detect.detection import Found
from models.edit_types.recipe import plan_params
from models.edit_types.spec import EditType, PaintFunction
from models.faults import Fault, FaultError, ImgEditError, Reason
from models.geometry import Bitmap, Rgb, differing
from models.masks import Rle
from models.painting import Painting, PaintRequest
from models.segment.segmentation import SegmentRequest
from models.versions import Codec
from models.vocabulary import PaintKind
from resources.engine.stage import Output, Work
from resources.operations import operations_to_json
from resources.recipes import Recipe, digest
from resources.schema import EditPair, Version

if TYPE_CHECKING:
    import polars as pl

REFERENCE_SHORT_SIDE_PX = 1024
"""`Step.grow_px` is given for images of this short side."""


class EditPairs(AssetStage[Episode, Easel, Easel]):
    """One pair for each instruction, and for each turn of a dialogue."""

    record = EditPair
    role = "painter"
    batch_size = 1

    def make_recipe(self) -> Recipe:
        """The painter and the type's plan; for dialogues also who finds what was put in."""
        plan = plan_params(self._type, self.factory.edit_types)
        finder = self.optional_backend("segmenter") if self._type.dialogue else {}
        return self.backend_recipe("painter", params={"plan": plan, **finder})

    @property
    def _type(self) -> EditType:
        return self.factory.edit_types[self.partition.edit_type]

    def work(self) -> list[Work[Episode]]:
        """One unit for each instruction or dialogue."""
        found = episodes(self.store, self.partition)
        return [self.unit([e.row.id], e, subject=e.subject) for e in found]

    def pixels(self, work: Work[Episode]) -> int:
        """Those of its image, once for each turn."""
        row = work.payload.row
        return row.width * row.height * len(work.payload.turns)

    def prepare(self, work: Work[Episode]) -> Easel:
        """Decode the image and the masks."""
        row = work.payload.row
        masks = decoded_masks(row.masks, width=row.width, height=row.height)
        return Easel(
            root=self.store.render(row.version_id),
            turns=work.payload.turns,
            given=State(masks=masks),
        )

    def process(self, batch: Sequence[tuple[Work[Episode], Easel]]) -> Sequence[Easel | Fault]:
        """Run every easel's strokes, the first ones of a batch together, and so on."""
        # A batch that raised is tried again row by row: what it painted must not stay.
        batch = [(work, _blank(easel)) for work, easel in batch]
        plans = [
            []
            if work.payload.results
            else strokes(easel.turns, self.factory.edit_types, more_px=work.payload.more_px)
            for work, easel in batch
        ]
        faults: dict[int, Fault] = {}
        for round_index in range(max(map(len, plans), default=0)):
            asked = [
                (i, plan[round_index])
                for i, plan in enumerate(plans)
                if round_index < len(plan) and i not in faults
            ]
            painted = self._painted([(*batch[i], stroke) for i, stroke in asked], round_index)
            for (i, stroke), answer in zip(asked, painted, strict=True):
                try:
                    self._apply(batch[i][1], stroke, answer)
                except FaultError as error:
                    faults[i] = error.fault
        return [faults.get(i, easel) for i, (_, easel) in enumerate(batch)]

    def _painted(
        self, asked: Sequence[tuple[Work[Episode], Easel, Stroke]], round_index: int
    ) -> list[Painting | Fault]:
        """The paintings of one round; the painter gets all of its own at once."""
        answers: dict[int, Painting | Fault] = {}
        requests: dict[int, PaintRequest] = {}
        for i, (work, easel, stroke) in enumerate(asked):
            try:
                request = _paint_request(easel, stroke, _seed(work, round_index))
                if isinstance(stroke.step.paint, PaintKind):
                    requests[i] = request
                else:
                    answers[i] = _painted_by(stroke.step.paint, request)
            except FaultError as error:
                answers[i] = error.fault
        if requests:
            painted = self.factory.backend("painter").paint(list(requests.values()))
            answers |= dict(zip(requests, painted, strict=True))
        return [answers[i] for i in range(len(asked))]

    def _apply(self, easel: Easel, stroke: Stroke, answer: Painting | Fault) -> None:
        if isinstance(answer, Fault):
            raise FaultError(answer.reason, answer.detail)
        if not answer.alpha.any():
            raise FaultError(Reason.UNCHANGED, "nothing was painted")
        easel.apply(stroke, answer)
        if stroke.step.paint is PaintKind.INSERT and _is_edited_later(easel, stroke):
            easel.move(stroke, self._put_in(easel, stroke, answer))

    def _put_in(self, easel: Easel, stroke: Stroke, painting: Painting) -> Bitmap:
        """The mask of what a stroke has put in: as the painter knows it, or found again."""
        if painting.subject is not None:
            mask = np.zeros(easel.root.shape[:2], np.bool_)
            mask[painting.box.slices] = painting.subject
            return mask
        state, box = easel.results[stroke.turn - 1], easel.patches[-1].box
        name = stroke.operation.target.key or stroke.operation.name
        found = Found(name=name, kind="object", box=box, score=1.0)
        request = SegmentRequest(image=easel.pixels(state), found=(found,))
        (answer,) = self.factory.backend("segmenter").segment([request])
        if isinstance(answer, Fault):
            raise FaultError(answer.reason, answer.detail)
        if not answer[0].mask.any():
            raise FaultError(Reason.EMPTY_MASK, f"{name}: not found where it was painted")
        return np.asarray(answer[0].mask, np.bool_)

    def finish(self, work: Work[Episode], result: Easel) -> Output:
        """A row for each turn, and a version for each picture."""
        episode = work.payload
        result.begin(len(episode.turns))
        owner, tree = self._row_id(work, 1), self._tree(work, result)
        rows = [self._row(work, result, tree, n + 1) for n in range(len(episode.turns))]
        where = self.partition
        versions = [
            Version(
                id=tree.version_id(path),
                parent_id=tree.version_id(path[:-1]),
                row_id=owner,
                asset=where.asset,
                partition=where.key,
                codec=Codec(result.patches[path[-1]].codec),
                x0=result.patches[path[-1]].box.x0,
                y0=result.patches[path[-1]].box.y0,
                x1=result.patches[path[-1]].box.x1,
                y1=result.patches[path[-1]].box.y1,
                payload=result.patches[path[-1]].payload,
            )
            for path in tree.paths()
        ]
        stored = sum(len(v.payload) for v in versions)
        return Output(
            rows=[replace(row, patch_bytes=stored // len(rows)) for row in rows], versions=versions
        )

    def shown_by(self, work: Work[Episode], easel: Easel) -> dict[str, Rgb]:
        """What the versions of its rows look like, before they are stored."""
        return self._tree(work, easel).pictures()

    def _tree(self, work: Work[Episode], easel: Easel) -> "_Tree":
        root = work.payload.row.version_id
        return _Tree(easel=easel, root_id=root, owner=self._row_id(work, 1))

    @staticmethod
    def _key(work: Work[Episode], turn: int) -> tuple[str, ...]:
        return (f"turn {turn}",) if len(work.payload.turns) > 1 else ()

    def _row_id(self, work: Work[Episode], turn: int) -> str:
        return work.row_id(*self._key(work, turn))

    def _row(self, work: Work[Episode], easel: Easel, tree: "_Tree", number: int) -> EditPair:
        episode, turn = work.payload, easel.turns[number - 1]
        start, operations = easel.state(turn.starts_from), turn.operations
        subjects = sorted({operation.subject for operation in operations})
        return self.row(
            EditPair,
            work,
            *self._key(work, number),
            instruction_id=episode.row.id,
            instruction=turn.instruction,
            operations=operations_to_json(
                [replace(o, subject=subjects.index(o.subject)) for o in operations]
            ),
            turn=number,
            turns=len(episode.turns),
            root_version_id=episode.row.version_id,
            source_version_id=self._version_id(episode, easel, tree, turn.starts_from),
            target_version_id=self._version_id(episode, easel, tree, number),
            previous_version_id=self._version_id(episode, easel, tree, number - 1),
            reference_version_id=(
                tree.version_id(easel.reference.patches)
                if easel.reference
                else episode.reference_version_id
            ),
            width=episode.row.width,
            height=episode.row.height,
            masks=tuple(Rle.encode(start.masks[subject]).counts for subject in subjects),
            grow_px=easel.grow_px(number),
            changed_frac=self._changed_frac(episode, easel, turn.starts_from, number),
            patch_bytes=0,
            painter="as it came" if episode.results else self.recipe.backend,
            seed=work.seed,
        )

    def _version_id(self, episode: Episode, easel: Easel, tree: "_Tree", version: int) -> str:
        if version and episode.results:
            return episode.results[version - 1]
        return tree.version_id(easel.state(version).patches)

    def _changed_frac(self, episode: Episode, easel: Easel, before: int, turn: int) -> float:
        """Share of the pixels that a turn changes.

        Raises:
            FaultError: It changes none.
        """
        first, second = (
            self.store.render(episode.results[version - 1])
            if version and episode.results
            else easel.pixels(easel.state(version))
            for version in (before, turn)
        )
        if not (changed := float(differing(first, second).mean())):
            raise FaultError(Reason.UNCHANGED, f"turn {turn}: source and target are equal")
        return changed

    def pictures(self, rows: Sequence[EditPair]) -> list[Picture]:
        """Source, reference where there is one, and target over the instruction."""
        return [
            Picture(
                images=tuple(self.shown(v) for v in shown_versions(turns)),
                text=_said(turns),
                id=turns[0].id,
            )
            for turns in by_episode(rows)
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


class _Tree:
    """The ids of an easel's pictures: the same patches in the same order are one version."""

    def __init__(self, *, easel: Easel, root_id: str, owner: str) -> None:
        self._easel, self._root_id, self._owner = easel, root_id, owner

    def version_id(self, path: tuple[int, ...]) -> str:
        return digest("version", self._owner, *map(str, path)) if path else self._root_id

    def paths(self) -> list[tuple[int, ...]]:
        """Every picture that a row shows, and those that lead to it; parents first."""
        found = {
            state.patches[:n] for state in self._states() for n in range(1, len(state.patches) + 1)
        }
        return sorted(found, key=lambda path: (len(path), path))

    def pictures(self) -> dict[str, Rgb]:
        """Every picture that a row shows, by its version."""
        return {self.version_id(s.patches): self._easel.pixels(s) for s in self._states()}

    def _states(self) -> list[State]:
        easel = self._easel
        return [s for s in (easel.given, *easel.results, easel.reference) if s is not None]


def shown_versions(turns: Sequence[EditPair]) -> list[str]:
    """The pictures of an episode as a person would leaf through them."""
    first = turns[0]
    versions = [first.previous_version_id, first.reference_version_id]
    return [v for v in (*versions, *(t.target_version_id for t in turns)) if v]


def _said(turns: Sequence[EditPair]) -> str:
    return " / ".join(turn.instruction for turn in turns)


def decoded_masks(counts: Sequence[str], *, width: int, height: int) -> tuple[Bitmap, ...]:
    """The subjects' masks, height x width."""
    return tuple(Rle(counts=c, height=height, width=width).decode() for c in counts)


def _blank(easel: Easel) -> Easel:
    """The easel as it was before anything was painted."""
    given = State(masks=easel.given.masks)
    return Easel(root=easel.root, turns=easel.turns, given=given)


def _is_edited_later(easel: Easel, stroke: Stroke) -> bool:
    later = easel.turns[stroke.turn :]
    return any(o.subject == stroke.operation.subject for turn in later for o in turn.operations)


def _paint_request(easel: Easel, stroke: Stroke, seed: int) -> PaintRequest:
    state = easel.canvas(stroke)
    scale = min(easel.root.shape[:2]) / REFERENCE_SHORT_SIDE_PX
    kind = stroke.step.paint
    return PaintRequest(
        kind=kind if isinstance(kind, PaintKind) else None,
        image=easel.pixels(state),
        mask=state.masks[stroke.operation.subject],
        name=stroke.operation.name,
        target=stroke.operation.target,
        grow_px=round(stroke.step.grow_px * scale),
        seed=seed,
    )


def _painted_by(paint: PaintFunction, request: PaintRequest) -> Painting | Fault:
    """What an edit type's own function paints; on copies, since it may write to what it gets."""
    try:
        return paint(replace(request, image=request.image.copy(), mask=request.mask.copy()))
    except (ImgEditError, SystemExit) as error:
        # The engine takes what else it raises; these two would end the run.
        return Fault(reason=Reason.WORKER_ERROR, detail=f"{type(error).__name__}: {error}")


def _seed(work: Work[Episode], round_index: int) -> int:
    return int(work.row_id("seed", str(round_index))[-8:], 16)
