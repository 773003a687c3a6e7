"""When tables are merged."""

from typing import Any

import pytest

from resources.lance_tables import COMPACT_AFTER_FRAGMENTS, is_fragmented

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
