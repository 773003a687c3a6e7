"""The checkpoints of a backend: where they are, how large, their licence, whether they fit."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from models.faults import FaultError, ImgEditError
from models.runtime import Runtime
from models.weights import Weights
from resources.building import Plan
from resources.checkpoints import UNREAD, is_address
from resources.devices.devices import asked_of_driver, processor
from resources.devices.pool import USABLE_FRAC
from resources.reading import read_regular

ASK_HUB_S = 10.0
"""How long the hub may take to say how large a checkpoint is."""
_MOST_CARD_BYTES = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What is known of a checkpoint."""

    is_here: bool
    fits: bool
    """Whether a device can hold it, as far as its size is known."""
    text: str
    remedy: str = ""


def checkpoints_of(
    plan: Plan[Any], runtime: Runtime | None = None
) -> Iterator[tuple[Weights, Runtime]]:
    """Every checkpoint that a backend will load, with how it is run; those of its parts as well."""
    values = plan.values.values()
    runtime = next((v for v in values if isinstance(v, Runtime)), runtime) or Runtime()
    for value in values:
        if isinstance(value, Weights):
            yield value, runtime
        elif isinstance(value, Plan):
            yield from checkpoints_of(value, runtime)


def describe(weights: Weights, runtime: Runtime) -> Described:
    """What is known of a checkpoint; asks the hub of one that is not here yet."""
    is_here = weights.is_here()
    if is_here:
        try:
            size, licence = weights.size_bytes(runtime.dtype), _licence(weights.path)
        except ImgEditError as error:
            return Described(is_here=False, fits=True, text=str(error), remedy="get it again")
        disk = sum(f.stat().st_size for f in _files(weights.path))
        state = f"{disk / 1e9:.2f} GB on disk"
    else:
        size, licence = _asked_of_hub(weights)
        state = f"to be downloaded: {size / 1e9:.1f} GB" if size else "to be downloaded"
    size = runtime.held_bytes(size)
    room = int(largest_device_bytes() * USABLE_FRAC)
    fits = size <= room or runtime.offload == "layers"
    text = f"{weights.source} at {weights.revision[:12]}, licence {licence}; {state}"
    remedy = "" if is_here else "it is downloaded at the first run that needs it"
    if not fits:
        text += f"; takes {size / 1e9:.1f} GB of {room / 1e9:.1f} GB"
        remedy = 'set quantise = "int8" or offload = "layers" under [runtime]; or a larger device'
    return Described(is_here=is_here, fits=fits, text=text, remedy=remedy)


def largest_device_bytes() -> int:
    """Memory of the largest GPU, as the driver's tool says; the machine's where there is none."""
    with suppress(ValueError):
        return max(int(line) for line in asked_of_driver("memory.total")) << 20
    return processor().total_bytes


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [f for f in path.rglob("*") if f.is_file()]


def _licence(path: Path) -> str:
    """As the checkpoint's card says in its front matter."""
    folder = path if path.is_dir() else path.parent
    told: tuple[object, ...] = ()
    with suppress(FaultError, yaml.YAMLError, IndexError, ValueError, RecursionError):
        text = read_regular(folder / "README.md", max_bytes=_MOST_CARD_BYTES).decode()
        card: Any = yaml.safe_load(text.split("---")[1])
        told = (card.get("license_name"), card.get("license")) if isinstance(card, dict) else ()
    # A text alone: what is written with aliases may be endless once it is spelled out.
    return next((each for each in told if isinstance(each, str) and each), "not stated")


def _asked_of_hub(weights: Weights) -> tuple[int, str]:
    """Size and licence; 0 and "unknown" where the hub does not answer."""
    if is_address(weights.source):
        return 0, "not stated"
    import httpx2
    from huggingface_hub import HfApi, errors
    from huggingface_hub.utils import filter_repo_objects

    repo, _, inside = weights.source.partition(":")
    repo = repo.partition("@")[0]
    with suppress(errors.HfHubHTTPError, httpx2.HTTPError, OSError):
        info = HfApi().model_info(
            repo, revision=weights.revision, files_metadata=True, timeout=ASK_HUB_S
        )
        files = filter_repo_objects(
            [f for f in info.siblings or [] if f.rfilename.startswith(inside)],
            ignore_patterns=None if Path(inside).suffix else UNREAD,
            key=lambda f: f.rfilename,
        )
        card = info.card_data.to_dict() if info.card_data else {}
        licence = card.get("license_name") or card.get("license") or "not stated"
        gated = ", gated" if info.gated else ""
        return sum(f.size or 0 for f in files), f"{licence}{gated}"
    return 0, "unknown (the hub does not answer)"
