"""Faults of a row: the data that ends in `rejects`, never an exception for the user."""

from dataclasses import dataclass
from enum import StrEnum

from models.text import storable

_DETAIL_CHARS = 2000
"""A longer detail is cut: it quotes what came in, which may be a cell of megabytes."""


class ImgEditError(Exception):
    """A fault of the system or of its configuration; the text holds the values and the remedy."""


class Reason(StrEnum):
    """Why a row was rejected. The set is closed, so counts by reason can be compared."""

    MISSING_FILE = "missing_file"
    UNREADABLE = "unreadable"
    EMPTY_FILE = "empty_file"
    NOT_AN_IMAGE = "not_an_image"
    TRUNCATED = "truncated"
    DECOMPRESSION_BOMB = "decompression_bomb"
    OUTSIDE_FOLDER = "outside_folder"
    FETCH_FAILED = "fetch_failed"
    FETCH_REFUSED = "fetch_refused"
    BAD_ANNOTATION = "bad_annotation"
    TOO_SMALL = "too_small"
    LOW_AESTHETIC = "low_aesthetic"
    DUPLICATE = "duplicate"
    NEAR_DUPLICATE = "near_duplicate"
    NO_OBJECT = "no_object"
    EMPTY_MASK = "empty_mask"
    AREA_OUT_OF_RANGE = "area_out_of_range"
    LOW_MASK_SCORE = "low_mask_score"
    LOW_CROP_SCORE = "low_crop_score"
    NOTHING_TO_SAY = "nothing_to_say"
    UNPAINTABLE = "unpaintable"
    UNCHANGED = "unchanged"
    LOW_SCORE = "low_score"
    UNDECIDED = "undecided"
    OUTDONE = "outdone"
    REVIEWED = "reviewed"
    UNSAFE = "unsafe"
    DANGLING_REFERENCE = "dangling_reference"
    UNKNOWN_VERSION = "unknown_version"
    UNCHECKABLE_PREMISE = "uncheckable_premise"
    ABSENT_SUBJECT = "absent_subject"
    QUARANTINED = "quarantined"
    BENCHMARK_OVERLAP = "benchmark_overlap"
    BAD_ROW = "bad_row"
    SWAPPED = "swapped"
    CHANGED_ROW = "changed_row"
    CHANGED_FILE = "changed_file"
    REFUSED = "refused"
    CONTENT_FILTER = "content_filter"
    BAD_REPLY = "bad_reply"
    MODEL_UNAVAILABLE = "model_unavailable"
    BAD_PIXELS = "bad_pixels"
    OUT_OF_MEMORY = "out_of_memory"
    WORKER_ERROR = "worker_error"
    KILLED_WORKER = "killed_worker"

    @property
    def is_decision(self) -> bool:
        """Whether a gate decided so; the others are faults."""
        return self in _DECISIONS

    @property
    def is_passing(self) -> bool:
        """Whether another run may not meet it."""
        return self in _PASSING


_DECISIONS = frozenset(
    {
        Reason.TOO_SMALL,
        Reason.LOW_AESTHETIC,
        Reason.DUPLICATE,
        Reason.NEAR_DUPLICATE,
        Reason.AREA_OUT_OF_RANGE,
        Reason.LOW_MASK_SCORE,
        Reason.LOW_CROP_SCORE,
        Reason.LOW_SCORE,
        Reason.UNDECIDED,
        Reason.OUTDONE,
        Reason.REVIEWED,
        Reason.UNSAFE,
        Reason.QUARANTINED,
        Reason.BENCHMARK_OVERLAP,
    }
)
_PASSING = frozenset(
    {
        Reason.WORKER_ERROR,
        Reason.FETCH_FAILED,
        Reason.MISSING_FILE,
        Reason.UNREADABLE,
        # Also where the list of checksums is mended, and the file itself stays.
        Reason.CHANGED_FILE,
        Reason.MODEL_UNAVAILABLE,
        Reason.OUT_OF_MEMORY,
        Reason.KILLED_WORKER,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One reason, with the values that led to it."""

    reason: Reason
    detail: str
    """Valid UTF-8 of bounded length, whatever it was given."""

    def __post_init__(self) -> None:
        """Make the detail one that the store takes."""
        object.__setattr__(self, "detail", storable(self.detail, _DETAIL_CHARS))


class FaultError(Exception):
    """Carries a `Fault` out of code that has no result to return it in."""

    def __init__(self, reason: Reason, detail: str) -> None:
        self.fault = Fault(reason=reason, detail=detail)
        super().__init__(f"{reason}: {self.fault.detail}")
