"""Agreement with the oracle follows the profile's thresholds, and asks no judge again."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from imgedit_assets.figures import headline_figures
from imgedit_assets.harness import materialise
from imgedit_assets.stages.agreement import agreement_figures, in_words, left_out, thresholds
from imgedit_assets.stages.probes import JudgeProbes
from models.edit_types.registry import load_edit_types
from models.edit_types.spec import Operation
from models.masks import Rle
from models.studio.scene import visible_masks
from models.vocabulary import Target
from resources.factory import Factory
from resources.home import Home
from resources.operations import operations_to_json
from resources.profile import Accept
from resources.schema import FilteredImage, Instruction, Unit
from resources.sources.studio import studio_scene
from tests.imgedit_assets.lineages import row, write

SCENE = "studio://scene/0"
TYPES = load_edit_types()


def judged(*rows: tuple[float, float, float, float, float | None]) -> pl.DataFrame:
    columns = ("score", "adherence", "quality", "preservation", "oracle_failure")
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.Float64), orient="row")


FRAME = judged(
    (4.5, 4.5, 4.5, 4.5, 0.0),
    (4.0, 4.0, 4.0, 4.0, 0.9),
    (3.6, 5.0, 3.0, 2.8, 0.9),
    (3.2, 3.2, 3.2, 3.2, 0.1),
    (5.0, 5.0, 5.0, 5.0, None),
    (5.0, *[float("nan")] * 3, 0.9),
)


@pytest.mark.parametrize(
    ("moved", "precision", "recall"),
    [
        ({}, 1 / 2, 1 / 2),
        ({"min_score": 3.0}, 2 / 3, 1.0),
        ({"min_score": 4.2}, 1.0, 1 / 2),
        ({"min_preservation": 2.5}, 1 / 3, 1 / 2),
        ({"min_adherence": 4.6, "min_preservation": 1.0}, 0.0, 0.0),
        ({"min_quality": 4.2}, 1.0, 1 / 2),
    ],
)
def test_each_threshold_of_the_profile_decides(
    moved: dict[str, float], precision: float, recall: float
) -> None:
    accept = Accept(**moved)
    found = agreement_figures(FRAME, accept)
    assert (found["precision"], found["recall"]) == pytest.approx((precision, recall))
    assert found["spearman_n"] == 4
    assert found.items() >= thresholds(accept).items()


def test_where_the_oracle_has_no_word_there_is_no_agreement() -> None:
    assert agreement_figures(judged((5.0, 5.0, 5.0, 5.0, None)), Accept()) == {}


def test_words_name_the_thresholds_and_what_is_left_out() -> None:
    assert in_words(thresholds(Accept(min_score=4))) == (
        "score 4, adherence 3, quality 2.5, preservation 3"
    )
    assert "background change, style transfer" in left_out(TYPES)
    assert left_out({"remove": TYPES["remove"]}) == ""


def opened(folder: Path, least: float) -> Factory:
    """A home under a profile that accepts what has some score in everything."""
    profile = folder / "mine.toml"
    keys = "".join(f"{name} = {least}\n" for name in thresholds(Accept()))
    profile.write_text(f'name = "mine"\n[accept]\n{keys}')
    return Factory.open(Home.of(folder / "home"), profile=str(profile))


def asked_of_the_studio(factory: Factory) -> None:
    """One removal from a studio scene."""
    masks = visible_masks(studio_scene(SCENE))
    subject = int(np.argmax([mask.sum() for mask in masks]))
    height, width = masks[subject].shape
    operation = Operation(
        edit_type="remove", subject=0, name="it", target=Target(key="", phrase="")
    )
    image = row("filtered_images", "a", uri=SCENE, width=width, height=height)
    instruction = row(
        "instructions",
        "a",
        [image.id],
        image_id=image.id,
        width=width,
        height=height,
        instruction="Remove it",
        operations=operations_to_json([operation]),
        masks=(Rle.encode(masks[subject]).counts,),
    )
    assert isinstance(image, FilteredImage)
    assert isinstance(instruction, Instruction)
    write(factory.store, [image, instruction])


def test_a_moved_threshold_makes_the_figures_anew_and_no_score(tmp_path: Path) -> None:
    factory = opened(tmp_path, 1.0)
    asked_of_the_studio(factory)
    shard = factory.store.frame("instructions", ["shard"])["shard"][0]

    def figures(least: float) -> tuple[int, dict[str, float]]:
        report = materialise(JudgeProbes(opened(tmp_path, least), shard=shard, edit_type="remove"))
        return report.computed, report.figures

    computed, before = figures(1.0)
    assert (computed, before["min_score"], before["recall"]) == (1, 1.0, 1.0)
    probes = factory.store.frame("judge_probes")
    units = factory.store.select(Unit)
    computed, after = figures(5.0)
    assert (computed, after["min_score"]) == (0, 5.0)
    assert after["recall"] < 1
    assert factory.store.frame("judge_probes").equals(probes)
    assert factory.store.select(Unit) == units
    said = headline_figures(factory.store, opened(tmp_path, 5.0).profile)["judge_probes"]
    assert said["recall"] == after["recall"]
