"""The report as files: Markdown, plots, and the statistics as JSON."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from imgedit_assets.dataset.plots import draw_plots
from imgedit_assets.dataset.report import PLOTS, markdown
from imgedit_assets.dataset.statistics import DatasetStatistics, as_json, dataset_statistics
from imgedit_assets.dataset.statistics_frames import read_frames
from imgedit_assets.stages.agreement import left_out
from models.faults import ImgEditError
from resources.factory import Factory

NAME = "dataset_statistics"


class ReportError(ImgEditError):
    """The report cannot be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A report as it was written."""

    path: Path
    """Of `report.md`; the plots and `statistics.json` stand beside it."""
    statistics: DatasetStatistics
    plots: Mapping[str, bytes]
    """PNGs by name."""


def publish(factory: Factory) -> Published:
    """Compute the statistics of what is in the store now, and write the report.

    Raises:
        ReportError: The report's folder cannot be written.
    """
    statistics = dataset_statistics(
        read_frames(factory.store),
        {name: edit_type.family for name, edit_type in factory.edit_types.items()},
        near_duplicate_bits=factory.profile.release.near_duplicate_bits,
        accept=factory.profile.accept,
        left_out=left_out(factory.edit_types),
    )
    plots = draw_plots(statistics)
    path = write_report(factory.home.folder / "reports" / NAME, statistics, plots)
    return Published(path=path, statistics=statistics, plots=plots)


def write_report(folder: Path, statistics: DatasetStatistics, plots: Mapping[str, bytes]) -> Path:
    """Write the files; each replaces its predecessor whole, the report itself last.

    Returns:
        The path of `report.md`.

    Raises:
        ReportError: The folder cannot be written.
    """
    report = folder / "report.md"
    as_text = json.dumps(as_json(statistics), indent=1, ensure_ascii=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in PLOTS:
            if name in plots:
                _replace(folder / f"{name}.png", plots[name])
            else:
                (folder / f"{name}.png").unlink(missing_ok=True)
        _replace(folder / "statistics.json", f"{as_text}\n".encode())
        _replace(report, markdown(statistics, plots).encode())
    except OSError as error:
        msg = f"cannot write {folder}: {error.strerror}; make it writable, then run again"
        raise ReportError(msg) from error
    return report


def _replace(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(data)
    partial.replace(path)
