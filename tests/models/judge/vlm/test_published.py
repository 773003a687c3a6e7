"""Published judges as backends of the role, with debug-size checkpoints in their layouts."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("peft")

from models.chat.vlm import LocalVlm
from models.faults import Fault
from models.hosting import SoloHost
from models.judge.judgement import Judgement, JudgeRequest
from models.judge.trial import UntrustworthyJudgeError, trial_cases
from models.judge.vlm.editscore import EditScoreJudge
from models.judge.vlm.judge import ImgEditJudge
from models.judge.vlm.reward import RewardJudge, expected_grade
from models.runtime import Runtime
from models.weights import CheckpointError, Weights
from models.zoo.build import build_zoo
from tests.models.judge.vlm.lessons import Sayings

EXACT = Runtime(dtype="float32")


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zoo")
    list(build_zoo(folder, ("qwen2.5-vl", "qwen3-vl", "editscore-adapter", "editreward")))
    return folder


@pytest.fixture(scope="module")
def pairs() -> list[JudgeRequest]:
    """Small ones: a good edit and a black one."""
    good, _, black, _ = trial_cases()[0]
    return [good, black]


def vlm(folder: Path, **more: Any) -> LocalVlm:
    more = {"runtime": EXACT, "min_pixels": 64 * 64, "max_pixels": 128 * 128, **more}
    return LocalVlm(weights=Weights.at(folder), host=SoloHost(), string_chars=24, **more)


def test_imgedit_judge_is_asked_by_the_task_and_read_by_its_labels(
    pairs: list[JudgeRequest],
) -> None:
    said = (
        "Brief reasoning: The pagoda is gone.\n\nPrompt Compliance: 5\nVisual Naturalness: 3\n"
        "Physical & Detail Integrity: 4"
    )
    chat = Sayings(said, said.replace(": 4", ": 4/5"))
    read, odd = ImgEditJudge(chat=chat, trial=False).judge(pairs)

    assert read == Judgement(adherence=5, quality=3, preservation=4, reason="The pagoda is gone.")
    assert isinstance(odd, Fault)
    assert "Physical & Detail Integrity is '4/5'" in odd.detail
    rubric, source, target = chat.asked[0].messages[0].parts
    assert "Visual Naturalness: <1 to 5>" in rubric
    assert "Remove the pagoda." in rubric
    assert source is pairs[0].source
    assert target is pairs[0].target


def editscore(score: list[float]) -> str:
    return json.dumps({"reasoning": f"It is {score[0]:g}.", "score": score})


def test_editscore_is_the_published_formula_over_the_passes(pairs: list[JudgeRequest]) -> None:
    chat = Sayings(
        *(editscore([20, 25]), editscore([16, 24])),  # sqrt(20 * 16) / 2.5 = 7.155
        *(f"||V^=^V||\n{editscore([5, 10])}", editscore([20, 20])),  # sqrt(5 * 20) / 2.5 = 4
        *(editscore([26, 10]), editscore([20, 20])),
    )
    (verdict,) = EditScoreJudge(chat=chat, passes=3, trial=False).judge(pairs[:1])
    assert isinstance(verdict, Judgement)
    assert verdict.reason.startswith("EditScore 5.58 of 10, mean of 2 of 3 passes")
    assert verdict.adherence == 1 + 4 * 12.5 / 25
    assert verdict.quality == 1 + 4 * 18 / 25
    assert verdict.preservation == 1 + 4 * 17.5 / 25
    seen = [[p for p in r.messages[0].parts if not isinstance(p, str)] for r in chat.asked]
    assert [len(images) for images in seen] == [2, 1] * 3
    assert seen[1][0] is pairs[0].target
    assert [request.seed for request in chat.asked] == [42, 42, 43, 43, 44, 44]


def test_editscore_answers_with_its_adapter(zoo: Path, pairs: list[JudgeRequest]) -> None:
    """What an untrained one says is no JSON, which is a fault of the pair."""
    adapted = Runtime(dtype="float32", loras=(str(zoo / "editscore-adapter"),))
    judges = [
        EditScoreJudge(
            chat=vlm(zoo / "qwen3-vl", runtime=way), temperature=0.0, max_tokens=8, trial=False
        )
        for way in (adapted, EXACT)
    ]
    asked = [judges[0]._asked((message, 0)) for message in judges[0]._questions(pairs[0])]
    with_it, bare = (judge.chat.answer(asked) for judge in judges)
    assert with_it != bare
    (fault,) = judges[0].judge(pairs[:1])
    assert isinstance(fault, Fault)
    assert judges[0].params() != judges[1].params()


def test_an_adapter_of_zeros_is_refused(
    zoo: Path, pairs: list[JudgeRequest], tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(zoo / "editscore-adapter", tmp_path / "untrained")
    file = folder / "adapter_model.safetensors"
    zeros = {n: t * ("lora_A" in n) for n, t in load_file(file).items()}
    save_file(zeros, file, metadata={"format": "pt"})
    chat = vlm(zoo / "qwen3-vl", runtime=Runtime(dtype="float32", loras=(str(folder),)))
    with pytest.raises(CheckpointError, match="untrained is all zeros"):
        EditScoreJudge(chat=chat).setup()


def reward(zoo: Path, weights: Path | None = None, **more: Any) -> RewardJudge:
    return RewardJudge(
        weights=Weights.at(weights or zoo / "editreward"),
        base=Weights.at(zoo / "qwen2.5-vl"),
        host=SoloHost(),
        runtime=EXACT,
        pixels=112 * 112,
        **more,
    )


def test_a_reward_is_what_the_published_network_computes(
    zoo: Path, pairs: list[JudgeRequest]
) -> None:
    """By the publishers' own way: the token is written behind the question, and looked for."""
    import torch
    from safetensors.torch import load_file
    from transformers import AutoProcessor

    from models.chat.pictures import fitted
    from models.chat.prompts import prompt_file
    from models.judge.vlm.reward_model import RewardSpec

    judge = reward(zoo, following=((-3.0, 1.0), (3.0, 5.0)), trial=False)
    together = judge.judge(pairs)
    assert together[0] != together[1]

    processor = AutoProcessor.from_pretrained(zoo / "qwen2.5-vl")
    processor.tokenizer.add_special_tokens({"additional_special_tokens": ["<|Reward|>"]})
    question = prompt_file("models.judge.vlm", "reward.toml")["following"].strip()
    told = question.replace("<instruction>", pairs[0].instruction) + "<|Reward|>"
    content = [{"type": "image"}, {"type": "image"}, {"type": "text", "text": told}]
    text = processor.apply_chat_template([{"role": "user", "content": content}], tokenize=False)
    images = [
        fitted(image, min_pixels=112 * 112, max_pixels=112 * 112, multiple=28)
        for image in (pairs[0].source, pairs[0].target)
    ]
    inputs = processor(text=[text], images=images, do_resize=False, return_tensors="pt")
    loaded = RewardSpec(weights=judge.weights, base=judge.base, runtime=EXACT).load("cpu")
    with torch.no_grad():
        states = loaded.model(**inputs).last_hidden_state
        at = inputs["input_ids"][0] == processor.tokenizer.convert_tokens_to_ids("<|Reward|>")
        state = states[0, at][0]
        tensors = load_file(zoo / "editreward" / "model.safetensors")
        for place in (0, 3, 5):
            weight, bias = (tensors[f"rm_heads.head_0.{place}.{p}"] for p in ("weight", "bias"))
            state = weight @ state + bias
            state = state if place == 5 else state.relu()
    (verdict,) = judge.judge(pairs[:1])
    assert isinstance(verdict, Judgement)
    said = expected_grade(state.double().numpy(), judge.following)
    assert verdict.adherence == verdict.preservation == pytest.approx(said, abs=1e-3)
    assert together[0].adherence == pytest.approx(verdict.adherence, abs=1e-3)


def test_an_unsure_reward_is_drawn_to_the_middle_and_a_sure_one_is_the_calibration() -> None:
    points = ((-3.0, 1.0), (2.0, 5.0))
    sure = expected_grade(np.asarray((2.0, -20.0)), points)
    assert sure == pytest.approx(5)
    draws = 2.0 + np.random.default_rng(0).normal(size=200_000)
    mean = float(np.interp(draws, *zip(*points, strict=True)).mean())
    assert expected_grade(np.asarray((2.0, 0.0)), points) == pytest.approx(mean, abs=0.03)


def test_what_is_no_reward_model_is_refused(zoo: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    with pytest.raises(CheckpointError, match="no head_0 that answers with two numbers"):
        reward(zoo, zoo / "qwen2.5-vl").setup()
    tensors = load_file(zoo / "editreward" / "model.safetensors")
    lost = next(name for name in tensors if name.endswith("layers.1.mlp.up_proj.weight"))
    del tensors[lost]
    (tmp_path / "cut").mkdir()
    save_file(tensors, tmp_path / "cut" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"lacks 1 tensors: .*layers\.1\.mlp\.up_proj"):
        reward(zoo, tmp_path / "cut").setup()
    with pytest.raises(ValueError, match="ascending rewards"):
        reward(zoo, following=((2.0, 5.0), (-3.0, 1.0)))


def test_random_weights_do_not_pass_the_trial(zoo: Path) -> None:
    with pytest.raises(UntrustworthyJudgeError, match=r"copied: \d\.\d\d \(adherence"):
        reward(zoo).setup()
