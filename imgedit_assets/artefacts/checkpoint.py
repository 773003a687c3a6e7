"""A trained checkpoint as an artefact: named by a variant's recipe and by what it is trained on."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from imgedit_assets.artefacts.publishing import (
    Artefact,
    Finding,
    collection_id,
    content_id,
    no_proof,
)
from resources.home import Home
from resources.recipes import canonical_json
from resources.releases.checksums import Digests, sha256_of
from resources.releases.latest import latest_of

CHECKPOINT = "checkpoint"

FIGURES, FACTS = "figures.json", "trained_on.json"
"""In a checkpoint's folder: what came of its training; its recipe, and what it learnt from."""

UNFINISHED = "training"
"""Under the home: what a killed training left, which the next one continues."""


class Kind(Protocol):
    """A learner, as far as it names what it makes."""

    @property
    def kind(self) -> str:
        """Its name in a profile."""

    @property
    def version(self) -> str:
        """Raised by hand when it makes something else of the same."""

    def params(self) -> Mapping[str, object]:
        """The parameters that it was made with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """A variant's checkpoint, trained or not."""

    home: Home
    shelf: Path
    """Where checkpoints of all variants stand, a folder for each."""
    variant: str
    learner: Kind
    data: object
    """What the recipe says of the data, as JSON has it."""
    content: tuple[str, ...]
    """Names by content what is learnt from."""
    learn: Callable[[Path], Mapping[str, float]]
    """Trains into a folder, where a killed training is continued; gives figures by name."""
    row_ids: tuple[str, ...] = ()
    parent_ids: tuple[str, ...] = ()
    """The collections that it is made from."""
    facts: Mapping[str, object] = field(default_factory=dict)
    """What is told of the data beside their recipe."""
    kind: str = CHECKPOINT

    @property
    def recipe(self) -> dict[str, object]:
        """How it is trained."""
        return {
            "kind": self.learner.kind,
            "version": self.learner.version,
            "params": dict(self.learner.params()),
            "data": self.data,
        }

    @property
    def version(self) -> str:
        """The same recipe on the same data has the same."""
        return content_id(self.kind, canonical_json(self.recipe), *self.content)

    @property
    def folder(self) -> Path:
        """Where it stands once it is trained."""
        return self.shelf / self.variant / f"{self.variant}-{self.version}"

    @property
    def collection_id(self) -> str:
        """Its record's."""
        return collection_id(self.kind, self.home.address(self.folder), self.version)

    @property
    def is_current(self) -> bool:
        """Whether training now would give the checkpoint that is there."""
        return latest_of(self.folder.parent) == self.folder

    def artefact(self) -> Artefact[Finding]:
        """What `publish` brings into its place; it is trained when it is written."""
        return Artefact(
            kind=self.kind,
            shelf=str(self.folder.parent.relative_to(self.home.folder)),
            name=self.variant,
            version=self.version,
            row_ids=self.row_ids,
            parent_ids=self.parent_ids,
            write=self._write,
            prove=no_proof,
        )

    def _write(self, root: Path, digests: Digests) -> None:
        """Train beside, then bring over what belongs: nothing whose name begins with a dot."""
        work = self.home.folder / UNFINISHED / self.folder.name
        work.mkdir(parents=True, exist_ok=True)
        figures = self.learn(work)
        for path in sorted(work.rglob("*")):
            inside = path.relative_to(work)
            if path.is_file() and not any(part.startswith(".") for part in inside.parts):
                (root / inside).parent.mkdir(parents=True, exist_ok=True)
                _same(path, root / inside)
                digests.add(root / inside, sha256_of(root / inside))
        said = {"recipe": self.recipe, **self.facts}
        for name, values in ((FIGURES, dict(figures)), (FACTS, said)):
            digests.write(name, json.dumps(values, indent=1).encode())
        shutil.rmtree(work)


def _same(file: Path, place: Path) -> None:
    """The same file at another place as well; where no link can be, a copy."""
    try:
        place.hardlink_to(file)
    except OSError:
        shutil.copyfile(file, place)


def figures_of(checkpoint: Path) -> dict[str, float]:
    """The figures of its training, by name."""
    figures: dict[str, float] = json.loads((checkpoint / FIGURES).read_text("utf-8"))
    return figures


def facts_of(checkpoint: Path) -> dict[str, Any]:
    """Its recipe under `recipe`, and what is told of its data."""
    facts: dict[str, Any] = json.loads((checkpoint / FACTS).read_text("utf-8"))
    return facts
