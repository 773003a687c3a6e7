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
from models.edit_types.spec import *
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
        *(
            (LATER.format(name=name), "is no partition key; use lower-case")
            for name in ("Add|two", "add,two", "[add]", "", "two words", "add\n", "ünder")
        ),
        (LATER.format(name="a" * 65), "has 65 letters; 64 are the most"),
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
        (
            "regions=RegionRule(kind='objekt')",
            "regions.kind is 'objekt'; make it one of object, background, image, frames "
            r".did you mean 'object'",
        ),
        ("family='local'", r"family is 'local'; make it Family.LOCAL or .GLOBAL"),
        ("title=7", "title is 7; make it a str"),
        ("title=' '", "title is empty; write it"),
        ("regions=RegionRule(kind='object', count=0)", "regions.count is 0; make it 1 or more"),
        ("regions=RegionRule(kind='object', count=True)", "regions.count is True; make it an int"),
        (
            "regions=RegionRule(kind='object', max_area_frac=float('nan'))",
            "max_area_frac is nan; make it more than 0, 1 at most",
        ),
        ("regions=RegionRule(kind='object', min_gap_px=-1)", "min_gap_px is -1; make it 0"),
        ("steps=(Step(paint='erase'),)", r"steps.0..paint is 'erase'; make it PaintKind.ERASE or"),
        ("steps=(Step(paint=lambda: 1),)", r"steps.0..paint takes other than one argument"),
        ("steps=(Step(paint=PaintKind.ERASE, onto='sorce'),)", r"onto is 'sorce'.*mean 'source'"),
        ("steps=(Step(paint=PaintKind.ERASE, grow_px=-3),)", r"grow_px is -3; make it 0 or more"),
        ("steps=Step(paint=PaintKind.ERASE)", "steps is Step.*; make it a tuple, each a Step"),
        ("steps=('erase',)", r"steps.0. is 'erase'; make it a Step"),
        ("operations=('add', 3)", r"operations.1. is 3; make it a str"),
        ("operations=('add')", "operations is 'add'; make it a tuple, each a str"),
        ("benchmark_task=None", "benchmark_task is None; make it a str"),
        ("dialogue='memory'", "dialogue is 'memory'; make it a DialogueRule or None"),
        (
            "operations=('add',), dialogue=DialogueRule(ability=Ability.MEMORY, max_turns=1)",
            "its dialogues have 2 to 1 turns",
        ),
        ("rubric=replace(ADD.rubric, quality='')", "rubric.quality is empty; write it"),
        ("brief=replace(ADD.brief, vocabulary='own')", "brief.vocabulary is 'own'; make it Voc"),
        (
            "brief=replace(ADD.brief, templates=())",
            "brief.templates is ..; make it a mapping, each a tuple",
        ),
        (
            "brief=replace(ADD.brief, templates=ADD.brief.templates | {'loud': ('ADD',)})",
            "brief.templates's key is 'loud'; make it one of terse, plain, detailed",
        ),
        (
            "brief=replace(ADD.brief, templates=ADD.brief.templates | {'terse': ('Add {name',)})",
            r"'Add .name' has a bracket that is not closed",
        ),
        (
            "brief=replace(ADD.brief, templates=ADD.brief.templates | {'terse': ('[a|[b]]',)})",
            "has a bracket that is not closed, or one in another",
        ),
        ("brief=replace(ADD.brief, vocabulary=Vocabulary.OWN)", "the brief has no targets"),
        (
            "brief=replace(ADD.brief, targets=(Target(key='a', phrase='x'),) * 2)",
            "two targets have the key 'a'",
        ),
        (
            "brief=replace(ADD.brief, targets=(Target(key='a', phrase='x', look='shiny'),))",
            "target 'a' looks 'shiny'; the looks are red",
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
