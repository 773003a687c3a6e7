"""EditReward (Wu et al. 2025): a Qwen2.5-VL that answers with numbers, not words.

A special token ends each of two questions; from what the model holds there one head computes the
mean and the logarithm of the spread of a reward. The numbers have a scale of their own, about -3 to
2: a calibration of the profile, points (reward, grade), says what they are worth from 1 to 5. The
grade is the calibration's mean over the normal distribution that was answered, so that an unsure
answer is drawn to the middle.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.batches import in_batches
from models.chat.chat_model import Message
from models.chat.pictures import fitted
from models.chat.processing import processor_of
from models.chat.prompts import prompt_file, wording
from models.faults import Fault, ImgEditError, Reason
from models.hosting import Host
from models.judge.judgement import Judgement, JudgeRequest
from models.judge.trial import try_judge
from models.judge.vlm.reward_model import HEADS, RewardSpec, rewards
from models.recorded import Recorded, recorded
from models.runtime import Runtime
from models.weights import Weights

if TYPE_CHECKING:
    import torch

_PROMPT = ("models.judge.vlm", "reward.toml")
_SLOT = "<instruction>"
_NODES, _SHARES = np.polynomial.hermite_e.hermegauss(9)


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardJudge(Recorded):
    """EditReward: its weights, the model that it was made from, and what its numbers are worth."""

    version = "1"
    unrecorded = MappingProxyType({"trial": "a judge that passes answers alike without it"})

    weights: Weights
    """A folder with `model.safetensors`: the whole model with its heads."""
    base: Weights
    """What it was made from: its configuration and its processor."""
    host: Host
    runtime: Runtime = field(default_factory=Runtime)
    following: tuple[tuple[float, float], ...] = ((-3.0, 1.0), (2.0, 5.0))
    """Points (reward, grade) of adherence and preservation, the rewards ascending; linear between
    them, flat beyond."""
    quality: tuple[tuple[float, float], ...] = ((-3.0, 1.0), (2.0, 5.0))
    """The same of quality."""
    words: Mapping[str, str] = field(default_factory=dict)
    """The publishers' texts of "following" and "quality", each with the slot `<instruction>`."""
    pixels: int = 200_704
    """Of each image, as it was trained: 256 tokens of 28 x 28 px."""
    batch_size: int = 8
    trial: bool = True
    """Whether it must tell good edits from others before it is asked about any."""

    def __post_init__(self) -> None:
        """Refuse a calibration that is none."""
        for name in ("following", "quality"):
            points = np.asarray(getattr(self, name), float)
            if points.ndim != 2 or len(points) < 2 or (np.diff(points[:, 0]) <= 0).any():
                msg = f"{name}: give points [reward, grade] with ascending rewards"
                raise ValueError(msg)

    @property
    def name(self) -> str:
        """The checkpoint's name."""
        return f"reward {self.weights.name}"

    def setup(self) -> None:
        """Load the model, and see whether it can judge.

        Raises:
            ImgEditError: A text has no slot, tensors are missing, or it cannot put known edits in
                order.
        """
        if lacking := [name for name in self.words if _SLOT not in self.words[name]]:
            msg = f"words: the text of {lacking[0]} needs the slot {_SLOT}"
            raise ImgEditError(msg)
        if self.trial:
            try_judge(self.name, self.judge)

    def params(self) -> Mapping[str, object]:
        """All that changes an answer, and the wording."""
        return recorded(self) | {"wording": wording((_PROMPT,))}

    def judge(self, requests: Sequence[JudgeRequest]) -> list[Judgement | Fault]:
        """One verdict for each pair, before the cap is applied."""
        return in_batches(requests, self._judged, size=self.batch_size)

    def _judged(self, requests: Sequence[JudgeRequest]) -> list[Judgement | Fault]:
        spec = RewardSpec(weights=self.weights, base=self.base, runtime=self.runtime)
        with self.host.use(spec) as loaded:
            answers = [
                rewards(loaded, self._inputs(requests, question), head)
                for head, question in zip(HEADS, ("following", "quality"), strict=True)
            ]
        return [self._verdict(*pair) for pair in zip(*answers, strict=True)]

    def _inputs(
        self, requests: Sequence[JudgeRequest], question: str
    ) -> "Mapping[str, torch.Tensor]":
        processor = processor_of(self.base)
        words = {**prompt_file(*_PROMPT), **self.words}[question].strip()
        chats = []
        for request in requests:
            images = [
                fitted(
                    image,
                    min_pixels=self.pixels,
                    max_pixels=self.pixels,
                    multiple=processor.multiple_px,
                )
                for image in (request.source, request.target)
            ]
            told = words.replace(_SLOT, request.instruction)
            chats.append((Message(role="user", parts=(*images, told)),))
        return processor.inputs(chats)

    def _verdict(
        self, following: NDArray[np.float64], quality: NDArray[np.float64]
    ) -> Judgement | Fault:
        if not np.isfinite((following, quality)).all():
            msg = "the model computed numbers that are not finite: try another dtype"
            return Fault(reason=Reason.BAD_REPLY, detail=msg)
        follows = expected_grade(following, self.following)
        (mean, spread), (look, look_spread) = (
            (float(answer[0]), float(np.exp(answer[1]))) for answer in (following, quality)
        )
        return Judgement(
            adherence=follows,
            quality=expected_grade(quality, self.quality),
            preservation=follows,
            reason=f"Rewards: following {mean:.2f} ± {spread:.2f}, quality {look:.2f} ± "
            f"{look_spread:.2f}.",
        )


def expected_grade(answer: NDArray[np.float64], points: Sequence[tuple[float, float]]) -> float:
    """The calibration's mean over a normal distribution, by Gauss and Hermite's nine nodes.

    Args:
        answer: Its mean, and the logarithm of its standard deviation.
        points: The calibration.
    """
    at, worth = np.asarray(points, float).T
    grades = np.interp(answer[0] + np.exp(answer[1]) * _NODES, at, worth)
    return float(grades @ _SHARES / _SHARES.sum())
