"""The section [benchmark] of a profile: which editors are put through which suites, and who judges.

    [benchmark]
    epochs = 3

    [[benchmark.suites]]
    name = "studio-basic"

    [[benchmark.editors]]
    name = "half-done"
    editor = "oracle"
    args = { flaw = "leftover", degree = 0.5 }

    [benchmark.judge]
    judge = "chat"
    args = { model = "gpt-4.1", usd_per_m_input = 2, usd_per_m_output = 8 }

A list replaces the one of the profile below it whole. Suites, editors and judges, with their
arguments, are those of `imgedit bench ls`.
"""

from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

Args = dict[str, Any]

_KEY = r"^[a-z0-9][a-z0-9._-]*$"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class SuiteEntry(_Section):
    """A suite, or a fixed part of one."""

    name: str = Field(pattern=_KEY, description="its partition key")
    suite: str = Field("", description="which suite it is; empty where it is called so")
    data: str = Field("", description="the folder of a published suite")
    limit: str = Field(
        "", description="so many cases, a range `M-N`, or a share `0.1`; empty for all"
    )

    @property
    def kind(self) -> str:
        """The suite that it is, or is a part of."""
        return self.suite or self.name


class EditorEntry(_Section):
    """An editor with its arguments."""

    name: str = Field(pattern=_KEY, description="its partition key")
    editor: str = Field("", description="which editor it is; empty where it is called so")
    trained: str = Field(
        "", description="a variant of [editors], instead; empty where it is called so"
    )
    args: Args = Field(default_factory=dict, description="what the editor is made with")

    @property
    def kind(self) -> str:
        """The editor that it is."""
        return self.editor or self.name


class JudgeEntry(_Section):
    """A judge with its arguments."""

    judge: str = "metric"
    args: Args = Field(default_factory=dict, description="what the judge is made with")


class DetectorEntry(_Section):
    """A detector of edits with its arguments."""

    detector: str = "embedded"
    args: Args = Field(default_factory=dict, description="what the detector is made with")
    threshold: float = Field(
        0.5, ge=0, le=1, description="probability from which a picture counts as edited"
    )


Entry = TypeVar("Entry", SuiteEntry, EditorEntry)


class BenchmarkSettings(_Section):
    """What is put through what."""

    suites: tuple[SuiteEntry, ...] = ()
    editors: tuple[EditorEntry, ...] = ()
    judge: JudgeEntry = JudgeEntry()
    forensics: DetectorEntry = DetectorEntry()
    epochs: int = Field(3, ge=1, le=100, description="outputs of each case")
    seed: int = Field(0, description="each output has a seed of its own from it")
    trial: bool = Field(
        True, description="try the judge on edits of known worth before it is asked"
    )
    max_unscored_frac: float = Field(
        0.05, ge=0, le=1, description="largest share of an editor's outputs that lacks a verdict"
    )

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        for kind in (self.suites, self.editors):
            names = [entry.name for entry in kind]
            if twice := [name for name in names if names.count(name) > 1]:
                msg = f"{twice[0]!r} is there twice: give each a name of its own"
                raise ValueError(msg)
        return self

    @property
    def keys(self) -> dict[str, tuple[str, ...]]:
        """The partition keys on each axis."""
        return {
            "suite": tuple(entry.name for entry in self.suites),
            "editor": tuple(entry.name for entry in self.editors),
        }


def named(entries: tuple[Entry, ...], name: str) -> Entry:
    """The entry of a partition key.

    Raises:
        KeyError: The profile has none.
    """
    return {entry.name: entry for entry in entries}[name]
