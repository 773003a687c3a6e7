"""A step of an E1's training beside a bare loop of forward, backward and step.

  python tests/perf/e1_step.py                        debug size, on the processor
  python tests/perf/e1_step.py --way lora --ema 0.999
  python tests/perf/e1_step.py --gpu                  FLUX.1-dev's size at 1024 px, random weights

Both sides take turns (ABAB) on the same ready batches, with the same model, optimiser and loss; the
bare one has no schedule, no clipping, no look at what is not finite, no average and no log. Then a
whole run of the learner's second stage is measured: which share of its time it waits for batches
that are read ahead. Exits with 1 where a floor is missed.

On a GPU: stage 1 and stage 2 with adapters, no checkpoint and no encoder, made-up features of the
real shapes; time of a step, share of the device's peak, most memory.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from gpu_networks import made_on
from step_rounds import bare_over_ours

from models.e1.batches import FlowBatch
from models.e1.making import choose_trained
from models.e1.stage import Job, trainer_of
from models.e1.step_flops import step_flops
from models.e1.training import FlowTrainer, optimiser_of, trained
from models.training.loop import Pace
from models.training.progress import Progress, utilisation
from models.zoo.build import build_zoo
from tests.models.e1.eight_pairs import EightPairs, learner

FLOOR, WAITED, MFU = 0.95, 0.03, 0.4
_STEPS = 300
"""Of the learner's own run: in a shorter one the wait for the first batch is what is measured."""


def main() -> int:
    """Measure, and print."""
    import torch

    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--way", choices=("image_branch", "lora", "all"), default="all")
    asked.add_argument("--ema", type=float, default=0.0)
    asked.add_argument("--rounds", type=int, default=30)
    asked.add_argument("--gpu", action="store_true")
    args = asked.parse_args()
    if args.gpu:
        return on_gpu(args.rounds)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        list(build_zoo(place / "zoo", ("qwen2.5-vl", "siglip2", "flux1-dev")))
        recipe = learner(
            place / "zoo",
            way=args.way,
            ema=args.ema,
            rows_at_once=4,
            connector_steps=0,
            steps=_STEPS,
            features=place / "features",
            recompute=False,
            save_every=1000,
        )
        recipe.connect(EightPairs(), place / "1", tell=lambda _: None)
        figures = recipe.learn(EightPairs(), place / "1", place / "2", tell=lambda _: None)
        ratio = step_ratio(recipe, place, args.rounds)
    waited = figures["waited_frac"]
    print(f"learner: {figures['steps'] / figures['seconds']:.2f} steps/s, {waited:.4f} waiting")
    is_kept = ratio >= FLOOR and waited <= WAITED
    print(f"GPU: not run. The floors are {FLOOR} and {WAITED}: {'kept' if is_kept else 'missed'}")
    return not is_kept


def step_ratio(recipe, place: Path, rounds: int) -> float:  # noqa: ANN001 - E1Learner
    """Bare seconds over ours: 1 where ours costs nothing."""
    job: Job = recipe.job(2, EightPairs(), place / "1", place / "3")
    trainer = trainer_of(job, None, None)
    steps = list(islice(job.curriculum().steps(0), 4))
    progress: Progress[FlowBatch] = Progress(
        place / "log",
        start=0,
        steps=rounds,
        flops=step_flops(trainer.model),
        device="cpu",
        tell=lambda _: None,
    )

    def ours(number: int) -> None:
        batches, step = steps[number % len(steps)], min(number, rounds - 1)
        loss, norm = trainer.step(step, batches)
        progress.write(step + 1, batches, {"loss": loss, "gradient_norm": norm})

    return bare_over_ours(ours, lambda number: bare(trainer, steps[number % len(steps)]), rounds)


def bare(trainer: FlowTrainer, batches: Sequence[FlowBatch]) -> None:
    """What any loop does."""
    rows = sum(len(batch.latents) for batch in batches)
    for batch in batches:
        share = batch.sigma[:, None, None, None]
        noisy = (1 - share) * batch.latents + share * batch.noise
        way = trainer.model(noisy, batch.sigma, batch.told, 1.0)
        error = (way - (batch.noise - batch.latents)).square().mean(1)
        if batch.region is not None:
            error = error * batch.region
        (error.flatten(1).mean(1).sum() / rows).backward()
    trainer.optimiser.step()
    trainer.optimiser.zero_grad(set_to_none=True)


def on_gpu(rounds: int) -> int:
    """The published configuration at 1024 px, on one device."""
    import torch
    from diffusers import FluxTransformer2DModel
    from diffusers.pipelines.flux.modeling_flux import ReduxImageEncoder

    from models.e1.networks import E1Network, Told

    missed = 0
    for way, sight in ((None, False), ("lora", True)):
        with made_on("cuda", torch.bfloat16):
            network = E1Network(
                FluxTransformer2DModel(guidance_embeds=True),
                {"reader": ReduxImageEncoder(redux_dim=3584, txt_in_features=4096)}
                | ({"sight": ReduxImageEncoder(1152, 4096)} if sight else {}),
                torch.zeros(1, 768),
            )
        choose_trained(network, way, rank=64, seed=0)
        network.transformer.enable_gradient_checkpointing()
        trainer = FlowTrainer(
            model=network.train(),
            optimiser=optimiser_of("adamw", trained(network)),
            pace=Pace(steps=rounds, learning_rate=1e-4, warmup_frac=0.1, clip=1.0),
            device="cuda",
            lower=True,
            ema=None,
        )
        image = torch.randn(1, 64, 64, 64)
        batch = FlowBatch(
            told=Told.of(
                [torch.randn(300, 3584)], [torch.randn(1024, 1152)] if sight else None, None
            ),
            latents=image,
            noise=torch.randn_like(image),
            sigma=torch.full((1,), 0.5),
            region=None,
            weights=torch.ones(1),
        )
        trainer.step(0, [batch])
        torch.cuda.reset_peak_memory_stats()
        torch.cuda.synchronize()
        began = time.perf_counter()
        for step in range(rounds):
            trainer.step(step, [batch])
        torch.cuda.synchronize()
        seconds = (time.perf_counter() - began) / rounds
        share = utilisation(step_flops(network)([batch]), seconds, "cuda") or 0.0
        most = torch.cuda.max_memory_allocated() / 2**30
        what = "stage 2, adapters" if way else "stage 1"
        print(
            f"{what}: {seconds:.3f} s a step of one image, {share:.2f} of the peak, {most:.1f} GB"
        )
        missed += share < MFU
        del trainer, network
        torch.cuda.empty_cache()
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
