"""The report: in Markdown, where every figure has its n and rates their intervals; and as files."""

import json
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from imgedit_assets.dataset import report_sections as sections
from imgedit_assets.dataset.plots import draw_plots
from imgedit_assets.dataset.report_markdown import NOTHING, mean, number, percent, rate, table
from imgedit_assets.dataset.report_sections import paper
from imgedit_assets.dataset.statistics import DatasetStatistics, as_json, dataset_statistics
from imgedit_assets.dataset.statistics_frames import read_frames
from imgedit_assets.stages.agreement import left_out
from models.faults import ImgEditError
from resources.factory import Factory
from resources.markdown import code
from resources.object_store import REPORTS, keep_report

PLOTS = {
    "classes": "accept rate of each class",
    "funnel": "rows and rejects of each stage",
    "scores": "distribution of the scores",
    "instruction_lengths": "words in an instruction",
    "changed_area": "changed share of the image",
}
"""What each plot shows, by its name."""

Line = list[str]
"""A figure's name, ours, its n, and the paper's."""

NATURE = {
    "metric": "a judge made of image metrics, no vision-language model",
    "classical": "classical image processing, no generative model",
}
"""What the embedded backends are, by the name that stands first in a row's column."""

NAME = "dataset_statistics"


def markdown(statistics: DatasetStatistics, plots: Collection[str] = ()) -> str:
    """The report.

    Args:
        statistics: What it says.
        plots: The names of the plots that stand beside it as PNGs.
    """
    parts = ["# Dataset statistics", *opening(statistics)]
    if statistics.stages:
        for title, plot, blocks in _sections(statistics):
            shown = [f"![{PLOTS[plot]}]({plot}.png)"] if plot in plots else []
            parts += [f"## {title}", *shown, *blocks]
    return "\n\n".join(parts) + "\n"


def _sections(s: DatasetStatistics) -> Iterator[tuple[str, str, Iterator[str]]]:
    """Each section's title, the name of its plot or nothing, and its blocks of text."""
    yield "At a glance", "", iter([glance(s)])
    yield "Classes", "classes", sections.classes(s)
    yield "Funnel", "funnel", sections.funnel(s)
    yield "Price of an accepted pair", "", sections.prices(s)
    if s.retries:
        yield "Further results", "", sections.retries(s)
    yield "Scores", "scores", sections.scores(s)
    yield "The judge against the oracle", "", sections.agreement(s)
    yield "What the judge does not see", "", sections.unseen(s)
    yield "Instructions", "instruction_lengths", sections.instructions(s)
    yield "Pictures", "changed_area", sections.pictures(s)
    yield "Dialogues", "", sections.dialogues(s)
    yield "Licences of the sources", "", sections.licences(s)
    yield "What these figures do not say", "", iter([limits(s)])


def opening(s: DatasetStatistics) -> Iterator[str]:
    """What there is, in a paragraph."""
    if not s.stages:
        yield "There are 0 rows: nothing has been made yet. `imgedit run` makes a first data set."
        return
    yield (
        f"{s.accepted.hits:,} accepted pairs of {s.accepted.n:,} painted ones, made from "
        f"{s.sources.images:,} images. The last partition was finished at {_minute(s)}."
    )
    yield (
        "Intervals are of 95 %: Wilson's for rates, the normal approximation for means. A turn of "
        "a dialogue counts as a pair."
    )


def glance(s: DatasetStatistics) -> str:
    """The main figures."""
    lines = [*_size(s), *_words(s), *_pictures(s), *_price(s)]
    return table(["figure", "here", "n", "the paper's"], lines)


def _minute(s: DatasetStatistics) -> str:
    return f"{datetime.fromisoformat(s.finished_at):%Y-%m-%d %H:%M} UTC"


def _size(s: DatasetStatistics) -> Iterator[Line]:
    total, score = sum(paper()["pairs"].values()), s.scores["accepted"]
    judged = f"{paper()['mean_score']} (n = 1,000)"
    yield _line("accepted pairs", f"{s.accepted.hits:,}", s.accepted.n, f"{total:,}")
    yield _line("accept rate", rate(s.accepted), s.accepted.n)
    yield _line("mean score, 1 to 5 (the paper's judge: GPT-4o)", mean(score), score.n, judged)


def _words(s: DatasetStatistics) -> Iterator[Line]:
    words, lengths = s.wording, s.wording.lengths
    middle = f"{number(lengths.median, 0)} and {number(lengths.p95, 0)}"
    theirs = f"{paper()['distinct_words']:,}"
    yield _line("distinct words in instructions", f"{words.distinct_words:,}", lengths.n, theirs)
    yield _line("words in an instruction, mean", mean(lengths, 1), lengths.n)
    yield _line("words in an instruction, median and 95th percentile", middle, lengths.n)
    yield _line("instructions that repeat an earlier one", rate(words.repeated), words.repeated.n)


def _pictures(s: DatasetStatistics) -> Iterator[Line]:
    side, near = s.short_side_px, s.sources.near_duplicates
    yield _line("short side, mean, px", mean(side, 0), side.n, f"{paper()['mean_short_side_px']:,}")
    yield _line(
        "local edits with a changed area under 1 %",
        rate(s.small_changes),
        s.small_changes.n,
        percent(paper()["small_change_frac"]),
    )
    yield _line(
        f"images within {s.sources.near_duplicate_bits} bits of an earlier one (perceptual hash)",
        rate(near),
        near.n,
    )


def _price(s: DatasetStatistics) -> Iterator[Line]:
    for every in s.prices[:1]:
        n = every.accepted
        yield _line("seconds of compute for each accepted pair", number(every.seconds), n)
        yield _line("USD billed for each accepted pair", number(every.cost_usd, 4), n)


def _line(figure: str, ours: str, n: int, theirs: str = NOTHING) -> Line:
    return [figure, ours, f"{n:,}", theirs]


def limits(s: DatasetStatistics) -> str:
    """One paragraph."""
    return " ".join(
        [
            f"The pairs were painted by {_listed(s.painters)} and scored by {_listed(s.judges)}.",
            "An accept rate says how often this judge was content at this profile's thresholds, "
            "not how good the pairs are: another judge gives other scores, so neither scores nor "
            "accept rates compare with the paper's, whose judge was GPT-4o.",
            _oracle(s),
            "Seconds depend on the machine; USD is what backends billed, without the machine "
            "itself. Near duplicates are those that a perceptual hash shows: another crop or view "
            "of one scene is not found; repeated instructions are those of equal words. "
            "Licences are as the sources state them; nobody has checked them.",
            _small(s),
        ]
    ).strip()


def _listed(counts: Mapping[str, int]) -> str:
    """Backends in words: "`metric 3` (a judge made of ..., n = 271)"."""
    named = []
    for name, n in counts.items():
        nature = NATURE.get(name.split(" ")[0])
        named.append(f"{code(name)} ({f'{nature}, ' if nature else ''}n = {n:,})")
    return " and ".join(named) or "nothing yet"


def _oracle(s: DatasetStatistics) -> str:
    if not s.agreement:
        return "No studio scene is among the pairs, so nothing here measures the judge."
    return (
        "Its agreement with the oracle is measured on illustrated studio scenes, where the truth "
        "is known, and says little about photographs; where nearly all painted pairs are good, or "
        f"nearly all bad, a rank correlation says little as well. {s.left_out}"
    )


def _small(s: DatasetStatistics) -> str:
    """A warning where some class is too small to be compared."""
    made = [row for row in s.classes if row.accepted.n]
    wide = [row for row in made if row.accepted.high - row.accepted.low > 0.1]
    if not wide:
        return ""
    worst = max(wide, key=lambda row: row.accepted.high - row.accepted.low)
    return (
        f"The intervals of {len(wide)} of {len(made)} classes are wider than ten points (the "
        f"widest: {worst.edit_type.replace('_', ' ')}, {rate(worst.accepted)}), so small "
        "differences between classes may be chance."
    )


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
    path = write_report(factory.home.folder / REPORTS / NAME, statistics, plots)
    keep_report(factory.home, path.parent)
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
