"""A trained judge: made from a corpus by a variant's recipe, and named by both."""

from collections.abc import Callable, Mapping
from pathlib import Path

from imgedit_assets.artefacts.checkpoint import Training
from imgedit_assets.artefacts.publishing import collection_id
from imgedit_assets.judging.balance import problems
from imgedit_assets.judging.corpus import CORPUS, corpus_lessons
from resources.factory import Factory
from resources.recipes import digest
from resources.releases.latest import content_of, latest_of


def _silent(line: str) -> None:
    del line


def judge_training(
    factory: Factory, variant: str, corpus: Path, *, tell: Callable[[str], None] = _silent
) -> Training:
    """The training of a variant of [judges]; nothing is loaded.

    Args:
        factory: Store and profile.
        variant: Its name.
        corpus: The folder of the corpus that it learns from.
        tell: Is told how the training goes.

    Raises:
        ImgEditError: The variant cannot be made.
    """
    learner, origins = factory.learner(variant), factory.profile.judges[variant].data

    def learn(folder: Path) -> Mapping[str, float]:
        lessons = corpus_lessons(factory, corpus, origins)
        for line in problems(lessons.cards):
            tell(line)
        # For a network it is one that the run has leased.
        device = factory.devices[0].name
        return learner.learn(lessons, folder, tell=tell, device=device)

    return Training(
        home=factory.home,
        shelf=factory.home.judges,
        variant=variant,
        learner=learner,
        data=[str(origin) for origin in origins],
        content=(content_of(corpus),),
        learn=learn,
        parent_ids=(collection_id(CORPUS, factory.home.address(corpus), content_of(corpus)),),
    )


def current_checkpoint(factory: Factory, variant: str) -> Path | None:
    """The checkpoint of a variant that was trained last; None before the first."""
    return latest_of(factory.home.judges / variant)


def agreement_state(factory: Factory, training: Training) -> str:
    """Changes with whatever a variant's checkpoint and its agreement are made of."""
    accept = factory.profile.accept
    return digest(training.version, f"{accept.max_bad_frac} {accept.bad_confidence}")
