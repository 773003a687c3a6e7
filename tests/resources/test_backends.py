"""Classes that a profile names: known before they are called, and never made by looking."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from imgedit_assets.cli.app import app
from models.chat.chat_model import ChatModel
from resources.backends import BACKENDS, CHATS, BackendError, check_roles, uses_host
from resources.conformance import shortcomings
from resources.doctor import Finding, examine
from resources.factory import Factory
from resources.home import Home
from resources.profile import load_profile
from resources.roles import PROTOCOLS, Judge

OWN = """
from pathlib import Path
Path("{folder}/imported").touch()

class Mine:
    name, version = "mine", "1"

    def __init__(self, strictness: float = 1.0) -> None:
        Path("{folder}/made").touch()

    def setup(self): ...
    def params(self): return {{}}
    def judge(self, requests): return []

class Lacking(Mine):
    version = 1
    setup = None
    def judge(self): return []

class Waiting(Mine):
    async def judge(self, requests): return []

class Metaclass(type):
    def __getattribute__(cls, name): raise SystemExit(name)

class Guarded(Mine, metaclass=Metaclass): ...

def factory(**anything): return Mine()

def __getattr__(name): raise {error}("at " + name)
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with modules of somebody's own, which leave a file when they are run."""
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path / "home"))
    monkeypatch.syspath_prepend(str(tmp_path))
    text = OWN.format(folder=tmp_path, error="RuntimeError")
    (tmp_path / "own_backends.py").write_text(text)
    (tmp_path / "leaving.py").write_text("raise SystemExit('three\\nlines\\nof it')\n")
    (tmp_path / "odd.py").write_text("class Odd(BaseException): ...\nraise Odd()\n")
    yield tmp_path
    for name in ("own_backends", "leaving", "odd"):
        sys.modules.pop(name, None)


def profile_of(folder: Path, text: str) -> str:
    file = folder / "mine.toml"
    file.write_text(f'name = "mine"\n{text}\n')
    return str(file)


def found(profile: str, name: str) -> Finding:
    return next(each for each in examine(profile) if each.name == name)


@pytest.mark.parametrize(
    ("path", "protocol"),
    [
        *((path, PROTOCOLS[role]) for role in BACKENDS for path in BACKENDS[role].values()),
        *((path, ChatModel) for path in CHATS.values()),
    ],
)
def test_every_backend_satisfies_its_protocol(path: str, protocol: type[Any]) -> None:
    module, _, name = path.partition(":")
    __import__(module)
    assert shortcomings(getattr(sys.modules[module], name), protocol) == []


def test_every_role_has_a_protocol() -> None:
    assert PROTOCOLS.keys() == BACKENDS.keys()


def test_a_class_is_asked_for_each_part_of_its_protocol() -> None:
    class Whole:
        name: str
        version: str

        def setup(self) -> None: ...

        def params(self) -> Mapping[str, object]: ...

        def judge(self, requests: Sequence[Any], *, fast: bool = False) -> list[Any]: ...

    class Derived(Judge): ...

    assert shortcomings(Whole, Judge) == []
    every = ["it has no name, version, setup(), params(), judge()"]
    assert shortcomings(subprocess.Popen, Judge) == every
    assert shortcomings(Derived, Judge) == every
    assert shortcomings(Judge, Judge) == every
    assert shortcomings(Whole(), Judge) == ["it is no class"]


@pytest.mark.parametrize(
    ("backend", "says"),
    [
        (
            "subprocess:Popen",
            r"no Judge: it has no name, version, setup\(\), params\(\), judge\(\)",
        ),
        ("os:system", "is no Judge: it is no class"),
        ("models.judge:metric", "models.judge:metric"),
        ("models.paint.classical:ClassicalPainter", r"is no Judge: it has no judge\(\)"),
        ("own_backends:factory", "is no Judge: it is no class"),
        ("own_backends:Path", "is no Judge: it has no version, setup"),
        ("own_backends:Waiting", r"judge\(\) is async"),
        ("own_backends:Guarded", "metaclass"),
        ("own_backends:absent", "cannot load own_backends:absent: RuntimeError: at absent"),
        (
            "own_backends:Lacking",
            r"its version is no text, its setup is no method, "
            r"its judge\(\) cannot be called as judge\(requests\)",
        ),
        ("leaving:Judge", "cannot load leaving:Judge: SystemExit: three lines of it"),
        ("odd:Judge", "cannot load odd:Judge: Odd: it does not say why"),
        ("no_such_module:Judge", "No module named 'no_such_module'"),
    ],
)
def test_what_is_no_backend_of_its_role_is_one_line(own: Path, backend: str, says: str) -> None:
    profile = profile_of(own, f'[roles.judge]\nbackend = "{backend}"\nargs = ["touch", "made"]')
    factory = Factory.open(Home.of(own / "home"), profile=profile)
    with pytest.raises(BackendError, match=says) as caught:
        factory.backend("judge")
    assert "[roles.judge]" in str(caught.value)
    assert "\n" not in str(caught.value)
    judge = found(profile, "judge")
    assert (judge.ok, judge.detail) == (False, str(caught.value))
    assert not (own / "made").exists()


@pytest.mark.parametrize("text", [":", "a:", ":b", "a:b.c", "a:b:c", "a b:c", ".a:B", "", "x\0:Y"])
def test_what_names_no_class_is_one_line_of_its_section(own: Path, text: str) -> None:
    escaped = text.replace("\0", "\\u0000")
    for section in ("roles.judge", "chats.mine"):
        profile = profile_of(own, f'[{section}]\nbackend = "{escaped}"')
        with pytest.raises(BackendError, match=rf"\[{section}\].* give 'module:Class'") as caught:
            Factory.open(Home.of(own / "home"), profile=profile)
        assert "\n" not in str(caught.value)


def test_a_chat_of_ones_own_satisfies_its_protocol_too(own: Path) -> None:
    text = '[chats.x]\nbackend = "subprocess:Popen"\nargs = ["touch", "made"]\n'
    profile = profile_of(own, f'{text}[roles.judge]\nbackend = "chat"\nchat = "x"')
    factory = Factory.open(Home.of(own / "home"), profile=profile)
    says = r"\[chats\.x\]: subprocess:Popen is no ChatModel: it has no name, params\(\), "
    with pytest.raises(BackendError, match=says):
        factory.chat("x")
    assert "is no ChatModel" in found(profile, "judge").detail
    assert not uses_host(factory.profile)


def test_looking_makes_nothing_and_names_alone_import_nothing(own: Path) -> None:
    profile = profile_of(own, '[roles.judge]\nbackend = "own_backends:Mine"\nstrictness = 2')
    check_roles(load_profile(profile))
    shown = CliRunner().invoke(app, ["status"], env={"IMGEDIT_PROFILE": profile})
    assert shown.exit_code == 0
    assert not (own / "imported").exists()
    assert found(profile, "judge") == Finding(
        name="judge", ok=True, detail="own_backends:Mine: mine 1"
    )
    assert not uses_host(load_profile(profile))
    assert (own / "imported").exists()
    assert not (own / "made").exists()
    factory = Factory.open(Home.of(own / "home"), profile=profile)
    assert factory.backend("judge").judge([]) == []
    assert (own / "made").exists()


def test_the_definitions_load_without_the_modules_of_a_profile(own: Path) -> None:
    profile = profile_of(own, '[roles.judge]\nbackend = "own_backends:Mine"')
    run = "import imgedit_assets.definitions"
    environment = {"PYTHONPATH": f"{own}:{Path.cwd()}", "IMGEDIT_PROFILE": profile}
    subprocess.run([sys.executable, "-c", run], env=environment, check=True, timeout=120)
    assert not (own / "imported").exists()


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ("strictnes = 1", "did you mean 'strictness'"),
        ("strictness = 'nan'", "strictness: give a finite number"),
        ("strictness = 'much'", "strictness: .*valid number"),
    ],
)
def test_what_does_not_fit_a_class_is_told_without_making_it(
    own: Path, section: str, says: str
) -> None:
    profile = profile_of(own, f'[roles.judge]\nbackend = "own_backends:Mine"\n{section}')
    with pytest.raises(BackendError, match=says):
        Factory.open(Home.of(own / "home"), profile=profile).backend("judge")
    assert not found(profile, "judge").ok
    assert not (own / "made").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[roles.detector]\nbackend = "sam3"\nweights = 5', "weights: give a text"),
        ('[roles.detector]\nbackend = "sam3"\nweights = "https://["', "weights: "),
        ('[roles.detector]\nbackend = "sam3"\nweights = "https://h/"', "names no file"),
        ('[roles.detector]\nbackend = "sam3"\nruntime = "cuda"', "runtime must be a table"),
        ('[roles.detector]\nbackend = "sam3"\nbatch_size = 0', "batch_size: give 1 or more"),
        ('[roles.detector]\nbackend = "sam3"\n', "weights"),
        ('[roles.editor]\nbackend = "flux2"\nsteps = -1', "steps: give 1 or more"),
        ('[roles.judge]\nbackend = "chat"\nchat = ["x"]', "chat: give a text"),
        ('[roles.judge]\nbackend = "chat"\nchat = "x"', "has no .chats.x."),
        (
            '[roles.painter]\nbackend = "workflows"\nerase = { workflow = ["sdxl"] }',
            "workflow = an array is none of",
        ),
    ],
)
def test_values_of_another_kind_are_one_line(own: Path, text: str, says: str) -> None:
    profile = profile_of(own, text)
    role = text.partition("]")[0].removeprefix("[roles.")
    finding = found(profile, role)
    assert not finding.ok
    assert re.search(says, finding.detail)
    assert "\n" not in finding.detail
