"""The Ray cluster that a run works on: found, or started on this machine."""

import os
import secrets
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from models.faults import ImgEditError
from resources.object_store import INSTALL
from resources.signals import sigterm_kept

_LONGEST_FOLDER = 40
"""Ray's sockets stand under it, and the system allows their paths 107 bytes."""


class ClusterError(ImgEditError):
    """The Ray cluster cannot be used."""


def ray() -> Any:  # noqa: ANN401 - Ray's own types are of no use to a strict mypy
    """The library, told to ask no host and to leave this process's signals alone.

    Raises:
        ClusterError: It is not installed.
    """
    # Ray reports its use to its makers, unless told otherwise before it is imported.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # One worker's GPUs are those it was given; of none, none.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "1")
    try:
        import ray as library
    except ImportError as error:
        msg = f'ray is not installed, and the profile\'s [engine] kind is "ray": {INSTALL}'
        raise ClusterError(msg) from error
    return library


def connect(address: str, folder: Path, *, cores: float = 0) -> Callable[[], None]:
    """Join a cluster, or start one on this machine where no address is given.

    Args:
        address: `auto` or host:port; empty for this machine alone.
        folder: The home's local folder, where Ray keeps its own files if it starts here.
        cores: Those that a cluster on this machine has; 0 for all.

    Returns:
        What leaves it again, and ends it if it was started here.

    Raises:
        ClusterError: Ray is not installed, or there is no cluster.
    """
    if not address and "ray" not in sys.modules:  # which reads them when it is imported
        # Else Ray makes a token in ~/.ray, or lets every user of this machine run code.
        os.environ.setdefault("RAY_AUTH_MODE", "token")
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        # Ray would run its workers behind all else on the machine; the local engine does not.
        os.environ.setdefault("RAY_worker_niceness", "0")
    library = ray()
    if library.is_initialized():
        return lambda: None
    here = {"num_cpus": int(cores) or None, **_folder(folder)} if not address else {}
    try:
        with sigterm_kept(), warnings.catch_warnings():
            # LanceDB warns of the forks by which Ray's programs are started: each becomes another
            # program at once.
            warnings.filterwarnings("ignore", message="lancedb fork", category=RuntimeWarning)
            library.init(
                address=address or "local",
                log_to_driver=False,
                logging_level="ERROR",
                include_dashboard=None if address else False,
                **here,
            )
    except (library.exceptions.RayError, ConnectionError, RuntimeError, ValueError) as error:
        said = " ".join(str(error).split())[:400]
        msg = (
            f"no Ray cluster at {address or 'this machine'} ({said}): start one "
            "(`ray start --head`), set [engine] address, and give every node the same Ray and "
            "RAY_AUTH_TOKEN; docs/cluster.md tells how"
        )
        raise ClusterError(msg) from error
    leave: Callable[[], None] = library.shutdown
    return leave


def _folder(folder: Path) -> dict[str, str]:
    """Under the home, where its path is short enough; else where Ray keeps it, `/tmp/ray`."""
    own = folder / "ray"
    return {"_temp_dir": str(own)} if len(str(own)) <= _LONGEST_FOLDER else {}


def room_for(need: "dict[str, float]") -> int:
    """How many actors the nodes that are there by now could hold at once, if they held no other.

    Args:
        need: Of one actor: `CPU` and `GPU`.
    """
    there = ray().cluster_resources()
    return int(min(there.get(kind, 0.0) / most for kind, most in need.items() if most))
