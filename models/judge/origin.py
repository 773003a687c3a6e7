"""Where what is said of a pair comes from."""

from enum import StrEnum


class Origin(StrEnum):
    """Who says what a pair deserves."""

    ORACLE = "oracle"
    """The studio, which knows the perfect result."""
    HUMAN = "human"
    PUBLIC = "public"
    """Whoever rated the edits of a published set."""
    JUDGE = "judge"
    """A judge's own verdict: enough to prefer one result to another, and no truth to learn from."""
