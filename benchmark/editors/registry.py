"""Editors by name."""

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from benchmark.arguments import USUAL, Service
from benchmark.editors.editor import BenchEditor
from benchmark.names import demand_known
from models.faults import ImgEditError

EDITORS: Mapping[str, tuple[str, str]] = {
    "copy-input": ("benchmark.editors.ends:CopyInput", "gives back what it was given"),
    "blank": ("benchmark.editors.ends:Blank", "a white page"),
    "random-image": ("benchmark.editors.ends:RandomImage", "another picture; of=noise or scene"),
    "oracle": (
        "benchmark.editors.oracle:OracleEditor",
        "the right result, where it is known; flaw= and degree= spoil it",
    ),
    "painters": (
        "benchmark.editors.painters:PainterEditor",
        "the embedded painters, told the mask and what is meant",
    ),
    "folder": (
        "benchmark.editors.ready:FolderOutputs",
        "outputs that are there: path=DIR, layout= imgedit, gedit, kris or run; name=, version=",
    ),
    "jsonl": (
        "benchmark.editors.ready:ListedOutputs",
        'outputs that are listed, as {"id", "image_path"}: path=FILE; name=, version=',
    ),
    "diffusers": (
        "benchmark.editors.diffusers:DiffusersEditor",
        "any pipeline that takes an image and a prompt: weights=FOLDER or a repository of the hub, "
        "size=, steps=, guidance=, image_guidance=, dtype=, device=, offload=",
    ),
    "e1": (
        "benchmark.editors.e1:E1BenchEditor",
        "ImgEdit-E1 as it was trained here: weights=FOLDER, without it the studio's own; steps=, "
        "guidance=, name=, device=",
    ),
    "openai": (
        "benchmark.editors.services:OpenAIEditor",
        "gpt-image models: model=, size=, quality=, input_fidelity=, usd_per_m_input=, "
        "usd_per_m_output=, budget_usd=",
    ),
    "gemini": (
        "benchmark.editors.services:GeminiEditor",
        "Gemini's models that paint: model=, aspect_ratio=, usd_per_image=, budget_usd=",
    ),
    "command": (
        "benchmark.editors.command:CommandEditor",
        'any program: run="python my_editor.py", folder=, timeout_s=, start_s=, log= '
        "(docs/editors.md)",
    ),
}
"""Every editor: where it is, and what it is with its arguments."""


_SERVICES = ("openai", "gemini")


def make_editor(name: str, args: Mapping[str, Any], service: Service = USUAL) -> BenchEditor:
    """An editor, not yet set up.

    Raises:
        ImgEditError: There is no such editor, or it does not take the arguments.
    """
    demand_known("editor", name, EDITORS)
    if name in _SERVICES:
        args = {**service.arguments("lanes"), **args}
    module, _, made = EDITORS[name][0].partition(":")
    make: Callable[..., BenchEditor] = getattr(import_module(module), made)
    takes_any = any(p.kind is p.VAR_KEYWORD for p in inspect.signature(make).parameters.values())
    known = [key for key in inspect.signature(make).parameters if key != "painter"]
    if not takes_any and (unknown := sorted(set(args) - set(known))):
        takes = ", ".join(known) or "none"
        message = f"--editor-args: {name} does not take {unknown[0]}; it takes {takes}"
        raise ImgEditError(message)
    try:
        return make(**args)
    except (TypeError, ValueError) as error:
        message = f"--editor-args: {name}: {error}"
        raise ImgEditError(message) from None
