"""Edit types that were left out, told where people look: on the assets' pages, and as a check."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from resources.schema import Instruction

CHECK = "edit_types_load"


def check_specs(asset: str) -> list[dg.AssetCheckSpec]:
    """The check that every edit type's file loads; of the first asset that has them as keys."""
    if asset != Instruction.TABLE:
        return []
    description = "Each file and package that should declare an edit type does, and has partitions."
    return [dg.AssetCheckSpec(CHECK, asset=asset, description=description)]


def evaluate(asset: str, left_out: Sequence[str]) -> list[dg.AssetCheckResult]:
    """The check's result for a run."""
    if asset != Instruction.TABLE:
        return []
    return [
        dg.AssetCheckResult(
            asset_key=asset, check_name=CHECK, passed=not left_out, metadata=notes(left_out)
        )
    ]


def report(instance: dg.DagsterInstance, left_out: Sequence[str]) -> None:
    """Let the check fail before anything runs, and no longer once the files are mended."""
    key = dg.AssetCheckKey(dg.AssetKey(Instruction.TABLE), CHECK)
    known = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])
    failed = key in known and known[key].status.name == "FAILED"
    if left_out or failed:
        evaluation = dg.AssetCheckEvaluation(
            asset_key=key.asset_key,
            check_name=key.name,
            passed=not left_out,
            metadata=notes(left_out),
        )
        instance.report_runless_asset_event(evaluation)


def notes(left_out: Sequence[str]) -> dict[str, dg.MetadataValue[Any]]:
    """What an asset's page shows of them; nothing where there are none."""
    if not left_out:
        return {}
    return {"edit types left out": dg.MetadataValue.text("\n".join(left_out))}
