"""What stands in `results.json` beside scores: what was measured, and what a detector said."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchmark.measures.lines import measured
from benchmark.measures.summary import summary
from benchmark.runs.folder import RunFolder, SampleLine, lines, write_json


def beside(folder: RunFolder, samples: Sequence[SampleLine]) -> dict[str, Any]:
    """`measures.<name>`: `overall`, of all cases alike, and `tasks.<name>`; `fake`: as `fake.json`.

    Without what nobody measured, or asked.

    Raises:
        ImgEditError: A file is damaged.
    """
    found: dict[str, Any] = {}
    if each := summary(measured(folder).values(), samples):
        found["measures"] = {
            name: {
                "overall": asdict(one.micro),
                "tasks": {task: asdict(estimate) for task, estimate in one.tasks.items()},
            }
            for name, one in each.items()
        }
    if folder.fake.exists():
        found["fake"] = json.loads(folder.fake.read_text("utf-8"))
    return found


def put_beside(folder: RunFolder) -> None:
    """Bring the files of results that are there up to date with what was measured or asked since.

    Raises:
        ImgEditError: A file is damaged.
    """
    for file in folder.path.glob("results.*json"):
        infix = file.name.removeprefix("results.").removesuffix("json").strip(".")
        by_protocol = RunFolder(folder.path, infix)
        more = beside(folder, [*lines(by_protocol.samples, SampleLine)])
        write_json(file, {**json.loads(file.read_text("utf-8")), **more})
