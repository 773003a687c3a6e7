"""The agreement of one judge variant: asked, worked out, and written beside the tables."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from imgedit_assets.judging.agreement import (
    Standing,
    agreement_figures,
    class_markdown,
    standings,
    standings_markdown,
)
from imgedit_assets.judging.agreement_plots import draw_agreement
from imgedit_assets.judging.corpus import corpus_lessons
from imgedit_assets.judging.trying import Tried, trivial_judges, try_judges
from imgedit_assets.stages.proven import SHELF, prove_acceptance
from models.faults import ImgEditError
from models.judge.learner import TrainedJudge, load_judge
from models.judge.pair import MetricJudge
from models.judge.trial import UntrustworthyJudgeError
from resources.factory import Factory
from resources.home import Home
from resources.object_store import keep_report
from resources.profile_judges import METRIC

_FIGURES, _VERDICTS, _PAGE = "figures.json", "verdicts.parquet", "report.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What the UI shows of a variant."""

    folder: Path
    standings: Sequence[Standing]
    figures: Mapping[str, float]
    table: str
    by_class: str
    plots: Mapping[str, bytes]
    problem: str
    """Why the judge is not to be asked about pairs; empty where it passed its trial."""


def publish_agreement(factory: Factory, variant: str, corpus: Path, checkpoint: Path) -> Agreement:
    """Try a variant, the metric judge and the trivial ones on held-out lessons, and write it down.

    One that fails its trial is tried all the same, so that its figures tell how far it is off; no
    threshold is proven for it.

    Raises:
        ImgEditError: The checkpoint cannot be loaded, or the report cannot be written.
    """
    lessons = corpus_lessons(factory, corpus)
    trained, metric = load_judge(checkpoint, factory), MetricJudge()
    problem = _set_up(trained)
    metric.setup()
    others = {METRIC: metric, **trivial_judges(lessons)}
    tried = try_judges({variant: trained}, others, lessons)
    folder = factory.home.folder / SHELF / variant
    if factory.profile.accept.max_bad_frac:
        prove_acceptance(tried[variant].rows, factory.profile.accept, folder, problem=problem)
    judges = (variant, METRIC)
    found = standings(tried)
    made = Agreement(
        folder=folder,
        standings=found,
        figures=agreement_figures(found, judges),
        table=standings_markdown(found),
        by_class=class_markdown(tried, judges),
        plots=draw_agreement(tried, judges),
        problem=problem,
    )
    try:
        _write(made, tried, variant, checkpoint)
    except OSError as error:
        msg = f"cannot write {made.folder}: {error.strerror}; make it writable, then run again"
        raise ImgEditError(msg) from error
    keep_report(factory.home, folder)
    return made


def _set_up(judge: TrainedJudge) -> str:
    """Load a judge; why it failed its trial, or nothing."""
    try:
        judge.setup()
    except UntrustworthyJudgeError as error:
        return str(error)
    return ""


def agreement_of(home: Home, variant: str) -> dict[str, float]:
    """The figures of a variant as they were worked out last; none before the first time."""
    path = home.folder / SHELF / variant / _FIGURES
    if not path.is_file():
        return {}
    figures: dict[str, float] = json.loads(path.read_text("utf-8"))
    return figures


def _write(made: Agreement, tried: Mapping[str, Tried], variant: str, checkpoint: Path) -> None:
    import polars as pl

    made.folder.mkdir(parents=True, exist_ok=True)
    pl.concat([one.rows for one in tried.values()]).write_parquet(made.folder / _VERDICTS)
    (made.folder / _FIGURES).write_text(json.dumps(dict(made.figures), indent=1), "utf-8")
    pictures = []
    for name, drawn in made.plots.items():
        file = f"{name.replace(' ', '_').lower()}.png"
        (made.folder / file).write_bytes(drawn)
        pictures.append(f"![{name}]({file})")
    page = [
        f"# Agreement of the judge {variant}",
        f"Checkpoint {checkpoint.name}; held-out source images only.",
        *(
            [f"**It failed its trial, and scores no pairs:** {made.problem}"]
            if made.problem
            else []
        ),
        made.table,
        made.by_class,
        *pictures,
    ]
    (made.folder / _PAGE).write_text("\n\n".join(page) + "\n", "utf-8")
