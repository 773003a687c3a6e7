"""Which of a set's columns are source, target and instruction: known sets, and the user's word."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from models.faults import FaultError, ImgEditError, Reason
from resources.reading import read_regular
from resources.releases.checksums import file_inside
from resources.releases.classes import UNKNOWN
from resources.releases.limits import MAX_IMAGE_BYTES
from resources.releases.stored import Columns, PairRef, StoredRow

NEEDED = ("source", "target", "instruction")
_IMAGES = ("source", "target", "reference")
OURS = (*NEEDED, "reference", "edit_type", "licence", "attribution")
"""What can be mapped."""
_SAID = {name: name for name in ("edit_type", "licence", "attribution")}

PRESETS: Mapping[str, Mapping[str, str]] = {
    "InstructPix2Pix": {
        "source": "original_image",
        "target": "edited_image",
        "instruction": "edit_prompt",
    },
    "diffusers' scripts": {
        "source": "input_image",
        "target": "edited_image",
        "instruction": "edit_prompt",
    },
    "MagicBrush": {"source": "source_img", "target": "target_img", "instruction": "instruction"},
    "UltraEdit": {
        "source": "source_image",
        "target": "edited_image",
        "instruction": "edit_prompt",
    },
    "OmniEdit": {
        "source": "src_img",
        "target": "edited_img",
        "instruction": "edited_prompt_list",
        "edit_type": "task",
    },
    "GPT-Image-Edit": {"source": "input", "target": "output", "instruction": "instruction"},
    "Pico-Banana": {
        "source": "local_input_image",
        "target": "output_image",
        "instruction": "text",
        "edit_type": "edit_type",
    },
    "musubi": {
        **{"source": "control_path", "target": "image_path", "instruction": "caption"},
        **_SAID,
    },
    "musubi of two images": {
        **{"source": "control_path_0", "reference": "control_path_1", "target": "image_path"},
        **{"instruction": "caption", **_SAID},
    },
    "DiffSynth": {
        **{"source": "edit_image", "reference": "reference_image", "target": "image"},
        **{"instruction": "prompt", **_SAID},
    },
    "WebDataset": {"source": "input", "target": "output", "instruction": "txt"},
    "WebDataset of ours": {"source": "source", "target": "target", "instruction": "txt"},
}
"""Known sets: our columns in their words. The first that fits is taken."""


def columns_of(text: str) -> Columns:
    """The mapping that `source=input_image,target=edited_image,...` says; empty for no text.

    Raises:
        ImgEditError: It is none, or lacks a column that every pair needs.
    """
    if not text:
        return ()
    pairs = [part.partition("=") for part in text.split(",")]
    columns = {ours.strip(): theirs.strip() for ours, _, theirs in pairs}
    strange = [name for name in columns if name not in OURS]
    lacking = [name for name in NEEDED if not columns.get(name)]
    if strange or lacking or len(columns) < len(pairs):
        msg = f"--columns {text!r} must name each of {', '.join(NEEDED)} once, as {example()}"
        msg += f"; it may name {', '.join(OURS[len(NEEDED) :])} as well"
        raise ImgEditError(msg)
    return tuple(columns.items())


def mapping_for(found: Collection[str], given: Columns) -> Columns:
    """The given mapping if its columns are there, or that of a known set; empty where none fits."""
    if given:
        return given if {dict(given)[name] for name in NEEDED}.issubset(found) else ()
    fits = (p for p in PRESETS.values() if {p[name] for name in NEEDED}.issubset(found))
    return tuple(next(fits, {}).items())


def example() -> str:
    """How a mapping is written."""
    return "source=input_image,target=edited_image,instruction=edit_prompt"


def not_understood(where: str, found: Sequence[str], given: Columns) -> ImgEditError:
    """What a set has, and how to say what it is."""
    told = ", ".join(found)[:400] or "none"
    asked = f", not {', '.join(theirs for _, theirs in given)}" if given else ""
    return ImgEditError(
        f"{where} has the columns {told}{asked}; say which are which: --columns {example()}. "
        f"Without it, known are the columns of our releases, of the published ImgEdit, and of "
        f"{', '.join(PRESETS)}"
    )


def mapped(ref: PairRef, record: Mapping[str, Any]) -> StoredRow:
    """A row of somebody's set in our columns; images are bytes, or paths inside the folder.

    Raises:
        FaultError: An image is missing, or outside the folder.
    """
    images: dict[str, bytes] = {}
    files: dict[str, str] = {}
    values: dict[str, Any] = {"edit_type": UNKNOWN}
    for ours, theirs in ref.columns:
        value = record.get(theirs)
        if ours not in _IMAGES:
            # Several wordings of one instruction: the first.
            values[ours] = value[0] if isinstance(value, list) and value else value
            continue
        if isinstance(value, Mapping):
            value = value.get("bytes") or value.get("path")
        if isinstance(value, str):
            path = _beside(ref, value)
            files[ours] = path.relative_to(ref.root).as_posix()
            value = read_regular(path, max_bytes=MAX_IMAGE_BYTES)
        if isinstance(value, bytes):
            images[ours] = value
    if not isinstance(values["edit_type"], str) or not values["edit_type"].strip():
        values["edit_type"] = UNKNOWN
    return StoredRow(values=values, images=images, files=files)


def _beside(ref: PairRef, name: str) -> Path:
    """A file by a path from the folder of its row, or from the set's."""
    root = Path(ref.root)
    try:
        return file_inside(root, (Path(ref.path).parent / name).as_posix())
    except FaultError as error:
        if error.fault.reason is not Reason.MISSING_FILE:
            raise
    return file_inside(root, name)
