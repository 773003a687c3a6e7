"""The command line of the scripts for a GPU: which parts to measure, and where to write."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gpu_bench import MissingLibraryError, Part, Setting, free
from gpu_report import hardware, markdown, report

_OWN = "each part has its own"

_EPILOG = """\
Nothing is downloaded and no checkpoint is read: networks have their published configurations and
random weights, in bfloat16, made on the device. Ours and plain use of the library take turns (ABAB)
in one process after a warm-up of each; a figure is the median of the rounds, its interval their
least and greatest. A part whose library is missing is skipped, and the report says so.

The exit code is 1 if a gate of floors.toml was missed or a part failed; under --debug gates are not
looked at. A later run with the same --json FILE replaces its own parts and keeps the others.
"""


def run(
    doc: str, parts: Mapping[str, Part], defaults: Setting, argv: Sequence[str] | None = None
) -> int:
    """Measure the parts that the command line names, print them, and write the report.

    Args:
        doc: The script's docstring; its help.
        parts: Every part by its name.
        defaults: For what the command line does not say.
        argv: The command line; this process's if None.

    Returns:
        The exit code.
    """
    asked = _parser(doc, parts, defaults).parse_args(argv)
    setting = _setting(asked, defaults)
    measured, skipped = [], {}
    for name in asked.part or parts:
        try:
            for one in parts[name](setting):
                print(one.line(), flush=True)
                measured.append(one)
        except MissingLibraryError as why:
            skipped[name] = str(why)
            print(f"skipped {name}: {why}", flush=True)
        except Exception as error:
            # A part that fails must not take what the others measured in minutes of a rented GPU.
            skipped[name] = f"failed: {type(error).__name__}: {error}"
            print(f"{name} {skipped[name]}", file=sys.stderr, flush=True)
        free()
    made = report(measured, skipped, hardware(setting.device), debug=setting.debug)
    if asked.json:
        _write(made, asked.json)
    print(markdown(made))
    failed = any(why.startswith("failed") for why in skipped.values())
    missed = not setting.debug and any(not one.passed for one in measured)
    return int(failed or missed)


def _write(made: Mapping[str, Any], file: Path) -> None:
    """Write a report; figures of other parts that the file already holds are kept."""
    if file.exists():
        before = json.loads(file.read_text("utf-8"))
        mine = {one["part"] for one in made["measurements"]} | made["skipped"].keys()
        kept = [one for one in before["measurements"] if one["part"] not in mine]
        left = {part: why for part, why in before["skipped"].items() if part not in mine}
        made = {
            **made,
            "measurements": kept + made["measurements"],
            "skipped": left | made["skipped"],
        }
    file.write_text(json.dumps(made, indent=1) + "\n", "utf-8")


def _parser(doc: str, parts: Mapping[str, Part], defaults: Setting) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=doc, epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--part",
        action="append",
        choices=list(parts),
        help="measure this one alone; may be given again",
    )
    parser.add_argument(
        "--steps", type=int, help=f"denoising steps, or tokens of an answer ({defaults.steps})"
    )
    parser.add_argument(
        "--size", type=int, help=f"side of the images in pixels ({defaults.size_px})"
    )
    parser.add_argument("--rounds", type=int, help=f"rounds of each side ({defaults.rounds})")
    parser.add_argument(
        "--items", type=int, help=f"images or pairs in a round of ours ({defaults.items or _OWN})"
    )
    parser.add_argument("--batch", type=int, help=f"of them in a batch ({defaults.batch or _OWN})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--no-compile", action="store_true", help="ours without torch.compile")
    parser.add_argument(
        "--debug", action="store_true", help="the same code on the processor with tiny networks"
    )
    return parser


def _setting(asked: argparse.Namespace, defaults: Setting) -> Setting:
    import torch

    if not asked.debug and not torch.cuda.is_available():
        sys.exit("there is no CUDA device here; --debug runs the same code on the processor")
    base = defaults
    if asked.debug:
        base = replace(
            defaults, device="cpu", debug=True, steps=3, size_px=64, rounds=2, items=2, batch=2
        )
    given = {
        "steps": asked.steps,
        "size_px": asked.size,
        "rounds": asked.rounds,
        "items": asked.items,
        "batch": asked.batch,
    }
    said = {key: value for key, value in given.items() if value is not None}
    return replace(base, **said, compiled=not asked.no_compile)
