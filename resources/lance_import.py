"""LanceDB, imported without what nothing here uses of it, in 40 % of the time."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec
from threading import Lock, get_ident
from types import ModuleType

_IMPORTING = Lock()

_REST_CLIENT = "lance_namespace_urllib3_client"
"""Clients of a service's REST interface, made at import; LanceDB takes only its records."""


def lancedb() -> ModuleType:
    """The package."""
    with _IMPORTING:
        if "lancedb" not in sys.modules:
            _leave_out_clients()
            with _without_pandas():
                return import_module("lancedb")
    return import_module("lancedb")


def _leave_out_clients() -> None:
    """Put the bare package in place of the one that imports all its parts: 0.8 s less."""
    spec = find_spec(_REST_CLIENT)
    if spec and _REST_CLIENT not in sys.modules:
        sys.modules[_REST_CLIENT] = module_from_spec(spec)


@contextmanager
def _without_pandas() -> Iterator[None]:
    """Pyarrow takes pandas along if it finds it, 1.1 s; `to_pandas` still finds it afterwards."""
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _NoPandas:
    """Finds no pandas for the thread that made it."""

    def __init__(self) -> None:
        self._thread = get_ident()

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if name == "pandas" and get_ident() == self._thread:
            raise ModuleNotFoundError(name, name=name)
        return None
