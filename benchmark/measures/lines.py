"""`measures.jsonl` and `reference.jsonl`: what was measured of an output, once."""

import hashlib

from benchmark.runs.folder import MeasureLine, RunFolder, lines
from benchmark.runs.generate import Key

VERSION = "1"
"""Raised whenever a measure's definition changes: all is measured anew."""


MEASURES = {
    "oracle_failure": ("failure by the oracle, 0 to 1", 3),
    "psnr_db": ("PSNR of the rest, dB", 1),
    "ssim": ("SSIM of the rest", 4),
    "lpips_alex": ("LPIPS (AlexNet) of the rest", 4),
    "studio_clip": ("studio_clip distance of the rest", 4),
    "shift_px": ("shift, px", 2),
    "zoom_off": ("zoom off 1 by", 4),
    "changed_area": ("changed share", 3),
    "purity": ("white background", 3),
    "width_ratio": ("width / source's", 2),
    "height_ratio": ("height / source's", 2),
    "drift_de": ("drift, CIE76", 2),
    "drift_area": ("drifted share", 3),
    "done": ("object changed", 2),
    "reference": ("right object", 2),
    "premise": ("premise visible", 2),
    "reverted": ("reverted state equal", 2),
    "turn_yes": ("turn: yes", 2),
    "session_yes": ("session: yes", 2),
}
"""Each measure's name and how many decimals are shown. "The rest" is what no edit was asked for."""


def pictures_hash(*told: str) -> str:
    """What a line is found by again: digests of pictures and how they were measured."""
    return hashlib.sha256("\0".join((VERSION, *told)).encode()).hexdigest()[:16]


def measured(folder: RunFolder) -> dict[Key, MeasureLine]:
    """The last line of each output; none where nothing was measured.

    Raises:
        ImgEditError: The file is damaged.
    """
    return {line.key: line for line in lines(folder.measures, MeasureLine)}
