"""A trained judge as an artefact: made from a corpus by a variant's recipe, and named by both."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from imgedit_assets.artefacts.publishing import Artefact, Finding, content_id, no_proof
from imgedit_assets.judging.balance import problems
from imgedit_assets.judging.corpus import CORPUS, corpus_lessons
from models.judge.learner import Learner
from resources.factory import Factory
from resources.recipes import canonical_json, digest
from resources.releases.checksums import Digests, sha256_of
from resources.releases.latest import latest_of

CHECKPOINT = "checkpoint"

FIGURES = "figures.json"

_UNFINISHED = "training"
"""Under the home: what a killed training left, which the next one continues."""


def checkpoint_artefact(
    factory: Factory, variant: str, corpus: Path, *, tell: Callable[[str], None]
) -> Artefact[Finding]:
    """A variant's checkpoint as an artefact; it is trained when it is written.

    Args:
        factory: Store and profile.
        variant: A section of [judges].
        corpus: The folder of the corpus that it learns from.
        tell: Is told how the training goes.

    Raises:
        ImgEditError: The variant cannot be made.
    """
    learner = factory.learner(variant)
    version = _version(factory, learner, variant, corpus)
    training = _Training(
        factory=factory,
        learner=learner,
        variant=variant,
        corpus=corpus,
        version=version,
        tell=tell,
    )
    return Artefact(
        kind=CHECKPOINT,
        shelf=f"{factory.home.judges.name}/{variant}",
        name=variant,
        version=version,
        row_ids=(),
        parent_ids=(digest(CORPUS, str(corpus.resolve()), _content(corpus)),),
        write=training.write,
        prove=no_proof,
    )


def current_checkpoint(factory: Factory, variant: str) -> Path | None:
    """The checkpoint of a variant that was trained last; None before the first."""
    return latest_of(factory.home.judges / variant)


def is_current(factory: Factory, variant: str, corpus: Path) -> bool:
    """Whether training now would give the checkpoint that is there."""
    found = current_checkpoint(factory, variant)
    learner = factory.learner(variant)
    return found is not None and _content(found) == _version(factory, learner, variant, corpus)


def agreement_state(factory: Factory, variant: str, corpus: Path) -> str:
    """Changes with whatever a variant's checkpoint and its agreement are made of."""
    accept = factory.profile.accept
    bound = f"{accept.max_bad_frac} {accept.bad_confidence}"
    return digest(_version(factory, factory.learner(variant), variant, corpus), bound)


def _content(folder: Path) -> str:
    """What the name of an artefact's folder says of its content."""
    return folder.name.rpartition("-")[2]


def _version(factory: Factory, learner: Learner, variant: str, corpus: Path) -> str:
    recipe = {
        "kind": learner.kind,
        "version": learner.version,
        "params": dict(learner.params()),
        "data": [str(origin) for origin in factory.profile.judges[variant].data],
    }
    return content_id(CHECKPOINT, canonical_json(recipe), _content(corpus))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Training:
    """What a checkpoint is made of."""

    factory: Factory
    learner: Learner
    variant: str
    corpus: Path
    version: str
    tell: Callable[[str], None]

    def write(self, root: Path, digests: Digests) -> None:
        """Train beside, where a killed training is continued, then copy what belongs.

        Raises:
            ImgEditError: Nothing can be learnt from these lessons.
        """
        origins = self.factory.profile.judges[self.variant].data
        lessons = corpus_lessons(self.factory, self.corpus, origins)
        for line in problems(lessons.cards):
            self.tell(line)
        work = self.factory.home.folder / _UNFINISHED / f"{self.variant}-{self.version}"
        work.mkdir(parents=True, exist_ok=True)
        # For a network it is one that the run has leased.
        device = self.factory.devices[0].name
        figures = self.learner.learn(lessons, work, tell=self.tell, device=device)
        for path in sorted(work.rglob("*")):
            inside = path.relative_to(work)
            if path.is_file() and not any(part.startswith(".") for part in inside.parts):
                (root / inside).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, root / inside)
                digests.add(root / inside, sha256_of(root / inside))
        digests.write(FIGURES, json.dumps(dict(figures), indent=1).encode())
        shutil.rmtree(work)
