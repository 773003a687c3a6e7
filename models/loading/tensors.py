"""Whether a checkpoint holds the tensors that a network has, and in words where it does not."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from models.weights import CheckpointError

SHOWN = 3
"""Tensors of each kind that an error names; it counts the others."""

_HARMLESS = ("position_ids", "num_batches_tracked")
"""Buffers that older checkpoints hold and no network reads."""
_REMEDY = "download it again, or name the checkpoint that the profile means"


def check_tensors(name: str, has: Mapping[str, Any], wants: Mapping[str, Any]) -> None:
    """Make sure that a checkpoint has exactly a network's tensors.

    Args:
        name: The checkpoint, for the error.
        has: The checkpoint's tensors.
        wants: The network's.

    Raises:
        CheckpointError: Some are missing, are not the network's, or have another shape.
    """
    misshapen = [key for key in has.keys() & wants if has[key].shape != wants[key].shape]
    lacking, strange = sorted(wants.keys() - has.keys()), sorted(has.keys() - wants.keys())
    if lacking or strange or misshapen:
        raise _misfit(name, lacking, strange, sorted(misshapen))


def check_report(name: str, report: Mapping[str, Any], *, more_is_wrong: bool) -> None:
    """Read a loading report as diffusers and transformers give it.

    Args:
        name: The checkpoint, for the error.
        report: Names of tensors that are missing, unexpected, or of another shape, and what could
            not be read.
        more_is_wrong: Whether tensors that no layer takes are an error by themselves. Published
            checkpoints of transformers may hold some that later releases do without.

    Raises:
        CheckpointError: A layer has no tensor of its own.
    """
    lacking, strange = _names(report, "missing_keys"), _names(report, "unexpected_keys")
    misshapen, unread = _names(report, "mismatched_keys"), _names(report, "error_msgs")
    if lacking or misshapen or unread or (strange and more_is_wrong):
        raise _misfit(name, lacking, strange, misshapen, unread)


def counted(names: Sequence[str], kind: str = "") -> str:
    """How many tensors, and the first of them: "4 tensors missing: a, b, c and 1 more"."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    what = f"{len(names)} tensors {kind}".strip()
    return f"{what}: {', '.join(names[:SHOWN])}{more}"


def _misfit(
    name: str,
    lacking: Sequence[str],
    strange: Sequence[str],
    misshapen: Sequence[str],
    unread: Sequence[str] = (),
) -> CheckpointError:
    parts = {
        "lacks": lacking,
        "has, unlike its architecture,": strange,
        "has in another shape": misshapen,
    }
    said = [f"{verb} {counted(names)}" for verb, names in parts.items() if names]
    said += [f"could not be read: {'; '.join(unread[:SHOWN])}"] if unread else []
    return CheckpointError(f"{name} {'; '.join(said)}: {_REMEDY}")


def _names(report: Mapping[str, Any], key: str) -> list[str]:
    """Sorted names; of a mismatch, which comes with its shapes, the name."""
    entries: Iterable[Any] = report.get(key) or ()
    names = (str(entry[0] if isinstance(entry, tuple) else entry) for entry in entries)
    return sorted(name for name in names if not name.endswith(_HARMLESS))
