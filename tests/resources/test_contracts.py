"""What mypy sees of roles: an overload for each, and each built-in class by its protocol."""

import ast
from pathlib import Path
from typing import get_args, get_overloads, get_type_hints

from resources import contracts
from resources.backends import BACKENDS, CHATS
from resources.building import EXPANDERS, WORKFLOWS
from resources.factory import Factory
from resources.roles import PROTOCOLS, Backend


def promised() -> dict[str, set[str]]:
    """The classes that mypy checks, as `module:Class`, by the name of their protocol."""
    tree = ast.parse(Path(contracts.__file__).read_text("utf-8"))
    nodes = list(ast.walk(tree))
    modules = {
        alias.name: node.module
        for node in nodes
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    found: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, ast.AnnAssign):
            assert isinstance(node.value, ast.Tuple)
            protocol = ast.unparse(node.annotation).removeprefix("tuple[type[").partition("]")[0]
            names = [ast.unparse(made) for made in node.value.elts]
            found[protocol] = {f"{modules[name]}:{name}" for name in names}
    return found


def test_mypy_checks_every_class_of_every_registry() -> None:
    wanted = {PROTOCOLS[role].__name__: set(known.values()) for role, known in BACKENDS.items()}
    parts = {"ChatModel": CHATS, "Workflow": WORKFLOWS, "Describe": EXPANDERS}
    assert promised() == wanted | {name: set(known.values()) for name, known in parts.items()}


def test_a_factory_gives_each_role_by_its_own_protocol() -> None:
    *known, other = (get_type_hints(overload) for overload in get_overloads(Factory.backend))
    assert {get_args(hints["role"])[0]: hints["return"] for hints in known} == PROTOCOLS
    assert (other["role"], other["return"]) == (str, Backend)
