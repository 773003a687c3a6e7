"""CSV and Label Studio's JSON, both ways; and what others read of the CSV."""

import json
from pathlib import Path

import pytest

from benchmark.multiturn.raters import read_form
from benchmark.ratings import read_ratings
from benchmark.votes import read_votes
from imgedit_assets.rating.answers import Mode, RatingError
from imgedit_assets.rating.campaigns import Opened, answered, join, keep, opened
from imgedit_assets.rating.label_studio import configuration, read_label_studio, write_label_studio
from imgedit_assets.rating.plan import Task
from imgedit_assets.rating.tables import as_table, from_table
from resources.schema import Rating
from resources.store import Store
from tests.imgedit_assets.rating.conftest import put_campaign

ANSWERS = {
    Mode.SCORES: (("2", "5", "4"), ("1", "1", "1"), ()),
    Mode.PAIRS: (("first",), ("neither",), ()),
    Mode.TURNS: (("yes", "no"), ("no", "no"), ()),
}


def filled(store: Store, mode: Mode) -> Opened:
    """Ann's three answers, of which one skips and one is on a check, and a repeat."""
    campaign = put_campaign(store, mode, n=2, n_checks=1, seats=1, overlap=1)
    ann, _ = join(store, campaign, "ann")
    now = opened(store, campaign)
    first, second, check = now.items
    tasks = [
        Task(item=item, showing=showing, flipped=mode is Mode.PAIRS and item is first)
        for item, showing in ((first, 0), (check, 0), (second, 0), (first, 1))
    ]
    said = (*ANSWERS[mode], ANSWERS[mode][0])
    keep(
        store,
        [
            answered(mode, ann, task, answers, ms=1234, note='=hm, "so"')
            for task, answers in zip(tasks, said, strict=True)
        ],
    )
    return opened(store, campaign)


def told(ratings: object) -> set[tuple[object, ...]]:
    """All of ratings but when they were given."""
    assert isinstance(ratings, tuple | list)
    return {(r.id, r.rater_id, r.flipped, r.answers, r.note, r.ms) for r in ratings}


@pytest.mark.parametrize("mode", list(Mode))
def test_a_table_says_all_and_others_read_what_counts_of_it(
    store: Store, tmp_path: Path, mode: Mode
) -> None:
    now = filled(store, mode)
    path = tmp_path / "ratings.csv"
    path.write_text(as_table(now), "utf-8")
    assert told(from_table(store, now, path)) == told(now.ratings)
    if mode is Mode.SCORES:
        found = read_ratings([path])
        assert {pair: label.adherence for pair, label in found.labels.items()} == {"pair0": 2.0}
    elif mode is Mode.PAIRS:
        (vote,) = read_votes(path)
        # The second result stood on the left, and the right one was preferred.
        assert (vote.first, vote.second, vote.winner) == ("oracle", "e1", "second")
        assert vote.cluster == "image0"
    else:
        votes = [(vote.case_id, vote.turn, vote.yes) for vote in read_form(path)]
        assert votes == [("case0", 1, True), ("case0", 2, False)]


@pytest.mark.parametrize("mode", list(Mode))
def test_label_studio_gets_blind_tasks_and_gives_back_what_was_said(
    store: Store, tmp_path: Path, mode: Mode
) -> None:
    now = filled(store, mode)
    folder = tmp_path / "tasks"
    n = write_label_studio(now, folder, lambda version: version.encode(), prefix="here")
    tasks = json.loads((folder / "tasks.json").read_text("utf-8"))
    assert n == len(tasks) == (6 if mode is Mode.TURNS else 3)
    assert "e1" not in json.dumps([task["data"] for task in tasks])
    for task in tasks:
        for name, address in task["data"].items():
            if f'<Image name="{name}"' in configuration(mode):
                file = folder / str(address).removeprefix("/data/local-files/?d=here/")
                assert file.read_bytes() in (b"s", b"t", b"u")
    again = read_label_studio(store, now, folder / "tasks.json")
    first = [rating for rating in now.ratings if not rating.showing]
    expected = {(r.item_id, r.answers, r.note if r.answers else "", r.ms) for r in first}
    assert {(r.item_id, r.answers, r.note, r.ms) for r in again} == expected
    # A dialogue whose last turn is still to be answered is no rating yet.
    tasks[-1]["annotations"] = []
    (folder / "tasks.json").write_text(json.dumps(tasks))
    assert len(read_label_studio(store, now, folder / "tasks.json")) == len(again) - 1


def test_an_export_of_label_studio_is_read_with_its_users_numbers(
    store: Store, tmp_path: Path
) -> None:
    now = opened(store, put_campaign(store))
    item = now.items[0].id
    # As its documentation shows a completed task.
    result = [
        {
            "from_name": name,
            "to_name": "result",
            "type": "rating",
            "id": "x",
            "origin": "manual",
            "value": {"rating": grade},
        }
        for name, grade in (("adherence", 4), ("quality", 3), ("preservation", 5))
    ]
    annotation = {"id": 9, "completed_by": 10, "result": result, "lead_time": 4.288, "task": 1}
    task = {"id": 1, "data": {"item": item}, "annotations": [annotation], "predictions": []}
    path = tmp_path / "export.json"
    path.write_text(json.dumps([task]))
    (rating,) = read_label_studio(store, now, path)
    assert (rating.answers, rating.ms) == (("4", "3", "5"), 4288)
    assert [rater.name for rater in opened(store, now.campaign).raters] == ["user 10"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("item,rater,adherence,quality,preservation\nx,ann,1,2,3\n", "'x' is no item of"),
        ("item,rater,adherence,quality,preservation\n{0},ann,1,2,9\n", "line 2: 1, 2, 9: answer"),
        (
            "item,rater,adherence,quality,preservation\n{0},,1,2,3\n",
            "line 2: give the rater a name",
        ),
    ],
)
def test_what_is_no_rating_is_refused_whole(
    store: Store, tmp_path: Path, text: str, told: str
) -> None:
    now = opened(store, put_campaign(store))
    path = tmp_path / "bad.csv"
    path.write_text(text.format(now.items[0].id))
    with pytest.raises(RatingError, match=told):
        from_table(store, now, path)
    path.write_text('[{"data": 1}]')
    with pytest.raises(RatingError, match="export JSON"):
        read_label_studio(store, now, path)
    assert not store.select(Rating)
    assert not opened(store, now.campaign).raters
