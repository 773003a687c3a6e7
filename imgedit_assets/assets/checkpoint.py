"""The glue of every asset that trains a variant: publish its checkpoint, and show it."""

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from imgedit_assets.artefacts.checkpoint import Training
    from resources.factory import Factory


def teller(
    context: dg.AssetExecutionContext, factory: "Factory", variant: str
) -> Callable[[str], None]:
    """Tells the run's log, and whoever watches, how a variant's training goes."""
    from resources.factory import Progress

    progress = Progress(asset=context.asset_key.to_user_string(), partition=variant)

    def tell(line: str) -> None:
        context.log.info(line)
        factory.on_progress(replace(progress, said=line))

    return tell


def published_checkpoint(
    context: dg.AssetExecutionContext, factory: "Factory", training: "Training"
) -> dict[str, Any]:
    """Train what is not trained yet; what the UI shows of it."""
    from imgedit_assets.artefacts.checkpoint import figures_of
    from imgedit_assets.artefacts.publishing import publish
    from imgedit_assets.artefacts.staleness import stale

    made = publish(factory, training.artefact(), run_id=context.run.run_id)
    figures = figures_of(made.folder)
    return {
        "checkpoint": dg.MetadataValue.path(str(made.folder)),
        "megabytes": round(made.n_bytes / 1e6, 1),
        "stale": ", ".join(held.name for held in stale(factory.store)) or "none",
        **{name.replace("_", " "): round(value, 4) for name, value in figures.items()},
    }


def shown_picture(name: str, drawn: bytes, kind: str = "png") -> dg.MetadataValue[Any]:
    """An encoded picture as the UI shows it."""
    encoded = base64.b64encode(drawn).decode("ascii")
    return dg.MetadataValue.md(f"![{name}](data:image/{kind};base64,{encoded})")
