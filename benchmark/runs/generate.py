"""Outputs: every case put to the editor once for each epoch, and kept."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import cv2

from benchmark.cases import BenchCase, pixels
from benchmark.editors.editor import BenchEditor, EditCall
from benchmark.editors.ready import ReadyOutputs
from benchmark.runs.folder import OutputLine, RunFolder, append, drop_torn_line, lines
from benchmark.runs.guarded import answers_to, in_lanes
from models.faults import Fault, FaultError, ImgEditError, Reason
from models.geometry import Rgb
from models.images import decode
from resources.engine.metering import metering
from resources.reading import MAX_IMAGE_BYTES, read_regular
from resources.recipes import digest

Key = tuple[str, int, int]
"""Case, epoch and turn."""

_FAST_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """One case in one epoch: one turn, or several that build on each other."""

    case: BenchCase
    epoch: int
    kept: Mapping[int, OutputLine] = field(default_factory=dict)
    """Turns that are made already, and are not made again."""
    shown: dict[int, Rgb] = field(default_factory=dict)
    """What each version looks like: 0 is the source, k the editor's own result of turn k."""


def outputs_of(folder: RunFolder) -> dict[Key, OutputLine]:
    """The outputs of a run: of one that was tried again, the last try.

    Raises:
        ImgEditError: The file is damaged.
    """
    return {(o.id, o.epoch, o.turn): o for o in lines(folder.outputs, OutputLine)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """Makes what is not made yet.

    Args:
        on_progress: Told of each dialogue that is done, with its case.
        true_version: What a version of a case looks like if all was done right, where later turns
            are given that; None where they are given the editor's own results.
    """

    folder: RunFolder
    editor: BenchEditor
    seed: int
    true_version: Callable[[BenchCase, int], Rgb] | None = None
    on_progress: Callable[[BenchCase], None] = lambda case: None

    def todo(
        self, cases: Sequence[BenchCase], epochs: int, *, retry_failed: bool = False
    ) -> list[Dialogue]:
        """What is not made yet; a turn is made again with one that it builds on."""
        made = outputs_of(self.folder)
        dialogues = [
            Dialogue(case=case, epoch=epoch, kept=self._kept_of(case, epoch, made, retry_failed))
            for epoch in range(1, epochs + 1)
            for case in cases
        ]
        return [each for each in dialogues if len(each.kept) < len(each.case.turns)]

    def make(self, todo: Sequence[Dialogue]) -> None:
        """Make the outputs, several batches at a time where the editor allows it.

        Raises:
            ImgEditError: The editor cannot be used any more.
        """
        drop_torn_line(self.folder.outputs)
        for _ in in_lanes(todo, self.editor, self._dialogues):
            pass

    def _kept_of(
        self, case: BenchCase, epoch: int, made: Mapping[Key, OutputLine], retry_failed: bool
    ) -> dict[int, OutputLine]:
        kept: dict[int, OutputLine] = {}
        for number, turn in enumerate(case.turns, 1):
            line = made.get((case.id, epoch, number))
            is_base_kept = self.true_version or not turn.starts_from or turn.starts_from in kept
            if line and is_base_kept and self._is_done(case, line, retry_failed=retry_failed):
                kept[number] = line
        return kept

    def _is_done(self, case: BenchCase, line: OutputLine, *, retry_failed: bool) -> bool:
        if retry_failed and not line.image:
            return False
        kept = self.folder.path / line.image if line.image else self.folder.outputs
        if not kept.exists():
            return False
        if not isinstance(self.editor, ReadyOutputs):
            return True
        return not self.editor.is_newer(case, line.turn, line.epoch, kept.stat().st_mtime)

    def _dialogues(self, batch: Sequence[Dialogue]) -> None:
        """All turns of some dialogues, those of one number together."""
        for dialogue in batch:
            self._recall(dialogue)
        for turn in range(1, max(len(dialogue.case.turns) for dialogue in batch) + 1):
            going = [d for d in batch if turn <= len(d.case.turns) and turn not in d.kept]
            self._turn(going, turn)
        for dialogue in batch:
            self.on_progress(dialogue.case)

    def _recall(self, dialogue: Dialogue) -> None:
        """Look at what turns gave that are kept, for those that build on them."""
        for number, line in dialogue.kept.items():
            if line.image:
                with suppress(FaultError):  # told of the turn that builds on it
                    data = read_regular(self.folder.path / line.image, max_bytes=MAX_IMAGE_BYTES)
                    dialogue.shown[number] = decode(data)

    def _turn(self, dialogues: Sequence[Dialogue], turn: int) -> None:
        calls = [
            call_for(dialogue, turn, seed=self.seed, true_version=self.true_version)
            for dialogue in dialogues
        ]
        ready = [call for call in calls if isinstance(call, EditCall)]
        began = time.monotonic()
        with metering() as meter:
            results = iter(answers_to(ready, self.editor.edit))
        each_s = (time.monotonic() - began) / max(1, len(ready))
        each_usd = meter.paid_usd / max(1, len(ready))
        for dialogue, call in zip(dialogues, calls, strict=True):
            result = next(results) if isinstance(call, EditCall) else call
            asked = isinstance(call, EditCall)
            line = OutputLine(
                id=dialogue.case.id,
                epoch=dialogue.epoch,
                turn=turn,
                seed=seed_of(self.seed, dialogue, turn),
                seconds=each_s if asked else 0.0,
                usd=each_usd if asked else 0.0,
            )
            append(self.folder.outputs, self._kept(dialogue, line, result))

    def _kept(self, dialogue: Dialogue, line: OutputLine, result: Rgb | Fault) -> OutputLine:
        """The line with where the image lies and what it is, or why there is none."""
        if isinstance(result, Fault):
            return replace(line, reason=str(result.reason), detail=result.detail)
        dialogue.shown[line.turn] = result
        several = len(dialogue.case.turns) > 1
        path = self.folder.image(line.id, line.epoch, line.turn if several else None)
        path.parent.mkdir(parents=True, exist_ok=True)
        _, encoded = cv2.imencode(".png", result[..., ::-1], _FAST_PNG)
        data = encoded.tobytes()
        aside = path.with_suffix(".part")
        aside.write_bytes(data)
        aside.replace(path)
        height, width = result.shape[:2]
        return replace(
            line,
            image=path.relative_to(self.folder.path).as_posix(),
            digest=hashlib.sha256(data).hexdigest()[:16],
            width=width,
            height=height,
        )


def call_for(
    dialogue: Dialogue,
    turn: int,
    *,
    seed: int,
    true_version: Callable[[BenchCase, int], Rgb] | None = None,
) -> EditCall | Fault:
    """A turn of a dialogue as an editor is given it; a fault where a picture is not there.

    Args:
        dialogue: With what its earlier turns showed.
        turn: Counted from 1.
        seed: The run's.
        true_version: As of a `Generator`.
    """
    case = dialogue.case
    try:
        return EditCall(
            case=case,
            turn=turn,
            epoch=dialogue.epoch,
            image=_given(dialogue, case.turns[turn - 1].starts_from, true_version),
            reference=pixels(case.reference) if case.reference else None,
            seed=seed_of(seed, dialogue, turn),
        )
    except FaultError as error:
        return error.fault


def seed_of(seed: int, dialogue: Dialogue, turn: int) -> int:
    """A seed of its own for each output, from the run's."""
    told = (dialogue.case.id, str(dialogue.epoch), str(turn))
    return int(digest("seed", str(seed), *told)[:8], 16)


def _given(
    dialogue: Dialogue, version: int, true_version: Callable[[BenchCase, int], Rgb] | None
) -> Rgb:
    """What a turn is said of."""
    if version == 0:
        if 0 not in dialogue.shown:
            dialogue.shown[0] = pixels(dialogue.case.source)
        return dialogue.shown[0]
    if true_version:
        return true_version(dialogue.case, version)
    if version not in dialogue.shown:
        detail = f"turn {version}, which this one builds on, has no result"
        raise FaultError(Reason.UNKNOWN_VERSION, detail)
    return dialogue.shown[version]


def selected(
    cases: Sequence[BenchCase], *, limit: str = "", ids: Sequence[str] = ()
) -> tuple[BenchCase, ...]:
    """Some cases of a suite.

    Args:
        cases: All of them.
        limit: "20" for the first so many, "20-40" for a range counted from 0, "0.1" for a share
            that is spread evenly over the suite; empty for all.
        ids: Their ids; empty for all.

    Raises:
        ImgEditError: No case has such an id, or the limit is none.
    """
    if unknown := set(ids) - {case.id for case in cases}:
        message = f"no case {min(unknown)!r}: `ls tasks` tells which suites there are"
        raise ImgEditError(message)
    chosen = [case for case in cases if not ids or case.id in ids]
    return tuple(chosen[at] for at in _places(limit, len(chosen)))


def _places(limit: str, n: int) -> Iterator[int]:
    text = limit.strip()
    try:
        if not text:
            yield from range(n)
        elif "-" in text:
            first, last = (int(part) for part in text.split("-"))
            yield from range(min(first, n), min(last, n))
        elif "." in text and 0 < (share := float(text)) <= 1:
            count = max(1, round(share * n)) if n else 0
            yield from (at * n // count for at in range(count))
        elif (most := int(text)) > 0:
            yield from range(min(most, n))
        else:
            raise ValueError
    except ValueError:
        message = f"--limit {limit!r}: give a number (20), a range (20-40) or a share (0.1)"
        raise ImgEditError(message) from None
