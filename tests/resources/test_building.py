"""Backends made from sections of a profile."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from models.edit.editor import Editor, EditRequest
from models.geometry import Rgb
from models.hosting import Host, SoloHost
from models.runtime import Runtime
from models.weights import CheckpointError, Weights
from resources.building import Builder, BuildError, needs_host
from resources.checkpoints import Checkpoints


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A backend with every kind of field."""

    weights: Weights
    head: Weights | None = None
    host: Host
    runtime: Runtime = field(default_factory=Runtime)
    threshold: float = 0.5
    sizes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OfEditor:
    """A backend that holds another."""

    editor: Editor

    def edit(self, requests: Sequence[EditRequest]) -> list[Rgb]:
        return [request.image for request in requests]


@pytest.fixture
def builder(tmp_path: Path) -> Builder:
    (tmp_path / "zoo" / "clip").mkdir(parents=True)
    (tmp_path / "zoo" / "clip" / "config.json").write_text("{}")
    return Builder(
        checkpoints=Checkpoints(home=tmp_path),
        host=SoloHost(),
        runtime=Runtime(dtype="float16", compile=True),
        chat=lambda name: name,
        more={},
    )


def test_fields_are_filled_by_their_types(builder: Builder) -> None:
    section = {"weights": "zoo:clip", "threshold": 0.7, "sizes": [1, 2]}
    made = builder.build(Network, section | {"runtime": {"compile": False, "loras": ["x@0.5"]}})
    assert made.host is builder.host
    assert made.weights.path == builder.checkpoints.zoo / "clip"
    assert made.head is None
    assert made.runtime == Runtime(dtype="float16", compile=False, loras=("x@0.5",))
    assert (made.threshold, made.sizes) == (0.7, (1, 2))
    assert hash(made.weights) == hash(builder.checkpoints.find("zoo:clip"))


def test_a_misspelt_key_is_refused_with_the_nearest_one(builder: Builder) -> None:
    with pytest.raises(BuildError, match="no key 'treshold': did you mean 'threshold'"):
        builder.build(Network, {"weights": "zoo:clip", "treshold": 0.7})
    with pytest.raises(BuildError, match="no key 'dtyp': did you mean 'dtype'"):
        builder.build(Network, {"weights": "zoo:clip", "runtime": {"dtyp": "float32"}})


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({"threshold": "high"}, "threshold: .*valid number.*'high'"),
        ({"sizes": [1, "x"]}, r"sizes\.1: .*valid integer"),
        ({"runtime": {"dtype": "bf16"}}, r"runtime\.dtype: .*'bfloat16'.*'bf16'"),
    ],
)
def test_a_value_of_another_kind_is_refused(
    builder: Builder, section: dict[str, object], says: str
) -> None:
    with pytest.raises(BuildError, match=says):
        builder.build(Network, {"weights": "zoo:clip", **section})


def test_a_missing_key_is_named(builder: Builder) -> None:
    with pytest.raises(BuildError, match="weights"):
        builder.build(Network, {})


def test_a_part_that_does_not_exist_lists_those_that_do(builder: Builder) -> None:
    with pytest.raises(BuildError, match=r"'flux9' is none of .*flux2"):
        builder.build(OfEditor, {"editor": {"backend": "flux9"}})


def test_what_loads_models_is_known_beforehand() -> None:
    assert needs_host(Network)
    assert needs_host(OfEditor)
    assert not needs_host(SoloHost)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("zoo:absent", "imgedit zoo"),
        ("/nowhere/at/all", "no checkpoint at"),
        ("not a name", "no hub repository"),
    ],
)
def test_a_checkpoint_that_is_not_there_says_what_to_do(
    builder: Builder, name: str, says: str
) -> None:
    with pytest.raises(CheckpointError, match=says):
        builder.checkpoints.find(name)
