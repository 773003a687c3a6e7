"""The other side of `--editor command` and `--detector command`.

Keep it beside your script; it needs nothing but Python.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any


def serve(load: Callable[[], tuple[str, str, Callable[[dict[str, Any]], Any]]]) -> None:
    """Answer requests until the input ends.

    Args:
        load: Loads the model once. It gives the program's name, its version, and a function that
            takes a request, a dict. An editor's has "image", "instruction", "seed" and perhaps
            "reference", and its answer is a PIL image; a detector's has "image", and its answer is
            the probability that it was edited.
    """
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # What libraries print belongs to the log, and not among the answers.

    def say(**message: object) -> None:
        answers.write(json.dumps(message) + "\n")

    json.loads(sys.stdin.readline())
    name, version, answer = load()
    say(ready=True, name=name, version=version)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            found = answer(request)
            if "output" in request:
                found.save(request["output"], "PNG")
        except Exception as error:
            traceback.print_exc()
            say(id=request["id"], error=f"{type(error).__name__}: {error}")
        else:
            more = {} if "output" in request else {"probability": found}
            say(id=request["id"], ok=True, **more)
