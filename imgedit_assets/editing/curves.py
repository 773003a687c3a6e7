"""What the page of a trained editor shows: its losses, and what it painted while it learnt."""

from pathlib import Path

from imgedit_assets.dataset.plots import BARS_IN, MAIN, PALE, label_axis, new_plot, png

_MOST_POINTS = 2000
_GRID_PX = 420
"""Long side: Dagster keeps what a page shows in its event log."""
_SMOOTHED_FRAC = 0.05
"""Of the steps, over which the bold line is a mean."""


def loss_curve(folder: Path) -> bytes | None:
    """The losses that a training logged for TensorBoard, as a PNG; None where it logged none."""
    import numpy as np
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log = EventAccumulator(str(folder / "tensorboard"), size_guidance={"scalars": _MOST_POINTS})
    log.Reload()
    if "loss" not in log.Tags().get("scalars", ()):
        return None
    steps, losses = zip(*((point.step, point.value) for point in log.Scalars("loss")), strict=True)
    width = max(1, round(_SMOOTHED_FRAC * len(losses)))
    smooth = np.convolve(losses, np.full(width, 1 / width), mode="valid")
    figure, axes = new_plot("Loss", height_in=BARS_IN)
    axes.plot(steps, losses, color=PALE, lw=0.8)
    axes.plot(steps[width - 1 :], smooth, color=MAIN, lw=1.5)
    axes.set_yscale("log")
    label_axis(axes, "step", grid="y")
    return png(figure)


def sample_grid(folder: Path) -> bytes | None:
    """The last pictures that a training made of pairs, as a JPEG; None where it made none."""
    from models.images import decode, encode_jpeg, thumbnail

    found = sorted((folder / "samples").glob("step-*.png"))
    return encode_jpeg(thumbnail(decode(found[-1].read_bytes()), _GRID_PX), 70) if found else None
