"""The checks that stand between row assets. They judge the numbers of the run that just ended.

`intact` blocks what comes after: a partition must hold what its units made, and few units may have
ended in an unexpected error. `rejects` only warns: a folder of broken files is no reason to stop.
"""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from models.faults import Reason
from resources.profile import Checks

if TYPE_CHECKING:
    from imgedit_assets.harness import PartitionReport


def check_specs(asset: str) -> list[dg.AssetCheckSpec]:
    """The checks of a row asset."""
    return [
        dg.AssetCheckSpec(
            "intact",
            asset=asset,
            blocking=True,
            description="Every unit ended as rows or as rejects, and few in an unexpected error.",
        ),
        dg.AssetCheckSpec(
            "rejects",
            asset=asset,
            description="The share of units rejected by a fault, not by a gate, is small.",
        ),
    ]


def evaluate(
    asset: str, reports: "Sequence[PartitionReport]", limits: Checks
) -> list[dg.AssetCheckResult]:
    """The results of both checks over the partitions of one run."""
    units = sum(r.units for r in reports)
    reasons = sum((Counter(r.rejects) for r in reports), Counter[str]())
    errors = reasons[Reason.WORKER_ERROR] + reasons[Reason.KILLED_WORKER]
    faults = sum(n for reason, n in reasons.items() if not Reason(reason).is_decision)
    torn = [r.partition.id for r in reports if r.rows != r.expected_rows]
    torn_ids = ", ".join(torn) or "none"
    counts: dict[str, Any] = {"units": units, "rejects by reason": dict(reasons)}
    return [
        dg.AssetCheckResult(
            asset_key=asset,
            check_name="intact",
            passed=not torn and errors <= limits.max_fault_frac * units,
            metadata={**counts, "worker errors": errors, "torn partitions": torn_ids},
            description=f"{errors} of {units} units ended in an unexpected error",
        ),
        dg.AssetCheckResult(
            asset_key=asset,
            check_name="rejects",
            passed=faults <= limits.max_reject_frac * units,
            severity=dg.AssetCheckSeverity.WARN,
            metadata=counts,
            description=f"{faults} faults in {units} units",
        ),
    ]
