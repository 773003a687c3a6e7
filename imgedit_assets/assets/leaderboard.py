"""The leaderboard: where the editors of the profile stand on its suites."""

from typing import TYPE_CHECKING, Any

import dagster as dg

from imgedit_assets.assets.rows import OWNERS
from resources.dagster_factory import FactoryParam

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgedit_assets.leaderboard import Standing

LEADERBOARD = "leaderboard"

SCORED = "scored"


@dg.asset(
    name=LEADERBOARD,
    group_name="benchmark",
    deps=["benchmark_scores", "fake_scores"],
    kinds={"polars"},
    owners=OWNERS,
    check_specs=[
        dg.AssetCheckSpec(
            SCORED,
            asset=LEADERBOARD,
            description="Of each editor on each suite, the judge failed at few outputs: those "
            "count in no mean.",
        )
    ],
    description="The mean of each editor on each suite, the unweighted one of the suite's tasks, "
    "with its 95 % interval over source pictures; beside it the protocol with its hash, and the "
    "judge with its kind; how often a detector takes its outputs, and untouched sources, for "
    "edited; and of editors that are trained here the recipe, and what they were trained on. The "
    "figures `overall_<editor>_<suite>` are plotted over time; the report is one page with tables, "
    "charts and the best and worst cases.",
)
def leaderboard(factory: FactoryParam) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Compute, write the report, and show."""
    from imgedit_assets.editing.board import missing_lines, trained_markdown
    from imgedit_assets.leaderboard import standings
    from imgedit_assets.leaderboard_report import publish_report

    settings = factory.profile.benchmark
    found = standings(factory.store, settings)
    most = settings.max_unscored_frac
    beyond = [f"{s.editor} on {s.suite}" for s in found if s.unscored_frac > most]
    page = publish_report(factory, found)
    report = {"report": dg.MetadataValue.path(str(page))} if page else {}
    trained = trained_markdown(factory.store, settings)
    lacking = missing_lines(factory.home, settings)
    return dg.MaterializeResult(
        metadata={
            **leaderboard_metadata(found),
            **({"trained here": dg.MetadataValue.md(trained)} if trained else {}),
            **({"missing": dg.MetadataValue.text("\n".join(lacking))} if lacking else {}),
            **report,
        },
        check_results=[
            dg.AssetCheckResult(
                check_name=SCORED,
                passed=not beyond,
                description=f"more than {most:.0%} unscored: {', '.join(beyond) or 'none'}",
            )
        ],
    )


def leaderboard_metadata(found: "Sequence[Standing]") -> dict[str, dg.MetadataValue[Any]]:
    """What the UI shows: the table, who judged, and each figure under its name."""
    from imgedit_assets.leaderboard import (
        fakes_markdown,
        judged_by,
        leaderboard_figures,
        leaderboard_markdown,
        named_standings,
        task_markdown,
    )

    return {
        "leaderboard": dg.MetadataValue.md(leaderboard_markdown(found)),
        "judged by": dg.MetadataValue.text(judged_by(found) or "nobody yet"),
        "fake scores": dg.MetadataValue.md(fakes_markdown(found)),
        "by task": dg.MetadataValue.md(task_markdown(found)),
        **{
            name: dg.MetadataValue.float(round(standing.overall.mean, 4))
            for name, standing in named_standings(found).items()
            if standing.overall.mean is not None
        },
        "figures": dg.MetadataValue.json(leaderboard_figures(found)),
    }
