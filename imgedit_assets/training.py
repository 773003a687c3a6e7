"""Bringing the profile's judges and editors up to date: what is trained is not trained again."""

import dagster as dg

from imgedit_assets.assets.editor import EDITORS
from imgedit_assets.assets.judge import CORPUS, JUDGES
from imgedit_assets.editing.checkpoint import current_editor, editor_stages
from imgedit_assets.editing.choosing import NothingToLearnError
from imgedit_assets.judging.agreement_report import agreement_of
from imgedit_assets.judging.checkpoint import (
    agreement_state,
    current_checkpoint,
    judge_training,
)
from imgedit_assets.judging.corpus import can_teach, corpus_state, current_corpus
from imgedit_assets.making import STATE, made_of, make
from imgedit_assets.spans import Stretch
from imgedit_assets.wanted import Outcome
from models.faults import ImgEditError
from resources.factory import Factory
from resources.learners import MissingPackageError, lacking_package
from resources.profile_variants import variant_names


def run_judges(
    factory: Factory,
    instance: dg.DagsterInstance,
    outcome: Outcome,
    *,
    only_missing: bool = False,
) -> None:
    """Bring the corpus and the profile's judge variants up to date, of whatever pairs there are.

    Where a corpus is too small to learn from, nothing is trained: its page says why.

    Args:
        factory: Store and profile.
        instance: Of Dagster.
        outcome: Where what failed is noted.
        only_missing: Leave alone what was ever trained and tried, and the corpus that is there.

    Raises:
        KeyboardInterrupt: Dagster was interrupted; what was finished is kept.
    """
    variants = variant_names(factory.profile.judges)
    if only_missing:
        variants = tuple(v for v in variants if not _is_tried(factory, v))
    if not variants or outcome.failed_runs:
        return
    state, there = corpus_state(factory), current_corpus(factory)
    if there is None or not (only_missing or made_of(instance, CORPUS, state)):
        stretch = Stretch(assets=frozenset({CORPUS}), span=None)
        make(factory, instance, [[stretch]], outcome, tags={STATE: state})
    corpus = current_corpus(factory)
    if corpus is None or outcome.failed_runs or not can_teach(factory, corpus):
        return
    for variant in variants:
        training = judge_training(factory, variant, corpus)
        state = agreement_state(factory, training)
        made = all(made_of(instance, asset, state, partition=variant) for asset in JUDGES)
        if not (made and training.is_current):
            stretch = Stretch(assets=frozenset(JUDGES), span=(variant, variant))
            make(factory, instance, [[stretch]], outcome, tags={STATE: state})
    factory.renew("judge")


def _is_tried(factory: Factory, variant: str) -> bool:
    """Whether a variant has a checkpoint, and an agreement."""
    trained = current_checkpoint(factory, variant) is not None
    return trained and bool(agreement_of(factory.home, variant))


def run_editors(
    factory: Factory,
    instance: dg.DagsterInstance,
    outcome: Outcome,
    *,
    only_missing: bool = False,
) -> None:
    """Bring the profile's editor variants up to date, of whatever pairs there are.

    One that cannot be trained here for a package that is not installed, or has nothing to learn
    from, is left out with a note; one whose section is of no use, as an error.

    Args:
        factory: Store and profile.
        instance: Of Dagster.
        outcome: Where what failed, and what was left out, is noted.
        only_missing: Leave alone what was ever trained.

    Raises:
        KeyboardInterrupt: Dagster was interrupted; what was finished is kept.
    """
    if outcome.failed_runs:
        return
    for variant in variant_names(factory.profile.editors):
        if not factory.profile.editors[variant].in_run:
            continue
        if only_missing and current_editor(factory, variant):
            continue
        try:
            stages = editor_stages(factory, variant)
        except (MissingPackageError, NothingToLearnError) as error:
            outcome.notes.append(f"the editor {variant} is not trained: {error}")
            continue
        except ImgEditError as error:
            outcome.errors.append(str(error))
            continue
        state = stages.editor.version
        made = all(made_of(instance, asset, state, partition=variant) for asset in EDITORS)
        if not (made and stages.are_current):
            stretch = Stretch(assets=frozenset(EDITORS), span=(variant, variant))
            make(factory, instance, [[stretch]], outcome, tags={STATE: state})


def unready_editors(factory: Factory) -> set[str]:
    """The benchmark's editors that are trained here and cannot be asked yet."""
    entries = [entry for entry in factory.profile.benchmark.editors if entry.trained]
    lacking = bool(entries) and bool(lacking_package())
    return {e.name for e in entries if lacking or current_editor(factory, e.trained) is None}
