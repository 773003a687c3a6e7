"""The model card, filled with what was measured."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from string import Template

from models.embed.studio import WEIGHTS
from models.embed.studio_training.evaluate import Evaluation
from models.embed.studio_training.material import Material
from models.embed.studio_training.train import Settings
from models.studio.catalogue import names
from models.studio.settings import SETTINGS
from models.weights import parameter_count

_CPUINFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How the training went."""

    train_s: float
    workers: int
    settings: Settings


def write_card(file: Path, made: Material, findings: Evaluation, course: Course) -> None:
    """Fill card.md and write it beside the weights."""
    text = files(__package__).joinpath("card.md").read_text(encoding="utf-8")
    filled = Template(text).substitute(
        **_of_weights(file.with_name(WEIGHTS)),
        **_of_material(made),
        **_of_findings(findings),
        **_of_course(course),
        render_minutes=f"{made.render_s / 60:.0f}",
    )
    file.write_text(filled, encoding="utf-8")


def _of_weights(weights: Path) -> dict[str, object]:
    megabytes = weights.stat().st_size / 1e6
    return {"parameters": f"{parameter_count(weights):,}", "megabytes": f"{megabytes:.1f}"}


def _of_material(made: Material) -> dict[str, object]:
    sets = {"train": made.train, "validation": made.validation, "held_out": made.held_out}
    counts = {f"{name}_crops": len(renders.crops) for name, renders in sets.items()}
    scenes = {f"{name}_scenes": len(renders.scenes) for name, renders in sets.items()}
    return {**counts, **scenes, "studies": len(made.studies)}


def _of_findings(found: Evaluation) -> dict[str, object]:
    shares = (
        *("top1", "top1_truth", "top1_grabcut", "top1_clip", "own_passes"),
        *("random_passes", "alike_passes", "setting_top1", "worst"),
    )
    return {
        **{share: getattr(found, share) for share in shares},
        "object_precision": f"{found.object_precision:.0%}",
        "object_chance": f"{found.object_chance:.0%}",
        "names": len(names()),
        "settings": len(SETTINGS),
    }


def _of_course(course: Course) -> dict[str, object]:
    load = os.getloadavg()[2]
    return {
        "steps": course.settings.steps,
        "crops": course.settings.crops,
        "scenes": course.settings.scenes,
        "threads": course.settings.threads,
        "workers": course.workers,
        "train_minutes": f"{course.train_s / 60:.0f}",
        "machine": f"a machine with {os.cpu_count()} cores ({_processor()})",
        "load": f"Its load was {load:.1f} at the time.",
        "torch": version("torch"),
        "open_clip": version("open_clip_torch"),
    }


def _processor() -> str:
    """The processor's model where the system tells, else its architecture."""
    lines = _CPUINFO.read_text(encoding="utf-8").splitlines() if _CPUINFO.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
