"""The sections [editors.<name>] and [filtering_study] of a profile: editors that are trained here.

    [editors.e1_half_bad]
    kind = "e1"
    size = "studio"
    data = "accepted"
    bad_frac = 0.5
    seed = 1

    [[benchmark.editors]]
    name = "e1_half_bad"

A variant (`resources.profile_variants`) says what kind of editor, of which pairs, with which
parameters of that kind. Its name is a partition of `e1_connector_checkpoint` and `e1_checkpoint`.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from resources.profile_variants import Variant, VariantName

Data = Literal["all", "accepted", "random"]


class EditorVariant(Variant):
    """One editor to train."""

    data: Data = Field(
        "accepted",
        description="the pairs that it learns from: all that were scored, the accepted ones, or "
        "as many as are accepted, drawn from all",
    )
    bad_frac: float = Field(
        0.0, ge=0, lt=1, description="share of them that pairs of low scores take the place of"
    )
    edit_types: tuple[str, ...] = Field((), description="the edit types of them; empty for all")
    min_score: float = Field(0.0, ge=0, le=5, description="least score of what is not bad")
    seed: int = Field(0, ge=0, lt=2**31, description="of what is drawn, and of the training")
    in_run: bool = Field(
        True,
        description="whether `imgedit run` trains it; else it is trained when its partition is "
        "materialised",
    )

    @property
    def params(self) -> dict[str, Any]:
        """What a learner of its kind is made with."""
        return {**super().params, "seed": self.seed}

    @property
    def data_recipe(self) -> dict[str, object]:
        """What of it decides the pairs."""
        names = {"data", "bad_frac", "edit_types", "min_score", "seed"}
        return self.model_dump(mode="json", include=names)

    @property
    def data_in_words(self) -> str:
        """`accepted, 30 % bad`: what an experiment varies."""
        bad = f", {self.bad_frac:.0%} bad".replace("%", " %") if self.bad_frac else ""
        return f"{self.data}{bad}"


Editors = dict[VariantName, EditorVariant]


class StudySettings(BaseModel):
    """The experiment "does filtering pay?": editors that differ in their pairs and seed alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    variants: tuple[VariantName, ...] = Field((), description="editors of the profile to compare")
    baseline: str = Field(
        "all", description="what the others are compared with, in words as the study's table has"
    )
