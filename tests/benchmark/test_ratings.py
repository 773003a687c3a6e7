"""People's ratings: taken together, and refused where they contradict each other."""

import json
from pathlib import Path

import pytest

from benchmark.ratings import RatingsError, read_ratings

HEAD = "pair,rater,adherence,quality,preservation,reason\n"


def written(folder: Path, text: str, name: str = "ratings.csv") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_raters_of_a_pair_are_averaged_and_adherence_caps_the_mean(tmp_path: Path) -> None:
    table = written(tmp_path, f"{HEAD}p,ann,2,5,4,half done\np,bob,3,4,4.5,\n")
    more = written(
        tmp_path,
        json.dumps(
            [{"pair": "q", "rater": "ann", "adherence": 4, "quality": 3, "preservation": 5}]
        ),
        "more.json",
    )
    found = read_ratings([table, more])
    label = found.labels["p"]
    assert (label.adherence, label.quality, label.preservation) == (2.5, 2.5, 2.5)
    assert label.reason == "half done"
    assert found.labels["q"].reason == "rated by 1"
    assert found.raters["bob"] == {"p": pytest.approx(11.5 / 3)}
    assert not found.notes


def test_what_is_said_twice_counts_once_and_a_rater_of_one_word_not_at_all(tmp_path: Path) -> None:
    always = "".join(f"p{i},eve,5,5,5,\n" for i in range(5))
    found = read_ratings([written(tmp_path, f"{HEAD}p0,ann,1,2,3,\np0,ann,1,2,3,\n{always}")])
    assert [*found.labels] == ["p0"]
    assert [*found.raters] == ["ann"]
    twice, same = found.notes
    assert twice.startswith("1 ratings are there twice")
    assert same.startswith("eve says 5, 5, 5 of all 5 pairs")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("p,ann,1,2,3,\np,ann,1,2,4,\n", r"line 3: ann rates p 1, 2, 4, and 1, 2, 3 at .*line 2"),
        ("p,ann,6,2,3,\n", r"line 2: adherence is '6'; give a grade from 1 to 5"),
        ("p,ann,1,2.2,3,\n", r"quality is '2.2'"),
        ("p,ann,1,nan,3,\n", r"quality is 'nan'"),
        ("p,,1,2,3,\n", "line 2: give the pair's id and the rater's name"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(
    tmp_path: Path, rows: str, told: str
) -> None:
    with pytest.raises(RatingsError, match=told):
        read_ratings([written(tmp_path, HEAD + rows)])


def test_a_file_of_another_form_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(RatingsError, match="no list of objects"):
        read_ratings([written(tmp_path, '{"pair": "p"}', "a.json")])
    with pytest.raises(RatingsError, match="entry 1: it lacks adherence, preservation, quality"):
        read_ratings([written(tmp_path, '[{"pair": "p", "rater": "a"}]', "b.json")])
