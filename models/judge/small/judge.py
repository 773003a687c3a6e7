"""The small judge: it measures a pair as the metric judge does, but learnt what measures mean."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.drawing import is_drawing
from models.faults import Fault, FaultError
from models.judge.findings import BEST
from models.judge.judgement import Judgement, JudgeRequest
from models.judge.pair import MetricJudge, fitted
from models.judge.small.looks import Seen, seen
from models.judge.small.numbers import numbers
from models.judge.small.scale import LEVELS, mean_of
from models.judge.small.table import pooled
from models.judge.small.weights import SmallWeights
from models.judge.small.words import Reader
from models.judge.trial import trial_cases, try_judge
from models.weights import CheckpointError, fingerprint

Floats = NDArray[np.float32]
_AT_ONCE = 2
"""Pairs that are measured together."""
_DIGITS = 3
"""Decimals of a criterion: OpenCV's sums differ in the last bits with the number of threads."""
_TOLD = (
    ("changed_core", "{:.0%} of the subject changed"),
    ("harm", "change around it {:.2f} of its size"),
    ("old_share", "{:.2f} of the old content left"),
)


@dataclass(slots=True, kw_only=True)
class SmallJudge:
    """Trained on drawn scenes (`models.judge.small.learner`).

    A pair of two megapixels takes 0.07 s on one core. Of photographs, and of classes in which
    held-out sources did not show it to be the better one, the metric judge gives the verdict,
    which then says no probability.
    """

    folder: Path
    trial: bool = True
    """Whether `setup` tries it on edits of known worth."""

    name = "small"
    version = "1"

    _metric: MetricJudge = field(default_factory=MetricJudge, init=False, repr=False)
    _reader: Reader = field(default_factory=Reader, init=False, repr=False)
    _weights: SmallWeights | None = field(default=None, init=False, repr=False)

    def setup(self) -> None:
        """Load the weights and both networks.

        Raises:
            CheckpointError: The weights are damaged or of another architecture.
            UntrustworthyJudgeError: It cannot tell a good edit from none.
        """
        self._weights = SmallWeights.load(self.folder)
        self._metric.setup()
        self._reader.setup()
        known = measures(seen(trial_cases()[0][0]), self._reader)[0]
        if missing := set(self._weights.names) - set(known):
            message = (
                f"{self.folder} judges by {', '.join(sorted(missing))}, which are not measured "
                "any more: train it again"
            )
            raise CheckpointError(message)
        if self.trial:
            try_judge(f"{self.name} of {self.folder}", self.judge)

    def params(self) -> Mapping[str, object]:
        """The checkpoint."""
        return {"checkpoint": fingerprint(self.folder), "metric": self._metric.version}

    def judge(self, requests: Sequence[JudgeRequest]) -> list[Judgement | Fault]:
        """One verdict for each pair, before the cap is applied."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(self._judged, requests))

    def _judged(self, request: JudgeRequest) -> Judgement | Fault:
        assert self._weights is not None, "setup() comes first"
        asked = {operation.edit_type for operation in request.operations}
        try:
            if not asked <= self._weights.classes or not is_drawing(fitted(request).source):
                return self._metric.judge([request])[0]
            return self._verdict(seen(request))
        except FaultError as error:
            return error.fault

    def _verdict(self, pair: Seen) -> Judgement:
        assert self._weights is not None
        measured = measures(pair, self._reader)
        columns = [[row[name] for name in self._weights.names] for row in measured]
        one = np.zeros(len(measured), np.int32)
        at = np.array([look.at for look in pair.looks], np.int32)
        said = pooled(self._weights.trees.predict(np.array(columns, np.float32)), one, at)
        spread = self._weights.scale.spread(said)
        means = mean_of(spread)
        good = float(self._weights.scale.good_probability(said)[0])
        adherence, quality, preservation = (round(float(v), _DIGITS) for v in means[0])
        return Judgement(
            adherence=adherence,
            quality=quality,
            preservation=preservation,
            reason=_reason(good, spread[0], means[0], measured),
            good_probability=round(good, _DIGITS),
        )


def measures(pair: Seen, reader: Reader) -> list[dict[str, float]]:
    """All numbers of each look."""
    read = reader.read(pair.looks)
    return [numbers(look, pair) | r for look, r in zip(pair.looks, read, strict=True)]


def _reason(
    good: float, spread: Floats, means: Floats, measured: Sequence[Mapping[str, float]]
) -> str:
    """The probability, how sure each criterion is, and the measures that are easiest to see."""
    widths = np.sqrt(np.maximum(spread @ LEVELS**2 - (spread @ LEVELS) ** 2, 0))
    names = ("adherence", "quality", "preservation")
    sure = [f"{n} {m:.1f} ± {w:.1f}" for n, m, w in zip(names, means, widths, strict=True)]
    worst = min(measured, key=lambda row: row["changed_core"])
    facts = [words.format(max(0.0, worst[name])) for name, words in _TOLD]
    return f"good with {good:.0%}; {', '.join(sure)} of {BEST:g}; {', '.join(facts)}"
