"""What a describer returns."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A caption with the nouns that occur in it."""

    caption: str
    short_caption: str
    """At most 15 words."""
    object_nouns: tuple[str, ...]
    background_nouns: tuple[str, ...]
