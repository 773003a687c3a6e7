"""A step of a judge's training beside a bare loop of forward, backward and step.

  python tests/perf/judge_step.py                     debug size, on the processor
  python tests/perf/judge_step.py --way full --rounds 40

Both sides take turns (ABAB) on the same ready batches, with the same model, optimiser and loss; the
bare one has no schedule, no clipping, no look at what is not finite and no log. What counts is the
processor's time of one thread, to which other programs add little. Then a whole run of the learner
is measured, with reading, resizing and tokenising ahead. Exits with 1 below the floor.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from step_rounds import bare_over_ours

from models.judge.vlm.examples import IGNORED, Batch
from models.judge.vlm.step_flops import step_flops
from models.judge.vlm.training import AnswerTrainer
from models.training.progress import Progress
from tests.models.judge.vlm.lessons import WRITERS, TrialLessons, learner

FLOOR = 0.95


def bare(trainer: AnswerTrainer, batches: Sequence[Batch]) -> None:
    """What any loop does."""
    import torch

    said = sum(int((batch.answers != IGNORED).sum()) for batch in batches)
    for batch in batches:
        kept = trainer.model(
            **batch.inputs, logits_to_keep=batch.answers.shape[1] + 1, use_cache=False
        ).logits
        loss = torch.nn.functional.cross_entropy(
            kept[:, :-1].flatten(0, 1),
            batch.answers.flatten(),
            ignore_index=IGNORED,
            reduction="sum",
        )
        (loss / said).backward()
    trainer.optimiser.step()
    trainer.optimiser.zero_grad(set_to_none=True)


def main() -> int:
    """Measure, and print."""
    import torch

    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--way", choices=("lora", "full"), default="lora")
    asked.add_argument("--kind", choices=sorted(WRITERS), default="qwen2.5-vl")
    asked.add_argument("--rounds", type=int, default=30)
    args = asked.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch) / "base"
        WRITERS[args.kind](base, speaks=False)
        recipe = learner(base, way=args.way, rows=4, rows_at_once=2, steps=args.rounds)
        ratio = step_ratio(recipe, Path(scratch), args.rounds)
        print(f"learner: {whole_run(recipe, Path(scratch)):.2f} steps/s with lessons read ahead")
    print(f"GPU: not run. The floor is {FLOOR}: {'kept' if ratio >= FLOOR else 'missed'}")
    return ratio < FLOOR


def step_ratio(recipe, scratch: Path, rounds: int) -> float:  # noqa: ANN001 - QwenLearner
    """Bare seconds over ours: 1 where ours costs nothing."""
    from itertools import islice

    from models.chat.processing import VlmProcessor

    trainer, processor = recipe._trainer(None), VlmProcessor(recipe.base)
    lessons = TrialLessons()
    curriculum = recipe._curriculum(lessons, range(len(lessons)), processor)
    steps = list(islice(recipe._batches(curriculum, 0, processor), 4))
    progress = Progress(
        scratch / "log",
        start=0,
        steps=rounds,
        flops=partial(step_flops, trainer.model.config, full=recipe.way == "full"),
        device="cpu",
        tell=lambda _: None,
    )

    def ours(number: int) -> None:
        batches, step = steps[number % len(steps)], min(number, rounds - 1)
        loss, norm = trainer.step(step, batches)
        progress.write(step + 1, batches, {"loss": loss, "gradient_norm": norm})

    return bare_over_ours(ours, lambda number: bare(trainer, steps[number % len(steps)]), rounds)


def whole_run(recipe, scratch: Path) -> float:  # noqa: ANN001 - QwenLearner
    """Steps a second of the learner itself."""
    figures = recipe.learn(TrialLessons(), scratch / "out", tell=lambda _: None)
    return figures["steps"] / figures["seconds"]


if __name__ == "__main__":
    sys.exit(main())
