"""FakeShield (github.com/zhipeixu/FakeShield) as a detector, run in a clone's `DTE-FDM` folder.

`python detect_with_fakeshield.py WEIGHTS`: the folder with its `DTE-FDM` and `DTG.pth`. Its command
loads the models anew for each picture; here they are kept. It answers in words, of which the first
sentence decides: 0 or 1, no probability between.
"""

import json
import re
import sys
from argparse import Namespace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from imgedit_program import serve

_WORDS = r"\b(?:tamper|manipulat|edit|alter|modif|forg)\w*"
_UNTOUCHED = re.compile(rf"\b(?:not|never|no)\b[^,;]*{_WORDS}|\b(?:un\w+ed|authentic)\b", re.I)
_EDITED = re.compile(_WORDS, re.I)


def edited(answer: str) -> float:
    """1 where the first sentence says that the picture was edited, 0 where it denies it.

    Raises:
        ValueError: It says neither.
    """
    first = re.split(r"(?<=[.!?])\s", answer.strip(), maxsplit=1)[0]
    if _UNTOUCHED.search(first):
        return 0.0
    if _EDITED.search(first):
        return 1.0
    message = f"neither edited nor untouched: {first[:200]}"
    raise ValueError(message)


def load() -> tuple[str, str, Any]:
    """FakeShield's detection half, from one folder."""
    from llava.serve import cli

    weights = Path(sys.argv[1])
    asked = Namespace(
        model_path=str(weights / "DTE-FDM"),
        model_base=None,
        DTG_path=str(weights / "DTG.pth"),
        device="cuda",
        conv_mode=None,
        temperature=0,
        max_new_tokens=1024,
        load_8bit=False,
        load_4bit=False,
        debug=False,
    )
    loaded = cli.DTE_FDM_init(asked)
    cli.DTE_FDM_init = lambda args: loaded

    def detect(request: dict[str, Any]) -> float:
        with TemporaryDirectory() as folder:
            asked.image_path = request["image"]
            asked.output_path = str(Path(folder) / "answer.json")
            cli.DTE_FDM_cli(asked)
            return edited(json.loads(Path(asked.output_path).read_text())["outputs"])

    return "fakeshield", weights.name, detect


if __name__ == "__main__":
    serve(load)
