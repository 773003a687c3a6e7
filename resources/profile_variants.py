"""Variants: named recipes of a profile, by which judges and editors are trained here.

A variant's name is a partition of the assets that are made by it. A section with `kind` replaces
the one of the profile below it whole.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

VariantName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]*$")]


class Variant(BaseModel):
    """One recipe; keys beside the declared ones are parameters of its kind."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    kind: str
    enabled: bool = Field(True, description="false takes a variant of the profile below away")

    @property
    def params(self) -> dict[str, Any]:
        """What a learner of its kind is made with."""
        return dict(self.__pydantic_extra__ or {})


def variant_names(variants: Mapping[VariantName, Variant]) -> tuple[str, ...]:
    """The partition keys, in the profile's order."""
    return tuple(name for name, variant in variants.items() if variant.enabled)
