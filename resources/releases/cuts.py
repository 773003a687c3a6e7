"""Where a shard of a release ends: told by its rows, so that releases share the files they can.

If size alone decided, a row more would move every cut after it: no later file would be the same.
"""

from hashlib import sha256

LEAST_FRAC = 1 / 8
"""Of the largest size: a shard is at least so large, and ends after as much again on average."""


def ends_after(row_id: str, n_bytes: int, *, filled: int, limit: int) -> bool:
    """Whether a shard that holds `filled` bytes ends with the row that brought the last of them.

    Args:
        row_id: Its digest decides.
        n_bytes: The row's bytes.
        filled: Those of the shard, the row's among them.
        limit: The largest size of a shard.
    """
    if filled < LEAST_FRAC * limit:
        return False
    share = int(sha256(row_id.encode()).hexdigest()[:12], 16) / 16**12
    return share < n_bytes / (LEAST_FRAC * limit)
