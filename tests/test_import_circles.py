"""No circles: of two modules, and of two folders, at most one imports the other, however far."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache

import pytest

from tests.test_layers import OURS, imported, sources

Graph = Mapping[str, frozenset[str]]


class _WithoutTypes(ast.NodeTransformer):
    """Leaves out what only a type checker imports."""

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        if ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            return node.orelse
        return self.generic_visit(node)


def run_imports(tree: ast.Module) -> Iterator[str]:
    """What a file imports when it runs, at once or later, inside a function."""
    yield from (name for name, _ in imported(_WithoutTypes().visit(tree)))


@cache
def module_graph() -> Graph:
    """For each of our modules those that it imports."""
    trees = {
        ".".join(path.with_suffix("").parts).removesuffix(".__init__"): tree
        for package in sorted(OURS)
        for path, tree in sources(package)
    }
    return {
        module: frozenset(
            found
            for name in run_imports(tree)
            # What is imported from a module is a module itself, or stands in one.
            for found in [name if name in trees else name.rpartition(".")[0]]
            if found in trees and found != module
        )
        for module, tree in trees.items()
    }


def folder_graph(modules: Graph) -> Graph:
    """The same of the folders below the packages; a module of a package's root is its own."""
    folders = defaultdict[str, set[str]](set)
    for module, used in modules.items():
        folders[folder(module)] |= {folder(name) for name in used} - {folder(module)}
    return {name: frozenset(used) for name, used in folders.items()}


def folder(module: str) -> str:
    """`models.paint` of `models.paint.styles.tone`."""
    return ".".join(module.split(".")[:2])


def circles(graph: Graph) -> set[frozenset[str]]:
    """The largest sets whose members all reach each other."""
    reach = {name: _reached(graph, name) for name in graph}
    found = (
        frozenset(other for other in reach[name] if name in reach.get(other, ())) for name in graph
    )
    return {circle for circle in found if circle}


def _reached(graph: Graph, start: str) -> set[str]:
    seen: set[str] = set()
    ahead = list(graph[start])
    while ahead:
        if (name := ahead.pop()) not in seen:
            seen.add(name)
            ahead += graph.get(name, ())
    return seen


def edges(graph: Graph, circle: frozenset[str]) -> str:
    """The imports that make a circle: "a -> b, b -> a"."""
    return ", ".join(
        f"{name} -> {used}" for name in sorted(circle) for used in sorted(graph[name] & circle)
    )


def folder_imports(modules: Graph, circle: frozenset[str]) -> str:
    """The modules' imports that make a circle of folders."""
    return ", ".join(
        f"{module} -> {name}"
        for module, used in sorted(modules.items())
        for name in sorted(used)
        if folder(module) in circle and folder(name) in circle - {folder(module)}
    )


def test_modules_have_no_circles() -> None:
    graph = module_graph()
    assert not [edges(graph, circle) for circle in circles(graph)]


def test_folders_have_no_circles() -> None:
    graph = module_graph()
    assert not [folder_imports(graph, circle) for circle in circles(folder_graph(graph))]


@pytest.mark.parametrize(
    ("imports", "expected"),
    [
        ({"a": "b", "b": "c", "c": ""}, set()),
        ({"a": "b", "b": "c", "c": "a", "d": "a"}, {frozenset("abc")}),
        ({"a": "b", "b": "a", "c": "d", "d": "c"}, {frozenset("ab"), frozenset("cd")}),
    ],
)
def test_a_circle_is_found_however_long(
    imports: dict[str, str], expected: set[frozenset[str]]
) -> None:
    graph = {name: frozenset(used) for name, used in imports.items()}
    assert circles(graph) == expected
    assert all(" -> " in edges(graph, circle) for circle in expected)


def test_lazy_imports_count_and_those_for_types_do_not() -> None:
    text = """
import models.a
if TYPE_CHECKING:
    import models.types
else:
    import models.other
def late():
    from models.b import c
"""
    assert set(run_imports(ast.parse(text))) == {"models.a", "models.other", "models.b.c"}


def test_a_circle_of_folders_needs_none_of_modules() -> None:
    modules: Graph = {
        "models.paint.x": frozenset({"models.edit.y"}),
        "models.edit.y": frozenset(),
        "models.edit.z": frozenset({"models.paint.x"}),
    }
    circle = frozenset({"models.paint", "models.edit"})
    assert not circles(modules)
    assert circles(folder_graph(modules)) == {circle}
    assert folder_imports(modules, circle).count("->") == 2
