import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from models.faults import ImgEditError
from models.judge.judgement import Judgement, JudgeRequest
from models.judge.learner import load_judge
from models.judge.lesson import Lesson, LessonCard, card_of, is_held_out
from models.judge.origin import Origin
from models.judge.pair import MetricJudge
from models.judge.small import learner as learning
from models.judge.small.held_out import rank_correlation
from models.judge.small.judge import SmallJudge
from models.judge.small.learner import STUDIO, SmallLearner
from models.judge.small.scale import mean_of
from models.judge.small.table import Table, pooled
from models.judge.small.weights import FILE, SmallWeights
from models.judge.trial import UntrustworthyJudgeError, trial_cases
from models.weights import CheckpointError

GOOD, COPIED, BLACK, WRONG = range(4)
BAD = Judgement(adherence=1, quality=1, preservation=1, reason="bad")
FINE = Judgement(adherence=5, quality=5, preservation=5, reason="fine")


@dataclass
class SomeLessons:
    lessons: Sequence[Lesson]
    ends_at: int = 10_000
    read: int = 0

    @property
    def cards(self) -> Sequence[LessonCard]:
        return [card_of(lesson) for lesson in self.lessons]

    def __len__(self) -> int:
        return len(self.lessons)

    def __getitem__(self, index: int, /) -> Lesson:
        if self.read == self.ends_at:
            raise KeyboardInterrupt
        self.read += 1
        return self.lessons[index]


def _lessons(n: int, label: Callable[[int], Judgement]) -> list[Lesson]:
    """Lessons of the trial's pairs, over and over, as if of many sources."""
    pairs = [(edit, pair) for case in trial_cases() for edit, pair in enumerate(case)]
    groups = [f"studio://scene/{k}" for k in range(1000) if not is_held_out(f"studio://scene/{k}")]
    return [
        Lesson(
            id=f"lesson {k}",
            request=pairs[k % len(pairs)][1],
            label=label(pairs[k % len(pairs)][0]),
            origin=Origin.ORACLE,
            group=groups[k],
            kind="",
        )
        for k in range(n)
    ]


def _true(edit: int) -> Judgement:
    return FINE if edit == GOOD else BAD


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that learnt the studio's own lessons alone."""
    folder = tmp_path_factory.mktemp("small")
    SmallLearner(trees=25).learn(SomeLessons(()), folder, tell=lambda _: None)
    return folder


def test_the_studios_lessons_make_a_judge_that_beats_the_metric_judge(trained: Path) -> None:
    weights, table = SmallWeights.load(trained), Table.load(STUDIO)
    held = np.array([is_held_out(group) for group in table.groups])
    tried = table.where(held & np.isfinite(table.metric))
    said = pooled(weights.trees.predict(tried.x), tried.pair, tried.at)
    scores = mean_of(weights.scale.spread(said)).mean(axis=1)

    assert rank_correlation(scores, tried.scores) > 0.85
    assert rank_correlation(scores, tried.scores) > rank_correlation(tried.metric, tried.scores)
    assert (np.abs(scores - tried.scores) <= 1).mean() > 0.8
    assert np.abs(scores - tried.scores).mean() < np.abs(tried.metric - tried.scores).mean()


def test_a_good_edit_is_likely_good_and_the_others_are_not(trained: Path) -> None:
    judge = load_judge(trained)
    judge.setup()
    for case in trial_cases():
        verdicts = judge.judge(case)
        assert all(isinstance(verdict, Judgement) for verdict in verdicts)
        good, *others = (v.good_probability for v in verdicts if isinstance(v, Judgement))
        assert good is not None
        assert good > 0.5
        assert all(other is not None and other < good - 0.2 for other in others)


def test_photographs_and_unknown_classes_are_left_to_the_metric_judge(trained: Path) -> None:
    judge, metric = SmallJudge(folder=trained, trial=False), MetricJudge()
    judge.setup()
    drawn = trial_cases()[0][COPIED]
    rng = np.random.default_rng(0)
    grainy = np.clip(drawn.source + rng.normal(0, 9, drawn.source.shape), 0, 255).astype(np.uint8)
    photo = replace(drawn, source=grainy, target=grainy[:, ::-1])
    style = replace(drawn.operations[0], edit_type="style_transfer")
    styled = replace(drawn, edit_type=drawn.edit_types["style_transfer"], operations=(style,))

    assert judge.judge([photo, styled]) == metric.judge([photo, styled])


def test_what_is_no_pair_is_a_fault(trained: Path) -> None:
    judge = SmallJudge(folder=trained, trial=False)
    judge.setup()
    pair = trial_cases()[0][GOOD]
    empty = replace(pair, masks=(np.zeros_like(pair.masks[0]),))

    (answer,) = judge.judge([empty])

    assert answer == MetricJudge().judge([empty])[0]


def _spoilt(trained: Path, folder: Path, change: Callable[[dict[str, np.ndarray]], None]) -> Path:
    shutil.copytree(trained, folder)
    arrays = dict(load_file(folder / FILE))
    change(arrays)
    save_file(arrays, folder / FILE)
    return folder


def test_weights_that_are_no_numbers_are_refused(trained: Path, tmp_path: Path) -> None:
    def spoil(arrays: dict[str, np.ndarray]) -> None:
        arrays["value"][3] = np.nan

    with pytest.raises(CheckpointError, match=r"not finite.*train it again"):
        SmallJudge(folder=_spoilt(trained, tmp_path / "nan", spoil)).setup()


def test_a_judge_that_says_the_same_of_all_is_refused(trained: Path, tmp_path: Path) -> None:
    def flatten(arrays: dict[str, np.ndarray]) -> None:
        arrays["value"][:] = 3

    with pytest.raises(UntrustworthyJudgeError, match="does not put a good edit above"):
        SmallJudge(folder=_spoilt(trained, tmp_path / "flat", flatten)).setup()


@pytest.mark.parametrize(
    "form", [{"kind": "qwen_vl"}, {"form": 0}, {"names": ["one"]}, {"names": ["no"] * 999}]
)
def test_another_architecture_is_refused(
    trained: Path, tmp_path: Path, form: dict[str, object]
) -> None:
    folder = tmp_path / "other"
    shutil.copytree(trained, folder)
    recipe = folder / "recipe.json"
    recipe.write_text(json.dumps(json.loads(recipe.read_text()) | form))

    with pytest.raises(CheckpointError, match="train it again"):
        SmallJudge(folder=folder).setup()


@pytest.mark.parametrize(
    ("n", "label", "told"),
    [
        (8, _true, "8 lessons may be learnt from, and 20 are needed"),
        (24, lambda _: FINE, "nothing is learnt from equal scores"),
        (24, lambda _: replace(FINE, quality=float("nan")), "1 to 5 are grades"),
    ],
)
def test_a_corpus_that_teaches_nothing_is_refused(
    n: int, label: Callable[[int], Judgement], told: str, tmp_path: Path
) -> None:
    with pytest.raises(ImgEditError, match=told):
        SmallLearner(studio=False).learn(
            SomeLessons(_lessons(n, label)), tmp_path, tell=lambda _: None
        )


def test_blank_sources_are_left_out_and_said(tmp_path: Path) -> None:
    lessons = [replace(lesson, request=_blank(lesson.request)) for lesson in _lessons(24, _true)]

    with pytest.raises(ImgEditError, match="24 have a blank source"):
        SmallLearner(studio=False).learn(SomeLessons(lessons), tmp_path, tell=lambda _: None)


def _blank(request: JudgeRequest) -> JudgeRequest:
    return replace(request, source=np.zeros_like(request.source))


def test_a_judge_that_learnt_nonsense_leaves_the_old_one(trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    shutil.copytree(trained, folder)
    before = (folder / FILE).read_bytes()
    swapped = SomeLessons(_lessons(8, lambda edit: BAD if edit == GOOD else FINE))

    with pytest.raises(ImgEditError, match="see whether the labels are right"):
        SmallLearner(trees=10, emphasis=1e4).learn(swapped, folder, tell=lambda _: None)

    assert (folder / FILE).read_bytes() == before
    SmallJudge(folder=folder).setup()


def test_a_killed_training_goes_on_to_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "_KEPT_EVERY", 3)
    learner, lessons = SmallLearner(trees=10), _lessons(8, _true)
    learner.learn(SomeLessons(lessons), tmp_path / "whole", tell=lambda _: None)
    with pytest.raises(KeyboardInterrupt):
        learner.learn(SomeLessons(lessons, ends_at=5), tmp_path / "killed", tell=lambda _: None)

    again = SomeLessons(lessons)
    learner.learn(again, tmp_path / "killed", tell=lambda _: None)

    assert again.read == 5
    whole, killed = (load_file(tmp_path / name / FILE) for name in ("whole", "killed"))
    assert all(np.array_equal(whole[name], killed[name]) for name in whole)
