"""Suites by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from benchmark.cases import Suite
from benchmark.names import demand_known
from models.faults import ImgEditError


@dataclass(frozen=True, slots=True)
class SuiteKind:
    """What a suite is, and what it is loaded from."""

    about: str
    """In one line."""
    needs: str = ""
    """What `--data` must name; empty where it is not asked for."""


_IMGEDIT = "the folder of the official ImgEdit-Bench"

SUITES: Mapping[str, SuiteKind] = {
    "studio-basic": SuiteKind("734 drawn cases of nine tasks, truth known"),
    "studio-uge": SuiteKind("47 drawn cases that must be understood and found first, truth known"),
    "studio-multiturn": SuiteKind("30 drawn dialogues of two or three turns, truth known"),
    "imgedit-basic": SuiteKind("the official nine tasks, 737 or 734 cases", _IMGEDIT),
    "imgedit-uge": SuiteKind("the official 47 hard cases", _IMGEDIT),
    "imgedit-multiturn": SuiteKind("the official 30 dialogues", _IMGEDIT),
    "gedit": SuiteKind(
        "GEdit-Bench v1: 11 groups, 606 cases in each of two languages", "its Parquet, or a folder"
    ),
    "kris": SuiteKind("KRIS-Bench: 1,267 cases in 22 tasks of knowledge", "its folder"),
    "own": SuiteKind("cases of your own", "a folder with cases.jsonl, .csv or .parquet"),
}
"""Every suite: the names are a contract."""


def load_suite(name: str, data: Path | None, cache: Path, *, allow_missing: bool = False) -> Suite:
    """A suite with all its cases.

    Args:
        name: A name of `SUITES`.
        data: The folder or file of its cases, for those that need one.
        cache: Where pictures may be kept that are drawn, or taken out of tables.
        allow_missing: Whether pictures may be missing or broken, as recorded answers allow; what
            needs such a picture fails when it is read.

    Raises:
        ImgEditError: There is no such suite, or its data are not as published; the text lists
            what is wrong and says the remedy.
    """
    demand_known("suite", name, SUITES)
    kind = SUITES[name]
    if not kind.needs:
        suite: Suite = import_module("benchmark.suites.studio").load(name, cache)
        return suite
    if data is None:
        message = f"{name} needs --data: {kind.needs}"
        raise ImgEditError(message)
    data = data.expanduser().absolute()
    if not data.exists():
        message = f"{name}: {data} is not there; --data must name {kind.needs}"
        raise ImgEditError(message)
    return _read(name, data, cache, allow_missing)


def _read(name: str, data: Path, cache: Path, allow_missing: bool) -> Suite:
    from benchmark.suites import gedit, imgedit, kris, own
    from benchmark.suites.pictures import Pictures

    pictures = Pictures(cache=cache, allow_missing=allow_missing)
    match name:
        case "gedit":
            return gedit.load(data, pictures)
        case "kris":
            return kris.load(data, pictures)
        case "own":
            return own.load(data, pictures)
    return imgedit.load(name, data, pictures)
