"""What a person does differently in the later of two frames, in words."""

from dataclasses import dataclass

from models.geometry import Box
from models.write.english import command
from models.write.instruction import WriteRequest

LEAST_MOVE_FRAC = 0.03
"""Smaller shifts, as a share of the frame, are not worth an instruction."""

SLIGHT_MOVE_FRAC = 0.10
FAR_MOVE_FRAC = 0.30

LEAST_SCALE = 1.12
"""Both sides of the box must grow or shrink by this factor: one alone is a change of pose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """The words for a movement; empty where nothing is known of it."""

    before: str = ""
    """What was done: "walking"."""
    after: str = ""
    """What is done instead: "running"."""
    do: str = ""
    """The same as a command: "run"."""
    shift: str = ""
    """Where to: "slightly to the left"."""

    def __bool__(self) -> bool:
        return bool(self.after or self.shift)


def motion(request: WriteRequest) -> Motion:
    """The change of action, else of place or distance between the first and the last subject."""
    before, after = request.before.strip(), request.after.strip()
    if after and after != before:
        return Motion(before=before, after=after, do=command(after))
    if len(request.subjects) < 2:
        return Motion()
    start, end = request.subjects[0].box, request.subjects[-1].box
    shift = _approach(start, end) or _shift(start, end, request.width, request.height)
    return Motion(shift=shift)


def _approach(start: Box, end: Box) -> str:
    if not start.area_px or not end.area_px:
        return ""
    scales = end.width / start.width, end.height / start.height
    if min(scales) >= LEAST_SCALE:
        return "closer to the camera"
    return "further away from the camera" if max(scales) <= 1 / LEAST_SCALE else ""


def _shift(start: Box, end: Box, width: int, height: int) -> str:
    across = (end.x0 + end.x1 - start.x0 - start.x1) / 2 / width
    down = (end.y0 + end.y1 - start.y0 - start.y1) / 2 / height
    most = max(abs(across), abs(down))
    # Beside a large movement a small one along the other axis goes unsaid.
    least = max(LEAST_MOVE_FRAC, most / 2)
    words = []
    if abs(across) >= least:
        words.append("to the left" if across < 0 else "to the right")
    if abs(down) >= least:
        words.append("up" if down < 0 else "down")
    direction = " and ".join(words)
    if not words or SLIGHT_MOVE_FRAC <= most < FAR_MOVE_FRAC:
        return direction
    return f"{'slightly' if most < SLIGHT_MOVE_FRAC else 'far'} {direction}"
