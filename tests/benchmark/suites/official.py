"""Small copies of the official benches, in the very layout in which they are published."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

COUNTS = {
    **{"extract": 117, "style": 100, "add": 95, "adjust": 94, "background": 94},
    **{"replace": 92, "remove": 86, "action": 36, "compose": 23},
}
FOLDERS = ("animal", "daily object", "style", "transport/compose")


def picture(seed: int, kind: str = "PNG", size: tuple[int, int] = (24, 16)) -> bytes:
    """A picture of noise, width x height."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def write(path: Path, data: bytes | str | object) -> Path:
    """A file with its folders: bytes, text, or anything else as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(data, bytes):
        path.write_bytes(data)
    else:
        path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return path


def basic_cases(counts: Mapping[str, int]) -> dict[str, dict[str, str]]:
    """Cases as the file has them, with keys in no order of numbers."""
    tasks = [task for task, count in counts.items() for _ in range(count)]
    return {
        str((number * 367) % 1231): {
            "id": f"{FOLDERS[number % 4]}/00{number % 8}.jpg",
            "prompt": f"Do the {task} of number {number}.",
            "edit_type": task,
        }
        for number, task in enumerate(tasks)
    }


def write_basic(data: Path, counts: Mapping[str, int] = COUNTS, name: str = "Basic") -> Path:
    """The basic suite: its case file, its rubrics, its pictures."""
    cases = basic_cases(counts)
    write(data / name / "basic_edit.json", cases)
    slot = "Rate this edit: <edit_prompt>\nPrompt Compliance: 1-5"
    write(data / name / "prompts.json", {task: f"{task}. {slot}" for task in counts})
    for number, case in enumerate({case["id"]: case for case in cases.values()}):
        write(data / name / case, picture(number, "JPEG"))
    return data


def write_uge(data: Path, number: int = 3) -> Path:
    """The UGE suite: flat names, no task."""
    keys = range(1, number + 1)
    cases = {str(k): {"id": f"00002978{k}.jpg", "prompt": f"Find and edit {k}."} for k in keys}
    write(data / "UGE" / "UGE_edit.json", cases)
    for k in keys:
        write(data / "UGE" / f"00002978{k}.jpg", picture(k, "JPEG"))
    return data


def dialogue(number: int, turns: int) -> dict[str, Any]:
    """One record of several turns."""
    said = {f"turn{k}": f"Turn {k} of {number}." for k in range(1, turns + 1)}
    return {"id": f"{number:06d}.jpg", **said}


def write_kris(data: Path) -> Path:
    """Three categories: a plain one, one with a truth and one with several sources."""
    one = {"ori_img": "1.jpg", "gt_img": "", "ins_en": "Make it two.", "explain_en": "Two stand."}
    view = {"ori_img": ["1.png"], "gt_img": "1_gt.png", "ins_en": "Turn it.", "explain_en": ""}
    many = {"ori_img": ["1-1.jpg", "1-2.jpg", "1-3.jpg"], "gt_img": "", "ins_en": "Join them."}
    for folder, row in (
        ("biology", one),
        ("viewpoint_change", view),
        ("multi-element_composition", many),
    ):
        write(data / folder / "annotation.json", {"1": row})
        for number, name in enumerate([row["ori_img"], row["gt_img"]]):
            for each in name if isinstance(name, list) else [name] if name else []:
                write(data / folder / each, picture(number))
    return data


def gedit_rows() -> list[dict[str, Any]]:
    """Two instructions in two languages, the first of them in the intersection."""
    return [
        {
            "task_type": task,
            "key": f"{key}{language}",
            "instruction": said,
            "instruction_language": language,
            "input_image": {"bytes": picture(seed), "path": None},
            "input_image_raw": {"bytes": picture(seed, size=(48, 32)), "path": None},
            "Intersection_exist": seed == 1,
        }
        for seed, task, key in ((1, "subject-add", "ab"), (2, "color_alter", "cd"))
        for language, said in (("en", "Add a cat."), ("cn", "加一只猫。"))
    ]
