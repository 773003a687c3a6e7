"""The sections [judge_corpus] and [judges.<name>] of a profile: judges that are trained here.

    [judge_corpus]
    ratings = ["./ratings.csv"]

    [judges.small]
    kind = "small"
    seed = 1

    [roles.judge]
    backend = "trained"
    variant = "small"

A variant (`resources.profile_variants`) says what kind of judge, of which lessons, with which
parameters of that kind. Its name is a partition of `judge_checkpoint` and of `judge_agreement`.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from models.judge.origin import Origin
from resources.profile_variants import Variant, VariantName

METRIC = "metric"
"""Stands in figures beside the variants: the judge that is not trained."""


def _not_the_metric(name: str) -> str:
    if name == METRIC:
        msg = f"{METRIC!r} is the judge that is not trained: give the variant another name"
        raise ValueError(msg)
    return name


class CorpusSettings(BaseModel):
    """What judges learn from."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    most_per_cell: int = Field(
        12, ge=1, le=100_000, description="lessons of one class and grade that are trained on"
    )
    edits_per_class: int = Field(
        4, ge=1, le=100_000, description="studio edits of each class to learn from"
    )
    spoiled_per_edit: int = Field(
        4, ge=0, le=10, description="spoilt results drawn of each of them"
    )
    ratings: tuple[str, ...] = Field((), description="files of people's ratings, CSV or JSON")
    editreward_data: str = Field("", description="a folder with TIGER-Lab's EditReward-Data")
    editscore_data: str = Field("", description="a folder with EditScore-Reward-Data")
    public_per_grade: int = Field(
        200, ge=1, le=1_000_000, description="lessons of one published set and grade"
    )


class JudgeVariant(Variant):
    """One judge to train."""

    data: tuple[Literal[Origin.ORACLE, Origin.HUMAN, Origin.PUBLIC], ...] = Field(
        (Origin.ORACLE, Origin.HUMAN), min_length=1, description="whose labels it learns from"
    )


Judges = dict[Annotated[VariantName, AfterValidator(_not_the_metric)], JudgeVariant]
