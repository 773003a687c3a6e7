"""What the study compares: the variants of each data filter, as far as they are scored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from benchmark.statistics.bootstrap import Estimate
from imgedit_assets.artefacts.checkpoint import facts_of
from imgedit_assets.editing.checkpoint import current_editor
from imgedit_assets.graph import stage_of
from imgedit_assets.harness import is_up_to_date
from imgedit_assets.leaderboard import COLUMNS, unmarked
from imgedit_assets.stages.verdicts import verdicts
from resources.factory import Factory
from resources.recipes import canonical_json
from resources.schema import BenchmarkOutput, BenchmarkScore, Partition


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One data filter on one suite."""

    name: str
    suite: str
    rows: pl.DataFrame
    """Of `benchmark_scores`, all seeds."""
    overall: Estimate
    by_seed: tuple[float, ...]
    facts: Mapping[str, float]
    """What its checkpoints say of their pairs, the mean over them."""


@dataclass(frozen=True)
class Arms:
    """The study's variants, as far as they are trained and scored."""

    factory: Factory

    @cached_property
    def _declared(self) -> dict[str, str]:
        """Each variant, with what it learns from in words."""
        profile = self.factory.profile
        return {
            name: profile.editors[name].data_in_words for name in profile.filtering_study.variants
        }

    @cached_property
    def _suites(self) -> tuple[str, ...]:
        return self.factory.profile.benchmark.keys["suite"]

    @cached_property
    def _benched(self) -> dict[str, str]:
        """The benchmark's name of each variant that it has."""
        entries = self.factory.profile.benchmark.editors
        return {entry.trained: entry.name for entry in entries if entry.trained}

    @cached_property
    def _trained(self) -> dict[str, dict[str, Any]]:
        """What the checkpoints of variants say, of those that there are."""
        folders = {name: current_editor(self.factory, name) for name in self._declared}
        return {name: facts_of(folder) for name, folder in folders.items() if folder}

    @cached_property
    def _scored(self) -> list[tuple[str, str]]:
        """Suites and variants whose outputs are those of the checkpoint that is there."""
        heads = {head.partition for head in self.factory.store.heads(BenchmarkScore.TABLE)}
        found = []
        for suite in self._suites:
            for variant in self._trained.keys() & self._benched.keys():
                place = Partition.of(BenchmarkOutput, editor=self._benched[variant], suite=suite)
                if place.key in heads and is_up_to_date(stage_of(self.factory, place)):
                    found.append((suite, variant))
        return found

    def missing(self) -> list[str]:
        """What the study lacks, a line each."""
        said = []
        for variant in self._declared:
            lacking = [suite for suite in self._suites if (suite, variant) not in self._scored]
            if variant not in self._trained:
                said.append(f"{variant}: not trained yet")
            elif variant not in self._benched:
                said.append(f"{variant}: not among [[benchmark.editors]]")
            elif lacking:
                said.append(f"{variant}: not scored yet on {', '.join(lacking)}")
        recipes = (self.factory.profile.editors[name] for name in self._declared)
        alike = {canonical_json({**v.params, "kind": v.kind, "seed": 0}) for v in recipes}
        if len(alike) > 1:
            said.append("variants that differ in more than their pairs and seed prove nothing")
        return said

    def each(self) -> list[Arm]:
        """Every data filter on every suite that there are verdicts on, as the profile has them."""
        store = self.factory.store
        frame = unmarked(store, store.frame(BenchmarkScore.TABLE, COLUMNS))
        return [
            self._arm(name, frame.filter(suite=suite), suite, variants)
            for suite in self._suites
            for name in dict.fromkeys(self._declared.values())
            if (
                variants := [
                    variant
                    for variant, words in self._declared.items()
                    if words == name and (suite, variant) in self._scored
                ]
            )
        ]

    def _arm(self, name: str, rows: pl.DataFrame, suite: str, variants: Sequence[str]) -> Arm:
        names = [self._benched[variant] for variant in variants]
        rows = rows.filter(pl.col("editor").is_in(names))
        each = (verdicts(rows.filter(editor=name)).macro.mean for name in names)
        return Arm(
            name=name,
            suite=suite,
            rows=rows,
            overall=verdicts(rows).macro,
            by_seed=tuple(mean for mean in each if mean is not None),
            facts=_means([self._trained[variant] for variant in variants]),
        )


def _means(facts: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The means of what is a number in all of some facts."""
    shared = [k for k in facts[0] if all(isinstance(f.get(k), int | float) for f in facts)]
    return {key: sum(f[key] for f in facts) / len(facts) for key in shared}
