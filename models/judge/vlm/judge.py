"""Judges that answer in lines with a grade: any vision-language model, and those trained here."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from models.chat.chat_model import ChatModel, ChatRequest
from models.chat.prompts import wording
from models.chat.vlm import LocalVlm
from models.faults import Fault, ImgEditError
from models.hosting import Host, SoloHost
from models.judge.judgement import Judgement, JudgeRequest
from models.judge.labels import GRADES
from models.judge.learner import RECIPE
from models.judge.trial import try_judge
from models.judge.vlm.lines import PROMPT, Lines, form_of, question, read_odds, read_text
from models.judge.vlm.passes import judged
from models.recorded import Recorded, recorded
from models.runtime import Runtime
from models.weights import Weights, base_at, fingerprint

Scores = Literal["text", "expected"]
"""The grades that were said, or the means by the odds of all five where each was said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesJudge(Recorded):
    """Grades pairs by what a model says in three lines: ImgEdit-Judge, or one trained here."""

    version = "1"
    unrecorded = MappingProxyType({"trial": "a judge that passes answers alike without it"})

    chat: ChatModel
    lines: Lines = "own"
    rubrics: Mapping[str, str] = field(default_factory=dict)
    """Official texts by the task of ImgEdit-Bench, for `lines = "imgedit"`; ours without."""
    scores: Scores = "text"
    passes: int = 1
    """How often each pair is judged; the mean counts. One pass is greedy."""
    temperature: float = 0.7
    """Of several passes."""
    seed: int = 0
    """Of the first pass; those after it count on."""
    max_tokens: int = 1024
    batch_size: int = 16
    """Pairs that are put to the model together."""
    trial: bool = True
    """Whether it must tell good edits from others before it is asked about any."""

    @property
    def name(self) -> str:
        """Which model answers."""
        return f"lines {self.chat.name}"

    def setup(self) -> None:
        """Load the model, and see whether it can judge.

        Raises:
            ImgEditError: It cannot put known edits in order, or cannot say its odds.
        """
        if self.scores == "expected" and not isinstance(self.chat, LocalVlm):
            msg = (
                f'scores = "expected" needs a model on a device here, not {self.chat.name}: '
                'use scores = "text"'
            )
            raise ImgEditError(msg)
        if self.trial:
            try_judge(self.name, self.judge)

    def params(self) -> Mapping[str, object]:
        """All that changes an answer, and the wording."""
        return recorded(self) | {"wording": wording((PROMPT,))}

    def judge(self, requests: Sequence[JudgeRequest]) -> list[Judgement | Fault]:
        """One verdict for each pair, before the cap is applied."""
        if self.scores == "expected" and isinstance(self.chat, LocalVlm):
            chat: ChatModel = _Watching(model=self.chat)
        else:
            chat = self.chat
        return judged(chat, requests, self._asked, self._read, passes=self.passes)

    def _asked(self, request: JudgeRequest, turn: int) -> ChatRequest:
        return ChatRequest(
            messages=(question(request, self.lines, self.rubrics),),
            reply=None,
            seed=self.seed + turn,
            max_tokens=self.max_tokens,
            temperature=self.temperature if self.passes > 1 else 0.0,
        )

    def _read(self, request: JudgeRequest, said: Any) -> Judgement:  # noqa: ANN401 - as `scores` says
        read = read_odds if self.scores == "expected" else read_text
        return read(said, form_of(request, self.lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImgEditJudge(LinesJudge):
    """ImgEdit-Judge: a Qwen2.5-VL-7B that answers with the labels of ImgEdit-Bench."""

    lines: Lines = "imgedit"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watching:
    """A local model whose answers come with the odds of the grades."""

    model: LocalVlm

    @property
    def name(self) -> str:
        return self.model.name

    def params(self) -> Mapping[str, object]:
        return self.model.params()

    def answer(self, requests: Sequence[ChatRequest]) -> list[Any | Fault]:
        return list(self.model.watch(requests, GRADES))


@dataclass(frozen=True, kw_only=True)
class QwenJudge:
    """A judge that `QwenLearner` trained: a folder with its recipe, and weights or an adapter."""

    folder: Path
    host: Host | None = None
    """Whose device it uses; its own on the first GPU, or on the processor, without."""

    version = "1"

    @property
    def name(self) -> str:
        """The base that it was made from."""
        return f"qwen_vl {Path(self._recipe['base']['source']).name}"

    def setup(self) -> None:
        """Load it, and see whether it can judge.

        Raises:
            ImgEditError: A part of it is missing, or it cannot put known edits in order.
        """
        if self._recipe["trial"]:
            try_judge(self.name, self.judge)

    def params(self) -> Mapping[str, object]:
        """The weights, wherever they lie and whatever stands beside them, and how it is asked."""
        files = sorted(self.folder.glob("*.safetensors"))
        return {
            **self._judge.params(),
            "chat": {key: self._recipe[key] for key in ("min_pixels", "max_pixels")},
            "weights": [fingerprint(file) for file in files],
            "base": self._recipe["base"]["fingerprint"],
        }

    def judge(self, requests: Sequence[JudgeRequest]) -> list[Judgement | Fault]:
        """One verdict for each pair, before the cap is applied."""
        return self._judge.judge(requests)

    @cached_property
    def _recipe(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads((self.folder / RECIPE).read_text("utf-8"))
        return found

    @cached_property
    def _judge(self) -> LinesJudge:
        recipe, device = self._recipe, best_device()
        runtime = Runtime(dtype="float32" if device == "cpu" else "bfloat16")
        weights = Weights.at(self.folder)
        if (self.folder / "adapter_config.json").exists():
            runtime = replace(runtime, loras=(str(self.folder),))
            weights = base_at(recipe["base"], self.folder, whole="merge = true")
        chat = LocalVlm(
            weights=weights,
            host=self.host or SoloHost(device),
            runtime=runtime,
            min_pixels=recipe["min_pixels"],
            max_pixels=recipe["max_pixels"],
        )
        asked = {key: recipe[key] for key in ("scores", "passes", "seed", "max_tokens")}
        return LinesJudge(chat=chat, trial=False, **asked)


def best_device() -> str:
    """The first GPU, or the processor where there is none."""
    import torch

    return "cuda:0" if torch.cuda.is_available() else "cpu"
