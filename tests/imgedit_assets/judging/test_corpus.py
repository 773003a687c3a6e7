"""A corpus of lessons: labelled by oracle and people, split, balanced, and the same again."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from imgedit_assets.artefacts.publishing import publish
from imgedit_assets.artefacts.staleness import stale
from imgedit_assets.judging.balance import Cells, counts, problems, shortfall
from imgedit_assets.judging.corpus import (
    corpus_artefact,
    corpus_lessons,
    corpus_state,
    current_corpus,
    plan_corpus,
)
from imgedit_assets.judging.preferences import plan_preferences, preference_artefact
from imgedit_assets.sample.descent import descent
from imgedit_assets.sample.quarantine import Selector, mark
from models.faults import ImgEditError
from models.images import decode
from models.judge.judgement import Judgement
from models.judge.lesson import LessonCard, is_held_out
from models.judge.origin import Origin
from resources.factory import Factory
from resources.home import Home
from resources.schema import EditPair
from tests.imgedit_assets.judging.studio_pairs import HELD_OUT, LEARNT, put_pairs

PROFILE = """
name = "small"
[judge_corpus]
edits_per_class = 2
spoiled_per_edit = 2
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Factory, list[EditPair], Path]:
    """A home with perfect removals from four scenes, and the corpus that was made of it."""
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "small.toml").write_text(PROFILE)
    factory = Factory.open(Home.of(folder / "home"), profile=str(folder / "small.toml"))
    pairs = put_pairs(factory.store, [*LEARNT, *HELD_OUT])
    made = publish(factory, corpus_artefact(factory, plan_corpus(factory)), run_id="r")
    return factory, pairs, made.folder


def test_lessons_come_with_what_the_oracle_says_and_split_by_source(
    home: tuple[Factory, list[EditPair], Path],
) -> None:
    factory, pairs, folder = home
    lessons = corpus_lessons(factory, folder)
    kinds = Counter(card.kind for card in lessons.cards)
    # Two scenes to learn from and the one held out, each with two flaws.
    assert kinds["painted"] == kinds["perfect"] == 3
    assert len(lessons) == 3 * 4
    assert {c.group for c in lessons.cards if is_held_out(c.group)} == {"studio://scene/1"}
    by_kind = {card.kind: card.label.score for card in lessons.cards}
    assert by_kind["painted"] > 4.9
    assert min(by_kind.values()) < 4

    (at,) = (
        i
        for i, c in enumerate(lessons.cards)
        if (c.kind, c.group) == ("painted", "studio://scene/1")
    )
    (pair,) = (p for p in pairs if p.target_version_id == "t 1")
    lesson = lessons[at]
    assert (lesson.request.source == factory.store.render(pair.source_version_id)).all()
    assert (lesson.request.target == factory.store.render(pair.target_version_id)).all()
    assert lesson.request.masks[0].sum() > 0


def test_trainers_read_the_same_as_a_chat(home: tuple[Factory, list[EditPair], Path]) -> None:
    _, _, folder = home
    lines = {
        split: [json.loads(line) for line in (folder / "chat" / f"{split}.jsonl").open()]
        for split in ("train", "held_out")
    }
    assert [len(some) for some in lines.values()] == [8, 4]
    line = lines["train"][0]
    asked, answer = line["messages"]
    assert [part["type"] for part in asked["content"]].count("image") == len(line["images"]) == 2
    assert all((folder / "chat" / image).is_file() for image in line["images"])
    assert "Remove it" in "".join(part.get("text", "") for part in asked["content"])
    assert "Adherence: " in answer["content"][0]["text"]


def test_the_same_pairs_are_not_written_again_and_a_rating_makes_another_corpus(
    home: tuple[Factory, list[EditPair], Path], tmp_path: Path
) -> None:
    factory, pairs, folder = home
    assert plan_corpus(factory).version == folder.name.rpartition("-")[2]
    assert current_corpus(factory) == folder
    state = corpus_state(factory)
    (tmp_path / "ratings.csv").write_text(
        f"pair,rater,adherence,quality,preservation\n{pairs[0].id},ann,2,5,5\nnobody,ann,3,3,3\n"
    )
    settings = factory.profile.judge_corpus.model_copy(
        update={"ratings": (str(tmp_path / "ratings.csv"),)}
    )
    rated = Factory(
        store=factory.store, profile=factory.profile.model_copy(update={"judge_corpus": settings})
    )
    plan = plan_corpus(rated)
    assert plan.version != plan_corpus(factory).version
    assert corpus_state(rated) != state
    (own,) = (exercise for exercise in plan.exercises if exercise.origin is Origin.HUMAN)
    assert (own.pair_id, own.label and own.label.score) == (pairs[0].id, 2)
    assert "rated pairs that are not here, left out: nobody" in plan.notes


def test_a_pair_in_quarantine_makes_the_corpus_stale_and_leaves_the_next(
    home: tuple[Factory, list[EditPair], Path],
) -> None:
    factory, pairs, folder = home
    held = descent(factory.store, pairs[-1].id).holdings
    assert folder.name in {one.name for one in held}
    assert not stale(factory.store)
    made = mark(factory.store, Selector(kind="row", value=pairs[-1].id), why="wrong", who="ann")
    assert folder.name in {one.name for one in stale(factory.store)}
    assert pairs[-1].id not in {e.pair_id for e in plan_corpus(factory).exercises}
    factory.store.upsert(type(made), [replace(made, undone_by="ann")])


def test_of_one_edit_the_better_result_is_preferred_in_both_layouts(
    home: tuple[Factory, list[EditPair], Path],
) -> None:
    factory, _, folder = home
    plan = plan_preferences(factory, folder)
    found, made = (
        plan.found,
        publish(factory, preference_artefact(factory, plan), run_id="r").folder,
    )
    cards = {card.id: card for card in corpus_lessons(factory, folder).cards}
    assert found
    for one in found:
        better, worse = cards[one.chosen], cards[one.rejected]
        assert better.group == worse.group
        assert better.label.score - worse.label.score == pytest.approx(one.margin)
        assert one.margin >= 0.5
        assert one.kind == worse.kind
    table = pl.read_parquet(made / "diffusion" / "train.parquet")
    lines = [json.loads(line) for line in (made / "vlm" / "train.jsonl").open()]
    assert table.height == len(lines) == sum(one.split == "train" for one in found) > 0
    row = table.row(0, named=True)
    source, better, worse = (decode(row[name]) for name in ("source", "jpg_0", "jpg_1"))
    assert source.shape == better.shape == worse.shape
    assert (better != worse).any()
    assert all((made / "vlm" / image).is_file() for image in lines[0]["images"])
    assert lines[0]["chosen"] != lines[0]["rejected"]


def card(score: float, *, name: str = "remove", group: str = "studio://scene/0") -> LessonCard:
    label = Judgement(adherence=score, quality=score, preservation=score, reason="")
    return LessonCard(
        id="", edit_type=name, label=label, origin=Origin.ORACLE, group=group, kind="painted"
    )


def test_each_grade_of_a_class_takes_its_number_and_what_is_short_is_said() -> None:
    cells = Cells(most=2)
    given = [card(s) for s in (5, 4.6, 4.5, 1, 3.4)] + [card(5, group="studio://scene/1")] * 3
    taken = [one for one in given if cells.takes(one.edit_type, one.label, group=one.group)]
    assert [one.label.score for one in taken] == [5, 4.6, 1, 3.4, 5, 5, 5]
    assert counts(taken)["remove", 5] == 2
    (line,) = shortfall(counts(taken), 2)
    assert line == (
        "remove: 1 of 2 at grade 1, 0 of 2 at grade 2, 1 of 2 at grade 3, 0 of 2 at grade 4"
    )


def test_a_corpus_that_teaches_nothing_says_what_to_do() -> None:
    with pytest.raises(ImgEditError, match=r"3 lessons .* needs 20: make pairs of studio scenes"):
        problems([card(3.0)] * 3)
    with pytest.raises(ImgEditError, match=r"all 30 lessons have the score 4: .*spoiled_per_edit"):
        problems([card(4.0)] * 30)
    told = problems([card(s) for s in np.linspace(1, 5, 30)])
    assert [line.partition(":")[0] for line in told] == [
        "all lessons are of the class remove",
        "no source image is held out",
    ]
