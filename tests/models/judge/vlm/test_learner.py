"""How a Qwen-VL is taught to judge, on debug-size bases and the eight pairs of the trial."""

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("peft")

from models.chat.processing import VlmProcessor
from models.faults import Fault, ImgEditError
from models.judge.judgement import Judgement
from models.judge.learner import load_judge
from models.judge.trial import UntrustworthyJudgeError
from models.judge.vlm.examples import IGNORED, Curriculum, batch_of
from models.judge.vlm.step_flops import step_flops
from models.judge.vlm.training import AnswerTrainer
from models.training.loop import DivergedError
from models.weights import CheckpointError, Weights
from tests.models.judge.vlm.lessons import WRITERS, TrialLessons, learner

ROOT = Path(__file__).parents[4]
LESSONS = TrialLessons()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("qwen2.5-vl")
    WRITERS["qwen2.5-vl"](folder, speaks=False)
    return folder


@pytest.fixture(scope="module")
def taught(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter, from a run that nobody stopped."""
    folder = tmp_path_factory.mktemp("taught")
    learner(base).learn(LESSONS, folder, tell=quiet)
    return folder


def quiet(_: str) -> None:
    pass


def tensors(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    (file,) = folder.glob("*.safetensors")
    return load_file(file)


def curriculum(processor: VlmProcessor, **more: Any) -> Curriculum:
    return Curriculum(
        lessons=LESSONS,
        chosen=range(len(LESSONS)),
        seed=3,
        multiple=processor.multiple_px,
        **{"rows": 3, "min_pixels": 84 * 84, "max_pixels": 112 * 140, **more},
    )


CHILD = """
import sys, time
from pathlib import Path
from tests.models.judge.vlm.lessons import TrialLessons, learner

def tell(said):
    print(said, flush=True)
    if said.startswith(f"step {last} "):
        time.sleep(300)

base, out, last = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
learner(base).learn(TrialLessons(), out, tell=tell)
"""


@pytest.mark.slow
def test_killed_at_any_step_it_comes_to_the_same_bits(
    base: Path, taught: Path, tmp_path: Path
) -> None:
    """With dropout, a schedule and two epochs; what the kill left half written is no matter."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    last = random.randint(1, 3)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(base), str(tmp_path), str(last)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdout
    assert any(line.startswith(f"step {last} ") for line in child.stdout)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (tmp_path / "recipe.json").exists()
    (tmp_path / ".states" / ".writing").mkdir(exist_ok=True, parents=True)
    # TensorBoard tells which of two logs came first by the second in which they began.
    time.sleep(1)
    told: list[str] = []
    learner(base).learn(LESSONS, tmp_path, tell=told.append)
    assert told[0].startswith("going on after step 2") == (last == 3)
    whole, resumed = tensors(taught), tensors(tmp_path)
    assert whole.keys() == resumed.keys()
    assert all((whole[name] == resumed[name]).all() for name in whole)
    assert not (tmp_path / ".states").exists()
    log = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in log.Scalars("loss")] == [1, 2, 3, 4]


def test_a_full_run_that_is_stopped_goes_on_to_the_same_bits(base: Path, tmp_path: Path) -> None:
    def stop(said: str) -> None:
        if said.startswith("step 3 "):
            raise KeyboardInterrupt

    full = learner(base, way="full")
    full.learn(LESSONS, tmp_path / "whole", tell=quiet)
    with pytest.raises(KeyboardInterrupt):
        full.learn(LESSONS, tmp_path / "stopped", tell=stop)
    full.learn(LESSONS, tmp_path / "stopped", tell=quiet)
    whole, resumed, before = (
        tensors(folder) for folder in (tmp_path / "whole", tmp_path / "stopped", base)
    )
    assert all((whole[name] == resumed[name]).all() for name in whole)
    changed = {name for name in whole if (whole[name] != before[name]).any()}
    assert changed
    assert not any("visual" in name for name in changed), "the vision tower stays as it is"


def test_an_adapter_loads_by_the_library_and_as_a_judge(base: Path, taught: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForImageTextToText

    plain = AutoModelForImageTextToText.from_pretrained(base)
    adapted = PeftModel.from_pretrained(plain, taught)
    assert any((p != 0).any() for n, p in adapted.named_parameters() if "lora_B" in n)
    (verdict,) = load_judge(taught).judge([LESSONS[0].request])
    assert isinstance(verdict, Judgement | Fault)
    moved = json.loads((taught / "recipe.json").read_text())
    assert moved["base"]["folder"] == str(base)


def test_a_whole_model_loads_by_the_library_and_is_refused_before_it_can_judge(
    tmp_path: Path,
) -> None:
    from transformers import AutoModelForImageTextToText

    WRITERS["qwen3-vl"](tmp_path / "base", speaks=False)
    told: list[str] = []
    merging = learner(tmp_path / "base", merge=True, recompute=False)
    figures = merging.learn(LESSONS, tmp_path / "out", tell=told.append)
    assert figures["loss"] < float(told[1].rpartition(" ")[2])
    before, after = (
        AutoModelForImageTextToText.from_pretrained(tmp_path / name).state_dict()
        for name in ("base", "out")
    )
    changed = {name for name in before if (before[name] != after[name]).any()}
    assert changed
    assert all("language_model.layers" in name for name in changed)
    with pytest.raises(UntrustworthyJudgeError, match="good: "):
        load_judge(tmp_path / "out").setup()


def test_the_loss_is_of_the_answer_alone_as_the_library_counts_it(base: Path) -> None:
    """Of rows of other lengths, padded on both sides."""
    import torch
    from transformers import AutoModelForImageTextToText

    processor = VlmProcessor(Weights.at(base))
    made = curriculum(processor)
    short, long = made.example(LESSONS[0], 0), made.example(LESSONS[5], 0)
    batch = batch_of([short, long], processor)
    model = AutoModelForImageTextToText.from_pretrained(base).eval()
    trainer = AnswerTrainer(model=model, optimiser=None, pace=None, device="cpu", lower=False)  # type: ignore[arg-type]
    with torch.no_grad():
        ours = float(trainer.loss(batch))
        theirs = 0.0
        for example in (short, long):
            alone = batch_of([example], processor)
            labels = torch.full_like(alone.inputs["input_ids"], IGNORED)
            labels[:, -alone.answers.shape[1] :] = alone.answers
            said = model(**alone.inputs, labels=labels)
            theirs += float(said.loss) * alone.answers.shape[1]
    assert ours == pytest.approx(theirs, rel=1e-4)
    told = processor.text(batch.answers[0].tolist()[: batch.lengths[0][1]])
    assert told == "Reason: So.\nAdherence: 5\nQuality: 5\nPreservation: 5"
    prompt = processor.text(batch.inputs["input_ids"][1].tolist())
    assert prompt.index("Put a pagoda") < prompt.index("assistant\nReason:")


def test_each_epoch_has_each_lesson_once_and_any_step_can_be_the_first(base: Path) -> None:
    processor = VlmProcessor(Weights.at(base))
    made = curriculum(processor, min_pixels=56 * 56, max_pixels=84 * 84)

    def answers(steps: Iterator[list[Any]], count: int) -> list[list[Any]]:
        return [[(e.answer, e.length) for e in step] for step in islice(steps, count)]

    run = answers(made.steps(0), 6)
    assert [len(step) for step in run].count(2) == 2, "eight lessons are three steps, twice"
    epochs = [sorted(each for step in run[at : at + 3] for each in step) for at in (0, 3)]
    assert epochs[0] == epochs[1]
    assert run[:3] != run[3:]
    for start in range(6):
        assert answers(made.steps(start), 6 - start) == run[start:]
    sizes = [
        part.shape[0] * part.shape[1]
        for step in islice(made.steps(0), 3)
        for example in step
        for part in example.message.parts[1:]
        if not isinstance(part, str)
    ]
    assert len(sizes) == 16
    assert all(56 * 56 <= size <= 84 * 84 for size in sizes)


def test_numbers_that_are_not_finite_end_it_and_keep_the_last_good_state(
    base: Path, tmp_path: Path
) -> None:
    rash = learner(base, way="full", learning_rate=1e12, save_every=1, steps=6)
    with pytest.raises(DivergedError, match=r"lower learning_rate than 1e\+12") as ended:
        rash.learn(LESSONS, tmp_path / "out", tell=quiet)
    kept = Path(str(ended.value).partition(" is in ")[2].partition(". ")[0])
    assert all(np.isfinite(tensor).all() for tensor in tensors(kept).values())
    assert not (tmp_path / "out" / "recipe.json").exists()


def test_what_cannot_be_learnt_is_told(base: Path, tmp_path: Path) -> None:
    from models.judge.lesson import is_held_out

    held = next(name for name in map(str, range(99)) if is_held_out(name))
    with pytest.raises(ImgEditError, match="give pairs of more sources"):
        learner(base).learn(TrialLessons(group=held), tmp_path / "held", tell=quiet)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.json").write_text(json.dumps({"model_type": "llama"}))
    with pytest.raises(CheckpointError, match="is a 'llama'"):
        learner(tmp_path / "other").learn(LESSONS, tmp_path / "no", tell=quiet)
    state = tmp_path / "out" / ".states" / "step-00000002"
    state.mkdir(parents=True)
    (state / "state.json").write_text(json.dumps({"step": 2, "recipe": "another"}))
    with pytest.raises(CheckpointError, match="another recipe"):
        learner(base).learn(LESSONS, tmp_path / "out", tell=quiet)


def test_operations_of_a_full_step_are_those_that_torch_counts(base: Path) -> None:
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import AutoModelForImageTextToText

    processor = VlmProcessor(Weights.at(base))
    made = curriculum(processor, min_pixels=112 * 112, max_pixels=112 * 112)
    batch = batch_of([made.example(LESSONS[0], 0)], processor)
    model = AutoModelForImageTextToText.from_pretrained(base, attn_implementation="eager")
    model.requires_grad_(False).model.language_model.requires_grad_(True)
    model.lm_head.requires_grad_(True)
    trainer = AnswerTrainer(model=model, optimiser=None, pace=None, device="cpu", lower=False)  # type: ignore[arg-type]
    with FlopCounterMode(display=False) as counter:
        trainer.loss(batch).backward()
    text, tokens = model.config.text_config, batch.inputs["input_ids"].shape[1]
    # Plain attention computes the half of the square that the causal mask then hides, thrice.
    hidden = 3 * 2 * text.num_hidden_layers * text.hidden_size * tokens * tokens
    assert step_flops(model.config, [batch], full=True) == counter.get_total_flops() - hidden
