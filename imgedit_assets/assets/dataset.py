"""The data set as a whole."""

import base64
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from imgedit_assets.assets.rows import OWNERS
from resources.dagster_factory import FactoryParam

if TYPE_CHECKING:
    from imgedit_assets.dataset.report import Published
    from imgedit_assets.dataset.statistics import DatasetStatistics


@dg.asset(
    group_name="dataset",
    deps=[
        *("accepted_pairs", "scored_pairs", "edit_pairs", "judge_probes"),
        *("filtered_images", "source_images", "video_frames", "imported_pairs"),
    ],
    kinds={"polars"},
    owners=OWNERS,
    description="What the data set is, in figures: accept rate by class, the funnel of every stage "
    "with seconds and USD for each accepted pair, words, resolution, changed area, scores, "
    "duplicates and licences. The report with its plots is written beside the tables, to be "
    "published as it is.",
)
def dataset_statistics(
    factory: FactoryParam,
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Compute, write the report, and show its figures and plots."""
    from imgedit_assets.dataset.report import publish

    published = publish(factory)
    return dg.MaterializeResult(metadata=statistics_metadata(published))


def statistics_metadata(published: "Published") -> dict[str, dg.MetadataValue[Any]]:
    """What the UI shows of a report: figures, the table by class, and the plots."""
    return {
        "report": dg.MetadataValue.path(str(published.path)),
        **dict(_figures(published.statistics)),
        "by class": _by_class(published.statistics),
        **{
            name.replace("_", " "): dg.MetadataValue.md(
                f"![{name}](data:image/png;base64,{base64.b64encode(png).decode('ascii')})"
            )
            for name, png in published.plots.items()
        },
    }


def _figures(s: "DatasetStatistics") -> Iterator[tuple[str, dg.MetadataValue[Any]]]:
    from imgedit_assets.dataset.report_markdown import mean, rate

    yield "accepted pairs", dg.MetadataValue.int(s.accepted.hits)
    yield "painted pairs", dg.MetadataValue.int(s.accepted.n)
    yield "distinct words", dg.MetadataValue.int(s.wording.distinct_words)
    if not s.accepted.n:
        return
    yield "accept rate", dg.MetadataValue.text(f"{rate(s.accepted)}, n = {s.accepted.n:,}")
    for name, values, digits in (
        ("mean score", s.scores["accepted"], 2),
        ("mean short side px", s.short_side_px, 0),
    ):
        yield name, dg.MetadataValue.text(f"{mean(values, digits)}, n = {values.n:,}")
    small = f"{rate(s.small_changes)}, n = {s.small_changes.n:,}"
    yield "local edits under 1 % changed", dg.MetadataValue.text(small)
    if s.accepted.hits:
        every = s.prices[0]
        yield "seconds per accepted pair", dg.MetadataValue.float(round(every.seconds, 3))
        if every.cost_usd:
            yield "USD per accepted pair", dg.MetadataValue.float(round(every.cost_usd, 6))


def _by_class(s: "DatasetStatistics") -> dg.MetadataValue[Any]:
    from imgedit_assets.dataset.report_markdown import number, rate
    from imgedit_assets.dataset.report_sections import class_name

    columns = {"class": "string", "painted": "int", "accepted": "int"}
    columns |= {"accept rate": "string", "mean score": "string"}
    return dg.MetadataValue.table(
        [
            dg.TableRecord(
                {
                    "class": class_name(row),
                    "painted": row.accepted.n,
                    "accepted": row.accepted.hits,
                    "accept rate": rate(row.accepted),
                    "mean score": number(row.mean_score),
                }
            )
            for row in s.classes
        ],
        schema=dg.TableSchema([dg.TableColumn(name, kind) for name, kind in columns.items()]),
    )
