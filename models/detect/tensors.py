"""Whether a checkpoint holds the tensors that a network has."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.weights import CheckpointError


def check_tensors(name: str, has: Mapping[str, Any], wants: Mapping[str, Any]) -> None:
    """Make sure that a checkpoint has exactly a network's tensors.

    Args:
        name: The checkpoint, for the error.
        has: The checkpoint's tensors.
        wants: The network's.

    Raises:
        CheckpointError: Some are missing, are not the network's, or have another shape.
    """
    both = has.keys() & wants.keys()
    report = {
        "missing_keys": wants.keys() - has.keys(),
        "unexpected_keys": has.keys() - wants.keys(),
        "mismatched_keys": {key for key in both if has[key].shape != wants[key].shape},
    }
    check_report(name, report, more_is_wrong=True)


def check_report(name: str, report: Mapping[str, Any], *, more_is_wrong: bool = False) -> None:
    """Read a loading report as transformers gives it.

    Args:
        name: The checkpoint, for the error.
        report: Names of tensors that are missing, unexpected, or of another shape.
        more_is_wrong: Whether tensors that no layer takes are an error by themselves. Published
            checkpoints of transformers may hold some that later releases do without.

    Raises:
        CheckpointError: A layer has no tensor of its own.
    """
    what = {
        "missing_keys": "lacks",
        "unexpected_keys": "has, against the architecture,",
        "mismatched_keys": "has in another shape",
    }
    found = {key: [_name_of(one) for one in report.get(key, ())] for key in what}
    if not (found["missing_keys"] or found["mismatched_keys"] or more_is_wrong):
        return
    if said := [_counted(what[key], names) for key, names in found.items() if names]:
        msg = f"{name} {'; '.join(said)}: download it again, or correct the weights' name"
        raise CheckpointError(msg)


def _name_of(entry: object) -> str:
    # Of a tensor in another shape transformers reports both shapes with the name.
    return str(entry[0] if isinstance(entry, tuple) else entry)


def _counted(what: str, names: Sequence[str]) -> str:
    first, more = ", ".join(sorted(names)[:3]), ", …" if len(names) > 3 else ""
    return f"{what} {len(names)} tensors ({first}{more})"
