"""What a folder holds beside the images that are read, by suffix and in words."""

from collections.abc import Iterable, Mapping

from models.images import UNREAD_SUFFIXES

SIDE_SUFFIXES = frozenset(
    {".txt", ".caption", ".json", ".jsonl", ".xml", ".csv", ".tsv", ".parquet", ".toml", ".yaml"}
    | {".yml", ".md", ".html", ".htm", ".pdf", ".lock", ".sha256"}
)
"""Files that stand beside images and are nothing to be read as one."""


def describe_left_out(counts: Mapping[str, int]) -> str:
    """`12 .heic (HEIC is not read), 1 .psd; beside the images: 40 .txt`; empty for none.

    Args:
        counts: Files by suffix in small letters; the empty suffix for names without one.
    """
    most_first = sorted(counts, key=lambda suffix: (-counts[suffix], suffix))
    others = _listed(counts, (s for s in most_first if s not in SIDE_SUFFIXES))
    beside = _listed(counts, (s for s in most_first if s in SIDE_SUFFIXES))
    parts = (others, f"beside the images: {beside}" if beside else "")
    return "; ".join(part for part in parts if part)


def _listed(counts: Mapping[str, int], suffixes: Iterable[str]) -> str:
    return ", ".join(f"{counts[suffix]:,} {_named(suffix)}" for suffix in suffixes)


def _named(suffix: str) -> str:
    if suffix in UNREAD_SUFFIXES:
        return f"{suffix} ({UNREAD_SUFFIXES[suffix]} is not read)"
    return suffix or "without a suffix that are no images"
