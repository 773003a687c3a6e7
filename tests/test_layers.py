"""The layers: who may import whom, and what must not be loaded with the definitions."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name as canonical_name

ROOT = Path(__file__).parents[1]
OURS = frozenset({"models", "resources", "benchmark", "imgedit_assets"})

MAY_IMPORT = {
    "models": set[str](),
    "resources": {"models"},
    "benchmark": {"models", "resources"},
    "imgedit_assets": {"models", "resources", "benchmark"},
}
DAGSTER = {"dagster", "dagster_webserver", "dagster_graphql", "dagster_shared"}
STORAGE_AND_NETWORK = {
    *("lancedb", "lance", "pyarrow", "sqlite3", "sqlalchemy", "alembic"),
    *("fsspec", "upath", "s3fs", "gcsfs", "adlfs", "boto3", "botocore", "obstore"),
    *("httpx", "httpx2", "httpcore", "httpcore2", "requests", "urllib3", "aiohttp", "websockets"),
    # Not `urllib` as a whole: urllib.parse touches nothing.
    *("urllib.request", "http", "ftplib", "smtplib", "xmlrpc", "socket", "socketserver", "ssl"),
    *("uvicorn", "starlette", "grpc", "gql", "openai", "huggingface_hub", "datasets"),
}
HEAVY = ("torch", "torchvision", "diffusers", "transformers", "ultralytics", "ray", "lancedb")


@cache
def sources(package: str) -> list[tuple[Path, ast.Module]]:
    """The modules of a package, parsed."""
    files = sorted((ROOT / package).rglob("*.py"))
    return [(path.relative_to(ROOT), ast.parse(path.read_text("utf-8"))) for path in files]


def imported(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every module that is imported anywhere in a file, also inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # What is imported from a module may be a module itself: from urllib import request.
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def is_within(name: str, modules: set[str]) -> bool:
    """Whether a dotted name is any of some modules, or stands in one."""
    return any(f"{name}.".startswith(f"{module}.") for module in modules)


def importers(package: str, banned: set[str]) -> list[str]:
    """Where a package imports any of some modules, as `file:line imports name`."""
    return [
        f"{path}:{line} imports {name}"
        for path, tree in sources(package)
        for name, line in imported(tree)
        if is_within(name, banned)
    ]


@pytest.mark.parametrize(
    "line",
    [
        "import urllib.request as asking",
        "from urllib import parse, request",
        "from urllib.request import urlopen",
        "def late():\n    import httpx2",
        "from huggingface_hub.utils import filter_repo_objects",
    ],
)
def test_no_spelling_of_an_import_escapes_the_ban(line: str) -> None:
    assert any(is_within(name, STORAGE_AND_NETWORK) for name, _ in imported(ast.parse(line)))


def test_the_ban_is_of_modules_and_not_of_beginnings() -> None:
    harmless = ast.parse("from urllib.parse import urlsplit\nimport sslkeys, httpxy.client")
    assert not any(is_within(name, STORAGE_AND_NETWORK) for name, _ in imported(harmless))


@pytest.mark.parametrize("package", sorted(OURS))
def test_packages_import_only_the_layers_below(package: str) -> None:
    above = OURS - MAY_IMPORT[package] - {package}
    assert not importers(package, set(above))


@pytest.mark.parametrize("package", ["models", "benchmark"])
def test_only_assets_and_resources_know_dagster(package: str) -> None:
    assert not importers(package, DAGSTER)


@pytest.mark.parametrize("package", ["models", "benchmark", "imgedit_assets"])
def test_only_resources_touches_storage_and_network(package: str) -> None:
    assert not importers(package, STORAGE_AND_NETWORK)


@pytest.mark.parametrize("package", ["models", "benchmark", "imgedit_assets"])
def test_only_resources_reads_the_environment(package: str) -> None:
    readers = [
        f"{path}:{node.lineno}"
        for path, tree in sources(package)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "putenv"}
    ]
    assert not readers


def test_relative_imports_do_not_hide_a_layer() -> None:
    relative = [
        f"{path}:{node.lineno}"
        for package in sorted(OURS)
        for path, tree in sources(package)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert not relative


def test_tests_import_each_other_by_their_full_names() -> None:
    tests = ROOT / "tests"
    # The benches are scripts too, each of which finds its neighbours beside itself.
    files = [f for f in tests.rglob("*.py") if f.relative_to(tests).parts[0] != "perf"]
    neighbours = {file.stem for file in files} - OURS - sys.stdlib_module_names
    bare = [
        f"{file.relative_to(ROOT)}:{line} imports {name}"
        for file in files
        for name, line in imported(ast.parse(file.read_text("utf-8")))
        if name in neighbours
    ]
    loose = {file.parent for file in files if file.name.startswith(("test_", "conftest"))} - {
        file.parent for file in files if file.name == "__init__.py"
    }

    assert not bare
    assert not loose


def test_no_backend_reads_the_oracle() -> None:
    readers = [
        where
        for package in ("models", "resources")
        for path, tree in sources(package)
        for name, line in imported(tree)
        if name.startswith("models.studio.oracle")
        # What trains judges and tries them is no backend, and none may import it (below).
        and not {"studio", "studio_lessons"} & set(path.parts)
        for where in [f"{path}:{line}"]
    ]
    assert not readers


def test_only_itself_imports_what_makes_lessons_of_the_oracle() -> None:
    users = [
        f"{path}:{line}"
        for package in ("models", "resources")
        for path, tree in sources(package)
        for name, line in imported(tree)
        if name.startswith("models.judge.studio_lessons") and "studio_lessons" not in path.parts
    ]
    assert not users


def loaded_after(statement: str, tmp_path: Path) -> set[str]:
    """The top-level modules that a fresh interpreter holds after a statement."""
    code = f"import sys; {statement}; print(*sorted({{m.partition('.')[0] for m in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_definitions_load_nothing_heavy(tmp_path: Path) -> None:
    loaded = loaded_after("import imgedit_assets.definitions", tmp_path)
    assert "dagster" in loaded
    assert loaded.isdisjoint({*HEAVY, "polars", "numpy", "cv2", "scipy", "pyarrow"})


def test_the_command_line_starts_without_dagster(tmp_path: Path) -> None:
    loaded = loaded_after("import imgedit_assets.cli", tmp_path)
    assert loaded.isdisjoint({*HEAVY, "dagster", "polars", "numpy", "cv2", "scipy"})


def test_everything_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked = [
        *project["dependencies"],
        *extras["models"],
        *extras["ultralytics"],
        *extras["cluster"],
    ]
    declared = {canonical_name(Requirement(line).name) for line in asked}
    brought_by = packages_distributions()
    undeclared = {
        f"{path} imports {name}"
        for package in sorted(OURS)
        for path, tree in sources(package)
        for name in {module.partition(".")[0] for module, _ in imported(tree)}
        if name not in OURS | sys.stdlib_module_names
        # A package that is not installed here cannot be asked for its distribution's name.
        and declared.isdisjoint(map(canonical_name, brought_by.get(name, [name])))
    }

    assert not undeclared
