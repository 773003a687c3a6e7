"""Looking at one sample: its lineage as a page of Dagster's UI."""

import dagster as dg

from imgedit_assets.assets.rows import OWNERS
from imgedit_assets.sample.links import TRACE_ASSET, TRACE_JOB
from models.faults import ImgEditError
from resources.dagster_factory import FactoryParam

# A plain string: a field of a `dg.Config` would also take {"env": NAME}, and the page shows it.
TRACE_CONFIG = {
    "row_id": dg.Field(
        dg.String,
        description="the id of a row or a version, or a unique beginning of it (4 digits or more)",
    )
}


@dg.asset(
    name=TRACE_ASSET,
    group_name="inspection",
    description="Where one sample came from: its pictures, scores and every row, run and recipe "
    "behind it, as a page. Materialise it from the Launchpad with a row's id; the page is the "
    "`trace` in the metadata.",
    kinds={"lancedb"},
    owners=OWNERS,
    config_schema=TRACE_CONFIG,
)
def sample_trace(context: dg.AssetExecutionContext, factory: FactoryParam) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """The page of one row."""
    from imgedit_assets.sample.trace import trace

    row_id: str = context.op_execution_context.op_config["row_id"]
    try:
        page = trace(factory.store, row_id.strip())
    except ImgEditError as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    return dg.MaterializeResult(
        metadata={"row": row_id, "trace": dg.MetadataValue.md(page)},
    )


trace_sample = dg.define_asset_job(
    TRACE_JOB,
    selection=dg.AssetSelection.assets(sample_trace),
    description="The lineage of one sample, as a page with pictures.",
)
