"""The state of a training run: saved aside and renamed, so that there is always a whole one."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.faults import ImgEditError
from models.weights import CheckpointError

_STATE, _STATEFUL, _WEIGHTS = "state.json", "stateful.pt", "weights"
_KEPT = 2
"""The newest, and one more: a disk that fills up while the newest is written leaves it."""


class SavingError(ImgEditError):
    """What was learnt cannot be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A state, after so many steps."""

    step: int
    folder: Path

    @property
    def weights(self) -> Path:
        """What was trained, as the libraries write it: a model, or an adapter."""
        return self.folder / _WEIGHTS

    def restore(self, stateful: Mapping[str, Any]) -> None:
        """Put what has a state, and torch's chance, back to where they were."""
        import torch

        held = torch.load(self.folder / _STATEFUL, weights_only=True, map_location="cpu")
        for name, one in stateful.items():
            one.load_state_dict(held[name])
        torch.set_rng_state(held["chance"])
        if held["device_chance"]:
            torch.cuda.set_rng_state_all(held["device_chance"])


def save(folder: Path, step: int, recipe: str, model: Any, stateful: Mapping[str, Any]) -> Saved:  # noqa: ANN401 - any network
    """Write the state after a step, and drop all older ones but one.

    Args:
        folder: Where states stand.
        step: How many steps were done: with the seed, all that the order of lessons and the
            learning rate follow from.
        recipe: What is trained how, as a digest; only a run of the same one goes on from here.
        model: Writes itself by `save_pretrained`.
        stateful: What has a state besides, by name: the optimiser.

    Raises:
        SavingError: It cannot be written, as on a full disk. Older states are left as they are.
    """
    import torch

    aside, made = folder / ".writing", state_after(folder, step)
    with saving(made.folder):
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        model.save_pretrained(aside / _WEIGHTS)
        held = {
            **{name: one.state_dict() for name, one in stateful.items()},
            "chance": torch.get_rng_state(),
            "device_chance": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        }
        torch.save(held, aside / _STATEFUL)
        (aside / _STATE).write_text(json.dumps({"step": step, "recipe": recipe}), "utf-8")
        shutil.rmtree(made.folder, ignore_errors=True)
        aside.rename(made.folder)
    for old in _steps(folder)[:-_KEPT]:
        shutil.rmtree(old)
    return made


def state_after(folder: Path, step: int) -> Saved:
    """Where the state after so many steps is, or will be."""
    return Saved(step=step, folder=folder / f"step-{step:08d}")


@contextmanager
def saving(place: Path) -> Iterator[None]:
    """Turn what the libraries raise where they cannot write into one error.

    Raises:
        SavingError: Something was raised.
    """
    from safetensors import SafetensorError

    try:
        yield
    # torch tells of a full disk by a RuntimeError.
    except (OSError, RuntimeError, SafetensorError) as error:
        msg = (
            f"{place} cannot be written ({type(error).__name__}: {error}): make room on the disk, "
            "and run it again: it goes on from the last state that was saved"
        )
        raise SavingError(msg) from error


def newest(folder: Path, recipe: str) -> Saved | None:
    """The newest whole state; None where there is none.

    Raises:
        CheckpointError: It is of another recipe.
    """
    if not (found := _steps(folder)):
        return None
    said: Mapping[str, Any] = json.loads((found[-1] / _STATE).read_text("utf-8"))
    if said["recipe"] != recipe:
        msg = (
            f"{folder} holds the state of a run with another recipe, other lessons or another "
            "base: remove it to begin anew, or give the recipe that it was begun with"
        )
        raise CheckpointError(msg)
    return Saved(step=int(said["step"]), folder=found[-1])


def _steps(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*"))
