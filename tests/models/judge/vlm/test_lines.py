"""Judges that answer in lines: how they are asked, and what their answers and odds come to."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from models.chat.chat_model import Message
from models.chat.generation import VlmSpec, Wish, generate
from models.chat.processing import processor_of
from models.chat.vlm import Choice, Watched
from models.faults import FaultError, ImgEditError
from models.hosting import SoloHost
from models.judge.judgement import Judgement
from models.judge.labels import GRADES
from models.judge.trial import trial_cases
from models.judge.vlm.judge import LinesJudge
from models.judge.vlm.lines import OWN, form_of, question, read_odds
from models.runtime import Runtime
from models.weights import Weights
from models.zoo.vlms import BUILDERS
from tests.models.judge.vlm.lessons import Sayings

PAIR = trial_cases()[0][0]


def said(*grades: object, reason: str = "It is gone.") -> str:
    lines = (f"{label}: {grade}" for label, grade in zip(OWN.values(), grades, strict=True))
    return "\n".join([f"Reason: {reason}", *lines])


def test_passes_have_seeds_of_their_own_and_the_mean_of_what_can_be_read() -> None:
    chat = Sayings(said(5, 4, 5), said(4, 4, "5/5"), said(2, 4, 4), said(3, 3, 3))
    judge = LinesJudge(chat=chat, passes=4, seed=7, trial=False)
    (verdict,) = judge.judge([PAIR])
    assert isinstance(verdict, Judgement)
    assert (verdict.adherence, verdict.quality, verdict.preservation) == (10 / 3, 11 / 3, 4)
    assert verdict.reason == "Mean of 3 of 4 passes; one says: It is gone."
    assert [request.seed for request in chat.asked] == [7, 8, 9, 10]
    assert {request.temperature for request in chat.asked} == {0.7}

    once = Sayings(said(1, 1, 1))
    LinesJudge(chat=once, trial=False).judge([PAIR])
    assert once.asked[0].temperature == 0
    assert judge.params() != LinesJudge(chat=chat, trial=False).params()


def test_the_text_comes_before_source_edit_and_reference() -> None:
    pair = replace(PAIR, reference=PAIR.source[:8])
    text, *images = question(pair, "own", {}).parts
    assert [id(image) for image in images] == [id(pair.source), id(pair.target), id(pair.reference)]
    assert pair.edit_type.rubric.quality in text
    assert "a third is the reference image" in text
    own = {"remove": "Judge this: <edit_prompt>"}
    assert question(PAIR, "imgedit", own).parts[0] == "Judge this: Remove the pagoda."
    with pytest.raises(FaultError, match='use lines = "own"'):
        form_of(replace(PAIR, edit_type=PAIR.edit_types["visual_edit"], operations=()), "imgedit")


def test_the_odds_of_all_grades_count_where_each_was_given() -> None:
    text = said(5, 4, 1, reason="5 things are gone.")
    odds = {
        "Reason: ": (0.0, 0.0, 0.0, 0.0, 1.0),
        said(5, 4, 1, reason="5 things are gone.").partition("5\n")[0]: (0.0, 0.0, 0.0, 0.5, 0.5),
        text.partition("4\n")[0]: (0.0, 0.25, 0.25, 0.5, 0.0),
        text.removesuffix("1"): (0.75, 0.25, 0.0, 0.0, 0.0),
    }
    watched = Watched(
        text=text, choices=tuple(Choice(before=at, odds=share) for at, share in odds.items())
    )
    verdict = read_odds(watched, OWN)
    assert (verdict.adherence, verdict.quality, verdict.preservation) == (4.5, 3.25, 1.25)
    assert verdict.reason == "5 things are gone."
    with pytest.raises(FaultError, match="Quality is '9'"):
        read_odds(Watched(text=said(5, 9, 1), choices=()), OWN)


def test_an_endpoint_tells_no_odds(recorded: Callable[..., Any]) -> None:
    with pytest.raises(ImgEditError, match='use scores = "text"'):
        LinesJudge(chat=recorded(), scores="expected").setup()


def test_a_local_model_tells_the_odds_that_the_library_computes(tmp_path: Path) -> None:
    """At each place of its answer, drawn or not."""
    import torch
    from transformers import AutoModelForImageTextToText

    BUILDERS["qwen3-vl"](tmp_path)
    weights = Weights.at(tmp_path)
    processor = processor_of(weights)
    picture = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    inputs = dict(processor.inputs([(Message(role="user", parts=("Where?", picture)),)]))
    watch = [processor.token(grade) for grade in GRADES]
    wish = Wish(matcher=None, seed=3, temperature=2.0)
    with SoloHost().use(VlmSpec(weights=weights, runtime=Runtime(dtype="float32"))) as loaded:
        (said,) = generate(loaded, inputs, [wish], ends=processor.ends, max_tokens=4, watch=watch)
    more = torch.tensor([said.tokens])
    inputs["input_ids"] = torch.cat([inputs["input_ids"], more], 1)
    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
    kinds = [inputs["mm_token_type_ids"], torch.zeros_like(more)]
    inputs["mm_token_type_ids"] = torch.cat(kinds, 1)
    network = AutoModelForImageTextToText.from_pretrained(tmp_path).eval()
    with torch.no_grad():
        logits = network(**inputs, logits_to_keep=len(said.tokens) + 1).logits[0, :-1]
    assert len(said.odds) == len(said.tokens) == 4
    assert np.allclose(said.odds, logits[:, watch].softmax(-1), atol=1e-4)
