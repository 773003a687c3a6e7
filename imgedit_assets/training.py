"""Bringing the profile's judges up to date: each variant is trained once for each state."""

import dagster as dg

from imgedit_assets.assets.judge import JUDGES, LESSONS
from imgedit_assets.judging.checkpoint import agreement_state, judge_training
from imgedit_assets.judging.corpus import can_teach, corpus_state, current_corpus
from imgedit_assets.making import STATE, made_of, make
from imgedit_assets.spans import Stretch
from imgedit_assets.wanted import Outcome
from resources.factory import Factory
from resources.profile_variants import variant_names


def run_judges(factory: Factory, instance: dg.DagsterInstance, outcome: Outcome) -> None:
    """Bring the corpus and the profile's judge variants up to date, of whatever pairs there are.

    Where a corpus is too small to learn from, nothing is trained: its page says why.

    Raises:
        KeyboardInterrupt: Dagster was interrupted; what was finished is kept.
    """
    variants = variant_names(factory.profile.judges)
    if not variants or outcome.failed_runs:
        return
    state = corpus_state(factory)
    made = all(made_of(instance, asset, state) for asset in LESSONS)
    if current_corpus(factory) is None or not made:
        stretch = Stretch(assets=frozenset(LESSONS), span=None)
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
