"""LanceDB, imported without the clients of a service that it brings along."""

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from threading import Lock
from types import ModuleType

_IMPORTING = Lock()

_REST_CLIENT = "lance_namespace_urllib3_client"
"""Importing it makes clients for every request of a REST interface, which takes as long as all the
rest of LanceDB; LanceDB itself takes only the records from it."""


def lancedb() -> ModuleType:
    """The package."""
    with _IMPORTING:
        if _REST_CLIENT not in sys.modules and (spec := find_spec(_REST_CLIENT)):
            # The bare package finds its modules as well.
            sys.modules[_REST_CLIENT] = module_from_spec(spec)
    return import_module("lancedb")
