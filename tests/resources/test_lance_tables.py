"""When tables are merged, and what is said of a store that does not answer."""

from typing import Any

import pytest

from resources.lance_tables import (
    COMPACT_AFTER_FRAGMENTS,
    StoreError,
    disk_errors,
    is_fragmented,
)

GIGABYTE = 1_000_000_000


def stats(fragments: int, rows: int, n_bytes: int) -> dict[str, Any]:
    """What LanceDB says of a table."""
    small = {"num_small_fragments": fragments}
    return {"num_rows": rows, "total_bytes": n_bytes, "fragment_stats": small}


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (stats(0, 0, 0), False),
        (stats(COMPACT_AFTER_FRAGMENTS, 1_000, 10_000), False),
        (stats(COMPACT_AFTER_FRAGMENTS + 1, 1_000, 10_000), True),
        # Pictures are copied by a merge, so many more commits share its cost.
        (stats(COMPACT_AFTER_FRAGMENTS + 1, 1_000, GIGABYTE), False),
        (stats(2 * COMPACT_AFTER_FRAGMENTS, 1_000, GIGABYTE), True),
        # Only the last million of ten million rows would be copied.
        (stats(2 * COMPACT_AFTER_FRAGMENTS, 10 << 20, 10 * GIGABYTE), True),
    ],
)
def test_tables_are_merged_when_it_pays(table: dict[str, Any], expected: bool) -> None:
    assert is_fragmented(table) is expected


def test_a_store_that_does_not_answer_is_not_called_damaged() -> None:
    said = "lance error: LanceError(IO): Generic S3 error: Error performing PUT: timed out, /x.rs:1"
    with (
        pytest.raises(StoreError, match=r"did not answer as it must \(Error performing PUT"),
        disk_errors("s3://bucket/lab/tables", "units"),
    ):
        raise RuntimeError(said)
