"""The report on a store: empty, small, and of a class whose file is gone; and as an asset."""

import io
import json
from dataclasses import fields
from pathlib import Path

import dagster as dg
import pytest
from PIL import Image

from imgedit_assets.assets.dataset import dataset_statistics
from imgedit_assets.dataset.report import PLOTS, ReportError, publish, write_report
from imgedit_assets.dataset.report_markdown import NOTHING
from resources.factory import Factory
from resources.schema import AcceptedPair, EditPair, Head, Row, ScoredPair, SourceImage, Unit

TYPES = ("remove", "resize", "content_memory")
"""`resize` is declared by no file."""


def filled(record: type[Row], **columns: object) -> Row:
    """A row whose other columns are empty."""
    blank = {"str": "", "int": 1, "float": 0.0, "float | None": None, "int | None": None}
    kinds = {f.name: getattr(f.type, "__name__", str(f.type)) for f in fields(record)}
    return record(**{name: blank.get(kind, ()) for name, kind in kinds.items()} | columns)


@pytest.fixture
def painted(factory: Factory) -> Factory:
    """A store of four pairs of each class, of which three are accepted."""
    store = factory.store
    store.insert(SourceImage, [filled(SourceImage, id="s", version_id="v", licence="CC|0")])
    rows = {SourceImage.TABLE: {"": ["s"]}}
    for record, n in ((EditPair, 4), (ScoredPair, 4), (AcceptedPair, 3)):
        made = [
            filled(
                record,
                id=f"{record.TABLE} {kind} {i}",
                edit_type=kind,
                instruction_id=f"{kind} {i // 2}",
                turns=2 if kind == "content_memory" else 1,
                root_version_id="v",
                instruction=f"Remove the dog number {i}",
                width=1600,
                height=1280,
                changed_frac=0.005 if i == 0 else 0.2,
                **{"painter": "classical 1"} if record is EditPair else {"judge": "metric 1"},
                **{} if record is EditPair else {"score": 4.0 + i / 4},
            )
            for kind in TYPES
            for i in range(n)
        ]
        store.insert(record, made)
        rows[record.TABLE] = {k: [r.id for r in made if r.edit_type == k] for k in TYPES}
    for asset, by_type in rows.items():
        for kind, ids in by_type.items():
            named = {"id": f"{asset}|{kind}|x", "asset": asset, "partition": f"{kind}|x"}
            counts = {"row_ids": tuple(ids), "units": 4, "rejects": '{"low_score":1}'}
            store.upsert(Head, [filled(Head, **named, **counts, finished_at="2026-01-01")])
            store.insert(Unit, [filled(Unit, **named, rejects=0, seconds=6.0, cost_usd=0.03)])
    return factory


def test_the_report_of_an_empty_store_says_so(factory: Factory) -> None:
    published = publish(factory)
    assert "0 rows" in published.path.read_text("utf-8")
    assert not published.plots
    json.loads((published.path.parent / "statistics.json").read_text("utf-8"))


def test_the_report_says_what_the_store_holds(painted: Factory) -> None:
    published = publish(painted)
    text = published.path.read_text("utf-8")
    assert "9 accepted pairs of 12 painted ones, made from 1 images" in text
    assert f"| resize (declared by no file) | {NOTHING} | 4 | 3 | 75.0 % (30.1 to 95.4) |" in text
    # Of the local family only `remove`: one pair of three.
    assert (
        "| local edits with a changed area under 1 % | 33.3 % (6.1 to 79.2) | 3 | 0.8 % |" in text
    )
    # Ten units of 6 s, for nine accepted pairs.
    assert f"| seconds of compute for each accepted pair | 6.67 | 9 | {NOTHING} |" in text
    assert "| content memory | 2 | 2: 2 | 1 |" in text
    assert r"| CC\|0 | 1 | 9 |" in text
    assert "`metric 1`" in text
    assert all(f"]({name}.png)" in text for name in PLOTS)


def test_plots_are_small_pngs(painted: Factory) -> None:
    published = publish(painted)
    assert published.plots.keys() == PLOTS.keys()
    for name, data in published.plots.items():
        assert (published.path.parent / f"{name}.png").read_bytes() == data
        assert len(data) <= 30_000
        assert Image.open(io.BytesIO(data)).format == "PNG"


def test_writing_again_leaves_nothing_of_the_last_report(painted: Factory) -> None:
    published = publish(painted)
    folder = published.path.parent
    write_report(folder, published.statistics, {"classes": b"new"})
    names = {path.name for path in folder.iterdir()}
    assert names == {"report.md", "statistics.json", "classes.png"}
    assert (folder / "classes.png").read_bytes() == b"new"


def test_a_folder_that_cannot_be_made_is_one_line(factory: Factory, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    statistics = publish(factory).statistics
    with pytest.raises(ReportError, match=r"cannot write .*file"):
        write_report(blocked / "reports", statistics, {})


def test_the_asset_shows_figures_table_and_plots(
    painted: Factory, instance: dg.DagsterInstance
) -> None:
    resources = {"factory": dg.ResourceDefinition.hardcoded_resource(painted)}
    result = dg.materialize([dataset_statistics], instance=instance, resources=resources)
    (made,) = result.asset_materializations_for_node("dataset_statistics")
    assert made.metadata["accepted pairs"].value == 9
    classes = [record.data["class"] for record in made.metadata["by class"].records]
    assert "resize (declared by no file)" in classes
    report = painted.home.folder / "reports" / "dataset_statistics" / "report.md"
    assert made.metadata["report"].value == str(report)
    assert "data:image/png;base64," in made.metadata["funnel"].value


def test_the_asset_works_on_an_empty_store(factory: Factory, instance: dg.DagsterInstance) -> None:
    resources = {"factory": dg.ResourceDefinition.hardcoded_resource(factory)}
    result = dg.materialize([dataset_statistics], instance=instance, resources=resources)
    (made,) = result.asset_materializations_for_node("dataset_statistics")
    assert made.metadata["accepted pairs"].value == 0
