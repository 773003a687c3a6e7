"""Outputs: every case put to an editor once for each epoch, and kept as versions of its source.

A later turn of a dialogue is given the editor's own earlier output. Outputs, and their seeds, are
those of `imgedit bench run` with the same arguments.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from benchmark.cases import BenchCase
from benchmark.editors.editor import BenchEditor, EditCall
from benchmark.editors.ready import ReadyOutputs
from benchmark.runs.generate import Dialogue, call_for, seed_of
from benchmark.runs.guarded import answers_to
from benchmark.suites.studio.pictures import as_png
from imgedit_assets.stages.base import AssetStage, Picture
from imgedit_assets.stages.contest import cases_of, epochs_of, new_editor, plain, ready_editor
from models.faults import Fault, FaultError
from models.geometry import Rgb
from models.painting import Painting
from models.versions import Codec, Patch
from resources.engine.stage import Output, Work
from resources.recipes import Recipe, digest
from resources.schema import BenchmarkCase, BenchmarkOutput, Version

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One case in one epoch."""

    case: BenchmarkCase
    epoch: int
    """Counted from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A case with what the editor gave at each turn, or why it gave nothing."""

    dialogue: Dialogue
    faults: dict[int, Fault] = field(default_factory=dict)
    """By turn."""


class BenchmarkOutputs(AssetStage[Attempt, Dialogue, Played]):
    """One row for each turn of each case and epoch that the editor gave a picture for."""

    record = BenchmarkOutput

    def make_recipe(self) -> Recipe:
        """The editor with its arguments, and the seed."""
        editor = self._unready
        return Recipe(
            stage=self.record.TABLE,
            version=self.record.VERSION,
            backend=f"{editor.name} {editor.version}",
            params={"editor": plain(editor.params()), "seed": self.profile.benchmark.seed},
        )

    @cached_property
    def _unready(self) -> BenchEditor:
        return new_editor(self.factory, self.partition.keys["editor"])

    def work(self) -> list[Work[Attempt]]:
        """One unit for each case and epoch."""
        return [
            self.unit(
                [case.id],
                Attempt(case=case, epoch=epoch),
                subject=f"{case.case_id}: {case.instructions[0]}",
                ordinal=epoch - 1,
                stamp=self._stamp(case, epoch),
            )
            for epoch in range(1, epochs_of(self.factory, self.partition.keys["editor"]) + 1)
            for case in self.current(BenchmarkCase)
        ]

    def _stamp(self, case: BenchmarkCase, epoch: int) -> str:
        """Of outputs that are there already, what changes with their files."""
        editor = self._unready
        if not isinstance(editor, ReadyOutputs):
            return ""
        known = cases_of(self.factory, self.partition.keys["suite"])[case.case_id]
        return "\n".join(
            _file_stamp(editor, known, turn, epoch) for turn in range(1, len(known.turns) + 1)
        )

    def setup(self) -> None:
        """Load the editor, and the suite that knows more of a case than its row."""
        self._editor = ready_editor(self.factory, self.partition.keys["editor"])
        self._cases = cases_of(self.factory, self.partition.keys["suite"])
        self._free = BoundedSemaphore(max(1, self._editor.lanes))
        self.batch_size = max(1, self._editor.at_once)

    def pixels(self, work: Work[Attempt]) -> int:
        """Those of its source, and as many for each turn."""
        case = work.payload.case
        return case.width * case.height * (1 + len(case.instructions))

    def prepare(self, work: Work[Attempt]) -> Dialogue:
        """Decode the source."""
        case = work.payload.case
        return Dialogue(
            case=self._cases[case.case_id],
            epoch=work.payload.epoch,
            shown={0: self.store.render(case.version_id)},
        )

    def process(self, batch: Sequence[tuple[Work[Attempt], Dialogue]]) -> Sequence[Played | Fault]:
        """Put all turns to the editor, those of one number together."""
        played = [
            Played(dialogue=Dialogue(case=d.case, epoch=d.epoch, shown=dict(d.shown)))
            for _, d in batch
        ]
        for turn in range(1, max(len(each.dialogue.case.turns) for each in played) + 1):
            self._turn([each for each in played if turn <= len(each.dialogue.case.turns)], turn)
        return played

    def _turn(self, going: Sequence[Played], turn: int) -> None:
        seed = self.profile.benchmark.seed
        calls = [call_for(each.dialogue, turn, seed=seed) for each in going]
        ready = [call for call in calls if isinstance(call, EditCall)]
        with self._free:
            answers = iter(answers_to(ready, self._editor.edit))
        for each, call in zip(going, calls, strict=True):
            got = next(answers) if isinstance(call, EditCall) else call
            if isinstance(got, Fault):
                each.faults[turn] = got
            else:
                each.dialogue.shown[turn] = got

    def finish(self, work: Work[Attempt], result: Played) -> Output:
        """A row and a version for each turn that has a picture; the others are rejects."""
        made = list(self._made(work, result))
        return Output(
            rows=[row for row, _ in made],
            versions=[version for _, version in made if version],
            faults=list(result.faults.values()),
        )

    def _made(
        self, work: Work[Attempt], played: Played
    ) -> Iterator[tuple[BenchmarkOutput, Version | None]]:
        row, dialogue = work.payload.case, played.dialogue
        shown_as = {0: row.version_id}
        for number, turn in enumerate(dialogue.case.turns, 1):
            if number in played.faults:
                continue
            several = len(dialogue.case.turns) > 1
            key = (*([f"turn {number}"] * several), *([work.stamp] * bool(work.stamp)))
            output_id, given_id = work.row_id(*key), shown_as[turn.starts_from]
            image, given = dialogue.shown[number], dialogue.shown[turn.starts_from]
            version = self._version(output_id, given_id, given, image)
            shown_as[number] = version.id if version else given_id
            output = self.row(
                BenchmarkOutput,
                work,
                *key,
                case_id=row.case_id,
                task=row.task,
                cluster=row.cluster,
                epoch=dialogue.epoch,
                turn=number,
                turns=len(dialogue.case.turns),
                instruction=turn.instruction,
                source_version_id=given_id,
                target_version_id=shown_as[number],
                seed=seed_of(self.profile.benchmark.seed, dialogue, number),
                width=image.shape[1],
                height=image.shape[0],
            )
            yield output, version

    def _version(self, row_id: str, given_id: str, given: Rgb, image: Rgb) -> Version | None:
        """The output as a patch of what was given, or of another size as a picture of its own.

        None where it is what was given.
        """
        placed = {
            "id": digest("version", row_id),
            "row_id": row_id,
            "asset": self.partition.asset,
            "partition": self.partition.key,
        }
        if image.shape != given.shape:
            return Version(
                parent_id="",
                codec=Codec.SOURCE,
                x0=0,
                y0=0,
                x1=image.shape[1],
                y1=image.shape[0],
                payload=as_png(image),
                **placed,
            )
        painting = Painting.between(given, image)
        if not painting.alpha.any():
            return None
        patch = Patch.of(painting, lossless=True)
        box = patch.box
        return Version(
            parent_id=given_id,
            codec=patch.codec,
            x0=box.x0,
            y0=box.y0,
            x1=box.x1,
            y1=box.y1,
            payload=patch.payload,
            **placed,
        )

    def pictures(self, rows: Sequence[BenchmarkOutput]) -> list[Picture]:
        """What was given and what came, over what was asked."""
        return [
            Picture(
                images=(self.shown(row.source_version_id), self.shown(row.target_version_id)),
                text=f"{row.task}: {row.instruction}",
                id=row.id,
            )
            for row in rows
        ]

    @staticmethod
    def figures(frame: "pl.DataFrame") -> dict[str, float]:
        """Rows, and the share of outputs that are what was given."""
        if frame.is_empty():
            return {"rows": 0}
        same = frame["source_version_id"] == frame["target_version_id"]
        return {"rows": frame.height, "unchanged_frac": float(same.to_numpy().mean())}


def _file_stamp(editor: ReadyOutputs, case: BenchCase, turn: int, epoch: int) -> str:
    try:
        stat = editor.place(case, turn, epoch).stat()
    except (FaultError, OSError) as error:
        return str(error)
    # The time of a change cannot be set, as that of writing is when an archive is unpacked.
    return f"{stat.st_size} {stat.st_ctime_ns}"
