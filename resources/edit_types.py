"""The edit types of a profile. What others wrote is imported in a process of its own first.

A file may exit, loop or crash while it is imported, and would take a run or the whole code location
with it. What came of the first import is kept in the home, so that a later start pays for nothing.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint, version
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from models.edit_types.registry import Candidate, EditTypes, find_edit_types, not_imported
from models.faults import FaultError, ImgEditError
from resources.profile import Edits
from resources.reading import parse_json, read_regular
from resources.recipes import digest

MAX_BYTES = 4 << 20
"""The largest file of an edit type."""

REMEMBERED = 1_000
"""Verdicts that are kept."""

AT_ONCE = 4
GRACE_S = 2.0
"""How much longer than its limit a trial may take to say so."""

LAST_CHARS = 200
"""Shown of what a file that crashed printed."""

INSIDE = "IMGEDIT_EDIT_TYPE_TRIAL"
"""Set in a trial, where a file that loads the edit types would start the next trial, for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportVerdict:
    """What came of a first import."""

    fault: str
    """What is wrong, and what to do; empty for a sound file."""
    lasts: bool
    """Whether it would be the same again, so that it need not be tried."""


def find_types(edits: Edits, home: Path) -> EditTypes:
    """The edit types of a profile, and a line for each file or package that was left out.

    Args:
        edits: The profile's section.
        home: The folder where verdicts are kept; where it is not there, nothing is kept.
    """
    trial = partial(_tried, memory=home / "edit_types.json", limit_s=edits.load_limit_s)
    return find_edit_types(edits.folders, trial=trial)


def _tried(candidates: Sequence[Candidate], *, memory: Path, limit_s: float) -> dict[str, str]:
    """What is wrong with candidates, by origin; in processes of their own, unless it is known."""
    if INSIDE in os.environ:
        msg = "an edit type's file must not load the edit types while it is imported"
        raise ImgEditError(msg)
    faults: dict[str, str] = {}
    keys: dict[str, Candidate] = {}
    for candidate in candidates:
        try:
            keys[_key(candidate)] = candidate
        except FaultError as error:
            faults[candidate.origin] = f"{error.fault.detail}; mend it or move it elsewhere"
    known = _remembered(memory)
    new = [key for key in keys if key not in known]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        verdicts = list(pool.map(lambda key: try_import(keys[key], limit_s), new))
    if any(verdict.lasts for verdict in verdicts):
        found = {k: v.fault for k, v in zip(new, verdicts, strict=True) if v.lasts}
        _remember(memory, known | found)
    known |= {key: verdict.fault for key, verdict in zip(new, verdicts, strict=True)}
    return faults | {c.origin: known[key] for key, c in keys.items() if known[key]}


def _key(candidate: Candidate) -> str:
    """Changes with a candidate's text, when it is saved again, and with what it is run by.

    Raises:
        FaultError: Its file cannot be read.
    """
    files = [candidate.file] if candidate.file else []
    if candidate.entry:
        files = _files_of(candidate.entry)
    texts = [read_regular(file, max_bytes=MAX_BYTES).hex() for file in files]
    times = [str(file.stat().st_mtime_ns) for file in files]
    run_by = (sys.executable, sys.version, version("imgedit-factory"))
    return digest("edit type", candidate.origin, *run_by, *times, *texts)


def _files_of(entry: EntryPoint) -> list[Path]:
    """The files of the module that an entry point names, and of its packages; imports nothing."""
    top, *inner = entry.module.split(".")
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return []
    places = [Path(spec.origin)] if spec and spec.origin else []
    for folder in map(Path, (spec.submodule_search_locations or ()) if spec else ()):
        places += [folder.joinpath(*inner[:n], "__init__.py") for n in range(1, len(inner) + 1)]
        places += [folder.joinpath(*inner).with_suffix(".py")] if inner else []
    return [place for place in places if place.is_file()]


# The child


def try_import(candidate: Candidate, limit_s: float) -> ImportVerdict:
    """Import a candidate in a process of its own, which is ended with all that it started."""
    place = ["file", str(candidate.file)]
    if candidate.entry:
        place = ["entry", candidate.entry.name, candidate.entry.value]
    with tempfile.TemporaryFile() as report, tempfile.TemporaryFile() as printed:
        call = [sys.executable, "-P", "-m", "models.edit_types.trial"]
        child = subprocess.Popen(
            [*call, str(report.fileno()), str(limit_s), *place],
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=printed,
            pass_fds=[report.fileno()],
            start_new_session=True,
            env=os.environ | {INSIDE: "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        try:
            ended = _has_ended(child.pid, limit_s + GRACE_S)
        finally:
            # Before it is waited for, so that its number is nobody else's yet.
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            code = child.wait()
        return _verdict(candidate, report, printed, code if ended else None, limit_s)


def _has_ended(pid: int, within_s: float) -> bool:
    give_up_at = time.monotonic() + within_s
    while time.monotonic() < give_up_at:
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return True
        time.sleep(0.01)
    return False


def _verdict(
    candidate: Candidate, report: BinaryIO, printed: BinaryIO, code: int | None, limit_s: float
) -> ImportVerdict:
    """What a child has said, or what its end says.

    Args:
        candidate: What it tried.
        report: What it reported.
        printed: Its output.
        code: How it ended; None where it was ended from here.
        limit_s: The time it had.
    """
    report.seek(0)
    said = report.read(MAX_BYTES).decode("utf-8", "replace")
    with suppress(ValueError, TypeError, KeyError):
        found = parse_json(said)
        return ImportVerdict(fault=str(found["fault"]), lasts=bool(found["lasts"]))
    frame = re.search(rf'File "{re.escape(str(candidate.file))}", line (\d+)', said)
    line = f", line {frame[1]}" if frame else ""
    if code is None or said.startswith("Timeout"):
        told = (
            f"still at it after {limit_s:g} s{line}: end what it does there, or raise "
            "load_limit_s under [edits]"
        )
    else:
        ending = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        told = f"the process that tried it crashed: {ending}{line}{_last_words(printed)}"
    return ImportVerdict(fault=not_imported(candidate, told), lasts=True)


def _last_words(printed: BinaryIO) -> str:
    printed.seek(max(0, printed.seek(0, os.SEEK_END) - LAST_CHARS))
    words = " ".join(printed.read(LAST_CHARS).decode("utf-8", "replace").split())
    return f", after printing {words!r}" if words else ""


# Verdicts


def _remembered(memory: Path) -> dict[str, str]:
    with suppress(FaultError, ValueError):
        known = parse_json(read_regular(memory))
        if isinstance(known, dict):
            return {str(key): str(fault) for key, fault in known.items()}
    return {}


def _remember(memory: Path, known: Mapping[str, str]) -> None:
    """Keep verdicts, where there is a home already: only looking makes none."""
    if not memory.parent.is_dir():
        return
    kept = dict(list(known.items())[-REMEMBERED:])
    # Moved into place, so that nobody reads half of it; where it cannot be kept, it is tried again.
    written = memory.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        written.write_text(json.dumps(kept, indent=0), "utf-8")
        written.replace(memory)
