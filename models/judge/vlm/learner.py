"""The recipe by which a Qwen-VL becomes a judge: with adapters beside its weights, or in full."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar, Literal

from models.chat.processing import VlmProcessor
from models.faults import ImgEditError
from models.judge.learner import RECIPE
from models.judge.lesson import Lessons, is_held_out
from models.judge.vlm.base import Adapters, check_base, trainable, write_checkpoint
from models.judge.vlm.examples import Batch, Curriculum, batch_of
from models.judge.vlm.judge import Scores, best_device
from models.judge.vlm.step_flops import step_flops
from models.judge.vlm.training import AnswerTrainer
from models.recorded import Recorded, recorded
from models.training.loop import Pace, Watch, train
from models.training.progress import Progress
from models.training.saved import Saved, newest
from models.weights import Weights, base_said, fingerprint

_STATES, _LOG, _CARD = ".states", "tensorboard", "README.md"
_TRIED = 64
"""Held-out lessons at most that the loss is taken of in the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QwenLearner(Recorded):
    """Teaches a Qwen2.5-VL or Qwen3-VL to give the grades and the reason of each lesson."""

    kind: ClassVar[str] = "qwen_vl"
    version: ClassVar[str] = "1"

    base: Weights
    way: Literal["lora", "full"] = "lora"
    """Low-rank adapters in all linear layers of the language model (Hu et al. 2021), or the
    language model itself. The vision tower stays as it is."""
    rank: int = 64
    """Of the adapters; they count twice (`alpha = 2 * rank`)."""
    dropout: float = 0.05
    """Of the adapters' inputs."""
    steps: int = 1000
    rows: int = 16
    """Lessons of a step."""
    rows_at_once: int = 2
    """Of these, how many go through the model together."""
    learning_rate: float = 1e-4
    """1e-5 or less for `way = "full"`."""
    warmup_frac: float = 0.03
    clip: float = 1.0
    recompute: bool = True
    """Gradient checkpointing: activations are computed once more, not kept."""
    min_pixels: int = 1_016_064
    max_pixels: int = 1_354_752
    """Of each image, as the published judge was trained (docs/paper.md, "ImgEdit-Judge")."""
    seed: int = 0
    save_every: int = 100
    merge: bool = False
    """Write the whole model with the adapters in it, not the adapters alone."""
    scores: Scores = "expected"
    passes: int = 1
    max_tokens: int = 512
    trial: bool = True
    """How the judge is asked afterwards, and whether it is tried first (`LinesJudge`)."""

    def learn(
        self, lessons: Lessons, folder: Path, *, tell: Callable[[str], None], device: str = ""
    ) -> Mapping[str, float]:
        """Train on the lessons that are not held out, and write a checkpoint.

        Args:
            lessons: What there is to learn, and to be tried on.
            folder: Where the checkpoint is written; what a killed run left there is continued.
            tell: Is told how it goes, a line at a time.
            device: "cpu", "cuda:0" and so on; empty for the first GPU, or the processor without.

        Returns:
            `loss` and `held_out_loss` of an answer's token, `steps`, `seconds` of this run,
            `waited_frac` of it for lessons, `tflops` that it did a second, and `mfu`, their share
            of the peak, where that is known.

        Raises:
            ImgEditError: There is nothing to learn, the base is no Qwen-VL, or training diverged.
        """
        cards = lessons.cards
        chosen = [n for n, card in enumerate(cards) if not is_held_out(card.group)]
        if not chosen:
            msg = f"none of {len(cards)} lessons may be learnt from: give pairs of more sources"
            raise ImgEditError(msg)
        check_base(self.base)
        recipe = self._digest(lessons)
        last = newest(folder / _STATES, recipe)
        done = last.step if last else 0
        processor = VlmProcessor(self.base)
        trainer = self._trainer(last, device or best_device())
        tell(
            f"{f'going on after step {done}' if done else 'learning'}: {len(chosen)} of "
            f"{len(cards)} lessons, {self.steps} steps of {self.rows}, on {trainer.device}"
        )
        curriculum = self._curriculum(lessons, chosen, processor)
        progress = Progress(
            folder / _LOG,
            start=done,
            steps=self.steps,
            flops=partial(step_flops, trainer.model.config, full=self.way == "full"),
            device=trainer.device,
            tell=tell,
        )
        watch = Watch(
            states=folder / _STATES,
            save_every=self.save_every,
            recipe=recipe,
            write=progress.write,
        )
        train(trainer, self._batches(curriculum, done, processor), watch, last)
        figures = progress.end()
        if held := [n for n, card in enumerate(cards) if is_held_out(card.group)][:_TRIED]:
            tried = (batch_of([curriculum.example(lessons[n], 0)], processor) for n in held)
            figures["held_out_loss"] = trainer.mean_loss(tried)
        self._write(trainer, folder, figures)
        return figures

    def _digest(self, lessons: Lessons) -> str:
        ids = [card.id for card in lessons.cards]
        said = json.dumps([recorded(self), fingerprint(self.base.path), ids], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def _trainer(self, last: Saved | None, device: str) -> AnswerTrainer:
        import torch

        torch.manual_seed(self.seed)
        lower = device != "cpu" and torch.cuda.is_bf16_supported()
        adapters = Adapters(rank=self.rank, dropout=self.dropout) if self.way == "lora" else None
        model = trainable(
            self.base,
            adapters,
            last,
            dtype="bfloat16" if lower else "float32",
            recompute=self.recompute,
        ).to(device)
        trained = [p for p in model.parameters() if p.requires_grad]
        optimiser = torch.optim.AdamW(trained, lr=0.0, weight_decay=0.0, fused=True)
        if last:
            last.restore({"optimizer": optimiser})
        pace = Pace(
            steps=self.steps,
            learning_rate=self.learning_rate,
            warmup_frac=self.warmup_frac,
            clip=self.clip,
        )
        return AnswerTrainer(
            model=model, optimiser=optimiser, pace=pace, device=device, lower=lower
        )

    def _curriculum(
        self, lessons: Lessons, chosen: Sequence[int], processor: VlmProcessor
    ) -> Curriculum:
        return Curriculum(
            lessons=lessons,
            chosen=chosen,
            rows=self.rows,
            seed=self.seed,
            min_pixels=self.min_pixels,
            max_pixels=self.max_pixels,
            multiple=processor.multiple_px,
        )

    def _batches(
        self, curriculum: Curriculum, start: int, processor: VlmProcessor
    ) -> Iterator[list[Batch]]:
        size = self.rows_at_once
        for step in curriculum.steps(start):
            yield [batch_of(step[at : at + size], processor) for at in range(0, len(step), size)]

    def _write(self, trainer: AnswerTrainer, folder: Path, figures: Mapping[str, float]) -> None:
        """The checkpoint; its recipe last, so that a folder with one is whole."""
        write_checkpoint(trainer.model, self.base, folder, merge=self.merge)
        told = {
            **recorded(self),
            "kind": self.kind,
            "version": self.version,
            "figures": dict(figures),
            "base": base_said(self.base),
        }
        (folder / _CARD).write_text(self._card(figures), "utf-8")
        aside = folder / f".{RECIPE}"
        aside.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", "utf-8")
        aside.rename(folder / RECIPE)
        shutil.rmtree(folder / _STATES)

    def _card(self, figures: Mapping[str, float]) -> str:
        lines = "".join(f"- {name}: {value:.4g}\n" for name, value in sorted(figures.items()))
        what = "its adapter" if self.way == "lora" and not self.merge else "the whole model"
        return (
            f"# A judge of image edits\n\n{self.base.source}, taught to grade pairs "
            f"({self.way}); this folder holds {what}. `{RECIPE}` says how it was made.\n\n"
            f"## Figures of training\n\n{lines}"
        )
