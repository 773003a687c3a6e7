import subprocess
import sys
from pathlib import Path

import pytest

from models.edit_types.add import EDIT_TYPE as ADD
from models.edit_types.registry import ENTRY_POINT_GROUP, load_edit_types
from models.edit_types.spec import EditType
from models.faults import ImgEditError

LATER = """
from dataclasses import replace
from models.edit_types.add import EDIT_TYPE as ADD
EDIT_TYPE = replace(ADD, name={name!r})
"""


def put(folder: Path, file: str, text: str) -> Path:
    path = folder / file
    path.write_text(text, encoding="utf-8")
    return path


def test_the_thirteen_classes_are_built_in() -> None:
    assert list(load_edit_types()) == [
        "add",
        "alter",
        "background_change",
        "content_memory",
        "content_understanding",
        "hybrid",
        "motion_change",
        "object_extraction",
        "remove",
        "replace",
        "style_transfer",
        "version_backtracking",
        "visual_edit",
    ]


def test_a_folder_adds_types_after_the_built_in_ones_in_the_order_of_files(tmp_path: Path) -> None:
    put(tmp_path, "b_second.py", LATER.format(name="first_by_name"))
    put(tmp_path, "a_first.py", LATER.format(name="zoom"))
    put(tmp_path, "_draft.py", "this is not python")
    types = load_edit_types([tmp_path])
    assert list(types)[-2:] == ["zoom", "first_by_name"]
    assert list(types)[:-2] == list(load_edit_types())


def install(site: Path, monkeypatch: pytest.MonkeyPatch, *, entry: str, module: str) -> None:
    """Put a distribution with one entry point on the path, as an installer would."""
    info = site / "plugin-1.0.dist-info"
    info.mkdir()
    put(info, "METADATA", "Metadata-Version: 2.1\nName: plugin\nVersion: 1.0\n")
    put(info, "entry_points.txt", f"[{ENTRY_POINT_GROUP}]\n{entry}\n")
    put(site, "zoom_plugin.py", module)
    monkeypatch.syspath_prepend(site)


@pytest.mark.parametrize("entry", ["zoom = zoom_plugin", "zoom = zoom_plugin:EDIT_TYPE"])
def test_an_installed_package_adds_a_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    install(tmp_path, monkeypatch, entry=entry, module=LATER.format(name="zoom"))
    monkeypatch.delitem(sys.modules, "zoom_plugin", raising=False)
    assert list(load_edit_types())[-1] == "zoom"


def test_a_broken_entry_point_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, entry="zoom = no_such_module", module="")
    with pytest.raises(ImgEditError, match=r"entry point 'zoom'.*no_such_module.*uninstall"):
        load_edit_types()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def", "cannot be imported .SyntaxError"),
        ("import no_such_module", "cannot be imported .ModuleNotFoundError"),
        ("1 / 0", "cannot be imported .ZeroDivisionError"),
        ("x = 1", "exports no EDIT_TYPE; add"),
        ("EDIT_TYPE = 'add'", "exports no EDIT_TYPE; add"),
        (LATER.format(name="add"), "'add' is already declared by models/edit_types/add.py"),
        (LATER.format(name="Add|two"), "'Add|two' is no partition key; use lower-case"),
    ],
)
def test_a_file_that_declares_no_sound_type_is_named_with_the_remedy(
    tmp_path: Path, text: str, said: str
) -> None:
    file = put(tmp_path, "mine.py", text)
    with pytest.raises(ImgEditError, match=said) as caught:
        load_edit_types([tmp_path])
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("operations=('add', 'hybrid')", "operation 'hybrid' is no edit type that paints"),
        ("operations=('add', 'nothing')", "operation 'nothing' is no edit type"),
        ("steps=()", "neither steps nor operations"),
        (
            "brief=replace(ADD.brief, templates={'terse': ('Add {articel} {name}.',)})",
            r"no plain templates.*no detailed templates.*uses articel; the slots are .*article",
        ),
    ],
)
def test_an_unsound_declaration_is_refused(tmp_path: Path, change: str, said: str) -> None:
    unsound = LATER.replace("name={name!r}", f"name='unsound', {change}")
    put(tmp_path, "mine.py", unsound)
    with pytest.raises(ImgEditError, match=said):
        load_edit_types([tmp_path])


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImgEditError, match="gone: no such folder of edit types; create it"):
        load_edit_types([tmp_path / "gone"])


def test_types_cannot_be_added_behind_the_registry() -> None:
    types: dict[str, EditType] = load_edit_types()  # type: ignore[assignment]
    with pytest.raises(TypeError):
        types["more"] = ADD


def test_importing_the_registry_stays_light() -> None:
    code = (
        "import sys; from models.edit_types.registry import load_edit_types; load_edit_types();"
        "print([m for m in ('numpy', 'polars', 'cv2', 'pydantic', 'dagster') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
