"""One stage of an E1's training, from pairs that are encoded to a folder.

It needs no pair's pixels, and is told as text what it is to do: so it runs in this process, or in
several that accelerate starts.
"""

import json
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.e1.autoencoders import autoencoder_of
from models.e1.batches import Curriculum, FlowBatch, Learnt
from models.e1.config import E1Config
from models.e1.features import Features
from models.e1.folder import (
    CARD,
    RECIPE,
    Bases,
    Shapes,
    check_fits,
    config_said,
    load_network,
    write_config,
    write_network,
)
from models.e1.making import add_sight, choose_trained, made_network
from models.e1.samples import Samples, averaged
from models.e1.settings import Settings
from models.e1.sharding import shard, whole
from models.e1.step_flops import step_flops
from models.e1.training import FlowTrainer, optimiser_of, trained
from models.faults import ImgEditError
from models.judge.vlm.judge import best_device
from models.runtime import Dtype
from models.training.loop import Pace, Watch, train
from models.training.progress import Progress
from models.training.saved import Saved, newest, saving
from models.weights import Weights, base_at

if TYPE_CHECKING:
    from models.e1.networks import E1Network

STATES, _LOG, _JOB = ".states", "tensorboard", "job.json"
_ROOT = Path(__file__).parents[2]
_TOLD, _FAULT = "told: ", "fault: "
"""What a process among several says to the one that started it."""
_TAIL = 20
"""Lines that are quoted of one that ended by what nobody foresaw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be trained, on what, to where."""

    stage: int
    folder: Path
    config: E1Config
    bases: Mapping[str, dict[str, Any]]
    """As `base_said` has them; with Redux's, where the sight's connector begins with that."""
    connector: Path | None
    """The checkpoint of stage 1, for stage 2."""
    shapes: Shapes
    features: Features
    learnt: Sequence[Learnt]
    held: Sequence[Learnt]
    shown: Sequence[str]
    """Keys of pairs that images are made for."""
    settings: Settings
    digest: str
    """Of all that the weights depend on; only a run of the same goes on from a state."""
    recipe: Mapping[str, Any]
    """What the checkpoint says of how it was made."""

    @property
    def states(self) -> Path:
        """Where a killed run is continued from."""
        return self.folder / STATES

    def curriculum(self, share: tuple[int, int] = (0, 1)) -> Curriculum:
        """What is learnt when."""
        settings = self.settings
        return Curriculum(
            features=self.features,
            learnt=self.learnt,
            rows_at_once=settings.rows_at_once,
            batches_per_step=settings.batches_per_step,
            dropout=settings.dropout,
            seed=settings.seed,
            share=share,
        )

    def base(self, name: str) -> Weights | None:
        """A checkpoint that it is made from."""
        if name not in self.bases:
            return None
        return base_at(self.bases[name], self.folder, whole="standalone = true")

    def known_bases(self) -> Bases:
        """Those that an E1 keeps needing."""
        found = {name: self.base(name) for name in ("reader", "sight", "painter")}
        return Bases(**{name: base for name, base in found.items() if base is not None})


def run_job(job: Job, tell: Callable[[str], None]) -> dict[str, float]:
    """Train, and write the checkpoint: in this process, or in as many as the recipe says.

    Args:
        job: What is to be done; what a killed run of it left in its folder is continued.
        tell: Is told how it goes.

    Returns:
        Figures by name.

    Raises:
        ImgEditError: Parts do not fit, training diverged, or the disk is full.
    """
    if job.settings.processes == 1:
        return run_stage(job, tell, None)
    from pydantic import TypeAdapter

    file = job.folder / _JOB
    with saving(file):
        job.folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(TypeAdapter(Job).dump_json(job))
    _run_processes(job.settings.processes, file, tell)
    file.unlink()
    figures: dict[str, float] = json.loads((job.folder / RECIPE).read_text("utf-8"))["figures"]
    return figures


def _run_processes(count: int, file: Path, tell: Callable[[str], None]) -> None:
    """Run so many processes of this module; if one ends badly, so do the others."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += [f"--nproc_per_node={count}", "-m", "models.e1.stage", str(file)]
    said: deque[str] = deque(maxlen=_TAIL)
    faults: list[str] = []
    with subprocess.Popen(
        command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        try:
            for line in map(str.rstrip, running.stdout or ()):
                said.append(line)
                if line.startswith(_FAULT):
                    faults.append(line.removeprefix(_FAULT))
                if line.startswith(_TOLD):
                    tell(line.removeprefix(_TOLD))
        except BaseException:
            running.terminate()
            raise
    if running.returncode:
        raise ImgEditError(faults[0] if faults else "\n".join(said))


def run_stage(
    job: Job,
    tell: Callable[[str], None],
    accelerator: Any | None,  # noqa: ANN401 - accelerate's
) -> dict[str, float]:
    """What `run_job` does, in one of the processes that share it."""
    last = newest(job.states, job.digest)
    steps, done = job.settings.stage_steps(job.stage), last.step if last else 0
    trainer = trainer_of(job, last, accelerator)
    network = trainer.bare
    tell(
        f"{f'going on after step {done}' if done else 'training'}: stage {job.stage}, "
        f"{len(job.learnt)} pairs, {steps} steps of {job.settings.rows}, on {trainer.device}; "
        f"{sum(p.numel() for p in trained(network)) / 1e6:.1f} M weights are learnt"
    )
    progress: Progress[FlowBatch] = Progress(
        job.folder / _LOG if trainer.is_main else None,
        start=done,
        steps=steps,
        flops=step_flops(network),
        device=trainer.device,
        tell=tell,
    )
    samples = _samples(job, trainer, progress.board, tell)

    def write(step: int, batches: Sequence[FlowBatch], figures: dict[str, float]) -> None:
        progress.write(step, batches, figures)
        if samples and (step % job.settings.sample_every == 0 or step == steps):
            samples.write(step, trainer)

    watch = Watch(
        states=job.states, save_every=job.settings.save_every, recipe=job.digest, write=write
    )
    share = (accelerator.process_index, accelerator.num_processes) if accelerator else (0, 1)
    train(trainer, job.curriculum(share).steps(done), watch, last)
    figures = progress.end()
    with averaged(trainer):
        if job.held and (trainer.is_main or trainer.sharded):
            alone = replace(trainer, model=network, accelerator=None)
            figures["held_out_loss"] = alone.mean_loss(_held_out(job))
        learnt = whole(network.trained()) if trainer.sharded else None
        if trainer.is_main:
            if learnt is not None:
                network = _network(job, "bfloat16" if trainer.lower else "float32")
                network.take(learnt)
            _write(job, network, figures)
    return figures


def _network(job: Job, dtype: Dtype) -> "E1Network":
    """The network before it has learnt anything in this stage, in host memory."""
    settings, base = job.settings, job.base("base")
    begun = job.connector or (base.path if base else None)
    if begun is None:
        bases = job.known_bases()
        network = made_network(job.config, bases, job.shapes, seed=settings.seed, dtype=dtype)
    else:
        network = load_network(begun, config_said(begun), dtype)
        check_fits(begun.name, network, job.shapes)
        add_sight(network, job.config, job.shapes, job.base("redux"), seed=settings.seed)
    way = None if job.stage == 1 else settings.way
    choose_trained(network, way, rank=settings.rank, seed=settings.seed)
    return network


def trainer_of(job: Job, last: Saved | None, accelerator: Any | None) -> FlowTrainer:  # noqa: ANN401
    """What a stage is trained by, where a state left it.

    Args:
        job: What is to be trained.
        last: The state; None for the beginning.
        accelerator: Of several processes.

    Raises:
        CheckpointError: Parts do not fit each other, or the state is of others.
    """
    import torch

    settings = job.settings
    device = best_device()
    if accelerator and device != "cpu":
        device = str(accelerator.device)
    torch.manual_seed(settings.seed)
    lower = device != "cpu" and torch.cuda.is_bf16_supported()
    # What is spread together must have one precision.
    network = _network(job, "bfloat16" if lower and not settings.sharded else "float32")
    if last:
        network.restore(last.weights)
    if settings.recompute:
        network.transformer.enable_gradient_checkpointing()
    model = network.train().to(device)
    if settings.sharded:
        shard(network)
    elif accelerator:
        model = accelerator.prepare_model(network)
    trainer = FlowTrainer(
        model=model,
        optimiser=optimiser_of(settings.optimiser, trained(network)),
        pace=Pace(
            steps=settings.stage_steps(job.stage),
            learning_rate=settings.rate(job.stage),
            warmup_frac=settings.warmup_frac,
            clip=settings.clip,
        ),
        device=device,
        lower=lower,
        ema=_average(network, settings),
        accelerator=accelerator,
        sharded=settings.sharded,
    )
    if last:
        trainer.restore(last)
    return trainer


def _average(network: "E1Network", settings: Settings) -> Any | None:  # noqa: ANN401 - of diffusers
    from diffusers.training_utils import EMAModel

    if not settings.ema:
        return None
    return EMAModel(trained(network), decay=settings.ema, foreach=not settings.sharded)


def _samples(
    job: Job,
    trainer: FlowTrainer,
    board: Any,  # noqa: ANN401 - of TensorBoard
    tell: Callable[[str], None],
) -> Samples | None:
    if not job.settings.sample_every or not job.shown:
        return None
    painter = job.base("painter")
    folder = painter.path if painter else None
    return Samples(
        folder=job.folder,
        keys=job.shown,
        features=job.features,
        config=job.config,
        autoencoder=autoencoder_of(job.config, folder, trainer.device),
        board=board,
        tell=tell,
    )


def _held_out(job: Job) -> list[FlowBatch]:
    """Pairs that are not learnt, one by one, each with the same noise whatever was trained."""
    curriculum = job.curriculum()
    return [curriculum.batch([one], number) for number, one in enumerate(job.held)]


def _write(job: Job, network: "E1Network", figures: Mapping[str, float]) -> None:
    """The checkpoint; its recipe last, so that a folder with one is whole."""
    settings = job.settings
    # What began with random weights is nowhere else.
    whole = bool(job.config.transformer) or (job.stage == 2 and settings.way != "lora")
    recipe = {**job.recipe, "figures": dict(figures)}
    with saving(job.folder):
        write_network(job.folder, network, transformer=whole)
        write_config(
            job.folder,
            job.config,
            job.known_bases(),
            network,
            stage=job.stage,
            alone=settings.standalone,
        )
        (job.folder / CARD).write_text(_card(job, figures), "utf-8")
        aside = job.folder / f".{RECIPE}"
        aside.write_text(json.dumps(recipe, indent=1, sort_keys=True) + "\n", "utf-8")
        aside.rename(job.folder / RECIPE)
    shutil.rmtree(job.states, ignore_errors=True)


def _card(job: Job, figures: Mapping[str, float]) -> str:
    lines = "".join(f"- {name}: {value:.4g}\n" for name, value in sorted(figures.items()))
    bases = "".join(f"- {name}: {said['source']}\n" for name, said in sorted(job.bases.items()))
    stage = "its connector alone (stage 1)" if job.stage == 1 else f"{job.settings.way} (stage 2)"
    return (
        f"# ImgEdit-E1\n\nAn image editor, trained by ImgEdit Factory on {len(job.learnt)} pairs: "
        f"{stage}. `models.e1.editor.load_editor` loads this folder; `{RECIPE}` says how it was "
        f"made.\n\n## Made from\n\n{bases}\n## Figures of training\n\n{lines}\n"
        "The loss is of noise, not of edits: how well it edits, the benchmark says.\n"
    )


def main() -> int:
    """One of several processes: the job stands in the file that is named."""
    import torch
    from accelerate import Accelerator
    from pydantic import TypeAdapter

    job = TypeAdapter(Job).validate_json(Path(sys.argv[1]).read_bytes())
    accelerator = Accelerator(cpu=not torch.cuda.is_available())

    def tell(said: str) -> None:
        if accelerator.is_main_process:
            print(f"{_TOLD}{said}", flush=True)

    try:
        run_stage(job, tell, accelerator)
        accelerator.wait_for_everyone()
    except Exception as error:
        # At a process's edge: what is said behind it, of all processes that end, would hide it.
        kind = "" if isinstance(error, ImgEditError) else f"{type(error).__name__}: "
        print(f"{_FAULT}{kind}{' '.join(str(error).split())}", flush=True)
        raise
    accelerator.end_training()
    return 0


if __name__ == "__main__":
    sys.exit(main())
