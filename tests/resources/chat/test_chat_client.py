"""The chat client against the scripted server: answers, money, and everything that goes wrong."""

import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.chat.chat_model import Message
from models.faults import Fault, Reason
from models.geometry import Rgb
from resources.chat.budget import BudgetError
from resources.chat.client import ChatClient
from resources.chat.completions import read_completion
from resources.chat.ledger import FILE
from resources.chat.questions import Question
from resources.chat.server.script import Script
from resources.chat.server.serve import scripted_server
from resources.chat.settings import ChatError, ChatSettings
from resources.engine.metering import metering
from tests.resources.chat.chatting import (
    KEY,
    RUBRIC,
    Grade,
    chatting,
    client_of,
    question,
    questions,
)

FAST = {"retry_after_s": 0.01}


def reasons(answers: list[object]) -> list[Reason | None]:
    return [answer.reason if isinstance(answer, Fault) else None for answer in answers]


def test_answers_come_in_order_and_are_paid_once(tmp_path: Path) -> None:
    rules = [{"prompt": f"case {i}$", "reply": {"score": i / 2}} for i in range(9)]
    with chatting(tmp_path, {"answers": rules}) as (client, server):
        with metering() as first:
            answers = client.answer(questions(9))
        with metering() as second:
            again = client.answer(questions(9))
        journal = server.journal()
        (spending,) = client._opened().ledger.spending()
    assert [answer.score for answer in answers] == [i / 2 for i in range(9)]
    assert again == answers
    assert journal["requests"] == journal["billed"] == 9
    assert 0 < first.paid_usd == first.worth_usd == pytest.approx(spending.usd)
    assert second.paid_usd == 0
    assert second.worth_usd == pytest.approx(first.paid_usd)
    assert (spending.requests, spending.saved_requests) == (9, 9)


def test_cached_input_is_cheaper(tmp_path: Path) -> None:
    prices = {"usd_per_m_cached_input": 0.0, "usd_per_m_output": 0.0}
    with chatting(tmp_path, {}, **prices) as (client, _):
        with metering() as first:
            client.answer([question("one")])
        with metering() as second:
            client.answer([question("two")])
    shared = len(RUBRIC) // 4
    assert first.paid_usd - second.paid_usd == pytest.approx(shared * 2e-6, rel=0.1)


def test_a_free_text_is_asked_for_without_a_form_and_given_back_as_said(tmp_path: Path) -> None:
    script = {"answers": [{"prompt": "Say", "text": "Prompt Compliance: 4"}]}
    with chatting(tmp_path, script, image_format="png") as (client, server):
        pixels = np.zeros((8, 8, 3), np.uint8)
        asked = replace(question(""), messages=_saying("Say", pixels), reply=None)
        (answer,) = client.answer([asked])
        body = Question(asked, client).fields()
        assert server.journal()["requests"] == 1
    assert answer == "Prompt Compliance: 4"
    assert "response_format" not in body
    (message,) = body["messages"]
    assert [part["type"] for part in message["content"]] == ["text", "image_url"]
    assert [*message["content"][1]["image_url"]] == ["url"]


def _saying(*parts: "str | Rgb") -> tuple[Message, ...]:
    return (Message(role="user", parts=parts),)


@pytest.mark.parametrize("usage", ["null", "missing"])
@pytest.mark.parametrize("batch", [False, True])
def test_a_reply_without_a_count_of_tokens_is_kept_at_a_price_unknown(
    tmp_path: Path, usage: str, batch: bool
) -> None:
    with chatting(tmp_path, {"usage": usage}, batch=batch) as (client, server):
        with metering() as paid:
            (answer,) = client.answer([question("one")])
        assert client.answer([question("one")]) == [answer]
        (spending,) = client._opened().ledger.spending()
        requests = server.journal()["requests"]
    assert isinstance(answer, Grade)
    assert paid.paid_usd == 0
    assert (spending.requests, spending.unpriced, spending.usd) == (1, 1, 0)
    assert requests == 1


def test_what_has_no_price_needs_no_count_of_tokens(tmp_path: Path) -> None:
    free = {"usd_per_m_input": 0.0, "usd_per_m_output": 0.0}
    with chatting(tmp_path, {"usage": "null"}, **free) as (client, _):
        client.answer([question("one")])
        (spending,) = client._opened().ledger.spending()
    assert (spending.requests, spending.unpriced) == (1, 0)


@pytest.mark.parametrize("batch", [False, True])
def test_a_budget_that_cannot_be_kept_ends_the_run(tmp_path: Path, batch: bool) -> None:
    with (
        chatting(tmp_path, {"usage": "null"}, batch=batch, budget_usd=1.0) as (client, _),
        pytest.raises(BudgetError, match="does not say how many tokens m took"),
    ):
        client.answer([question("one")])


def test_an_endpoint_of_this_machine_is_asked_past_a_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens there
    with chatting(tmp_path, {}, max_retries=0) as (client, _):
        (answer,) = client.answer([question("one")])
    assert isinstance(answer, Grade)


def test_threads_share_one_client_and_equal_requests_are_asked_once(tmp_path: Path) -> None:
    with chatting(tmp_path, {"latency_s": 0.1}, max_in_flight=16) as (client, server):
        with ThreadPoolExecutor(4) as lanes:
            answers = list(lanes.map(client.answer, [questions(20)] * 4))
        journal = server.journal()
    assert all(each == answers[0] for each in answers)
    assert journal["requests"] == 20
    assert journal["most_in_flight"] <= 16


def test_images_are_shrunk_and_part_of_the_key(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (600, 800, 3), dtype=np.uint8)
    other = image.copy()
    other[0, 0] ^= 1

    def ask(pixels: np.ndarray) -> object:
        message = Message(role="user", parts=("Look", pixels))
        return replace(question("x"), messages=(message,))

    with chatting(tmp_path, {}, max_image_pixels=10_000) as (client, server):
        client.answer([ask(image), ask(other), ask(image)])
        client.answer([ask(other)])
        journal = server.journal()
        reply = client._opened().ledger.spending()[0]
    assert journal["requests"] == 2
    assert reply.tokens_in > 2 * 765


@pytest.mark.parametrize("behaviour", ["invalid_json", "wrong_schema", "length"])
def test_an_unusable_reply_is_asked_for_once_more(tmp_path: Path, behaviour: str) -> None:
    with chatting(tmp_path, {"sequence": [behaviour]}) as (client, server):
        (answer,) = client.answer([question("one")])
        journal = server.journal()
    assert isinstance(answer, Grade)
    assert journal["behaviours"] == {behaviour: 1, "ok": 1}


def test_two_unusable_replies_are_a_reject_that_is_not_paid_again(tmp_path: Path) -> None:
    with chatting(tmp_path, {"sequence": ["wrong_schema"] * 2}) as (client, server):
        (answer,) = client.answer([question("one")])
        (again,) = client.answer([question("one")])
        requests = server.journal()["requests"]
    assert answer == again
    assert answer.reason is Reason.BAD_REPLY
    assert "label" in answer.detail
    assert requests == 2


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("refusal", Reason.REFUSED),
        ("content_filter", Reason.CONTENT_FILTER),
        ("filtered_request", Reason.CONTENT_FILTER),
        ("bad_request", Reason.BAD_ROW),
    ],
)
def test_what_a_model_declines_is_a_reject_at_once(
    tmp_path: Path, behaviour: str, reason: Reason
) -> None:
    with chatting(tmp_path, {"sequence": [behaviour]}) as (client, server):
        answers = client.answer([question("one"), question("two")])
        requests = server.journal()["requests"]
    assert sorted(reasons(answers), key=str) == sorted([reason, None], key=str)
    assert requests == 2


@pytest.mark.parametrize(
    "behaviour", ["rate_limit", "server_error", "unavailable", "drop", "cut_off", "hang"]
)
def test_what_passes_is_tried_again(tmp_path: Path, behaviour: str) -> None:
    script = {**FAST, "sequence": [behaviour] * 2}
    with chatting(tmp_path, script, timeout_s=0.5) as (client, server):
        (answer,) = client.answer([question("one")])
        journal = server.journal()
    assert isinstance(answer, Grade)
    assert (journal["requests"], journal["billed"]) == (3, 1)


def test_a_slow_reply_is_waited_for(tmp_path: Path) -> None:
    script = {"sequence": ["slow_drip"], "drip_s": 0.6}
    with chatting(tmp_path, script, timeout_s=5.0) as (client, server):
        assert isinstance(client.answer([question("one")])[0], Grade)
        assert server.journal()["requests"] == 1


@pytest.mark.parametrize("unit", ["seconds", "milliseconds", "date"])
def test_retry_after_is_honoured_by_all(tmp_path: Path, unit: str) -> None:
    asked_s = 2.0 if unit == "date" else 0.7
    script = {"sequence": ["rate_limit"], "retry_after_s": asked_s, "retry_after_as": unit}
    with chatting(tmp_path, script, max_in_flight=1) as (client, _):
        started = time.monotonic()
        client.answer(questions(3))
        took = time.monotonic() - started
    # A date is cut to whole seconds.
    assert took >= (1.0 if unit == "date" else asked_s)


def test_a_request_that_keeps_failing_is_given_up_and_asked_by_the_next_run(
    tmp_path: Path,
) -> None:
    script = {"sequence": ["server_error"] * 2}
    with chatting(tmp_path, script, max_retries=1) as (client, _):
        (fault,) = client.answer([question("one")])
        (answer,) = client.answer([question("one")])
    assert fault.reason is Reason.MODEL_UNAVAILABLE
    assert fault.reason.is_passing
    assert "500" in fault.detail
    assert isinstance(answer, Grade)


def test_an_endpoint_that_is_down_ends_the_run_and_rejects_nothing(tmp_path: Path) -> None:
    script = {"faults": {"unavailable": 1.0}, **FAST}
    with chatting(tmp_path, script, patience_s=2.0, max_retries=2) as (client, server):
        with pytest.raises(ChatError, match=r"has not answered m since .* run again"):
            client.answer(questions(200))
        assert server.journal()["distinct"] < 200


def test_an_endpoint_that_is_gone_ends_the_run(tmp_path: Path) -> None:
    with scripted_server(Script()) as server:
        client = client_of(server, tmp_path, patience_s=1.0)
        client.answer(questions(3))
        server.process.kill()
        with pytest.raises(ChatError, match="has not answered"):
            client.answer(questions(30, "more"))
        assert len(client.answer(questions(3))) == 3
        client.close()


def test_time_in_which_nothing_is_asked_is_no_outage(tmp_path: Path) -> None:
    script = {"sequence": ["server_error"] * 2, **FAST}
    with chatting(tmp_path, script, patience_s=1.5, max_retries=0) as (client, _):
        first = client.answer([question("one")])
        time.sleep(2.0)
        second = client.answer([question("two")])
    assert reasons(first + second) == [Reason.MODEL_UNAVAILABLE] * 2


def test_an_endpoint_that_comes_back_is_waited_for(tmp_path: Path) -> None:
    script = {"sequence": ["unavailable"] * 60, **FAST}
    with chatting(tmp_path, script, max_retries=1, max_in_flight=16) as (client, _):
        assert reasons(client.answer(questions(30))) == [None] * 30


def test_settings_that_every_request_is_refused_for_end_the_run(tmp_path: Path) -> None:
    with (
        chatting(tmp_path, {"faults": {"bad_request": 1.0}}) as (client, _),
        pytest.raises(ChatError, match="refuses every request"),
    ):
        client.answer(questions(50))


@pytest.mark.parametrize("batch", [False, True])
def test_refusals_are_no_finished_work_while_nothing_was_accepted(
    tmp_path: Path, batch: bool
) -> None:
    with chatting(tmp_path, {"faults": {"bad_request": 1.0}}, batch=batch) as (client, server):
        with pytest.raises(ChatError, match="scripted to be refused"):
            client.answer(questions(2))
        server.play(Script())
        assert reasons(client.answer(questions(2))) == [None, None]


def test_a_key_that_an_endpoint_does_not_take_is_left_out_and_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    refused = ["temperature", "max_completion_tokens", "seed"]
    with chatting(tmp_path, {"refuses": refused}) as (client, server):
        first = client.answer(questions(20))
        asked = server.journal()["requests"]
        again = client.answer(questions(20))
        assert server.journal()["requests"] == asked
    assert reasons(first) == [None] * 20
    assert again == first
    told = [record for record in caplog.records if "does not take" in record.message]
    assert [str(key) for record in told for key in refused if f"take {key}" in record.message] == (
        refused
    )


def test_an_endpoint_without_a_reply_format_is_told_the_form_in_words(tmp_path: Path) -> None:
    grade = '{"label": "good", "score": 3, "words": []}'
    rules = [{"prompt": "Answer with one JSON object", "text": grade}]
    script = {"refuses": ["response_format"], "answers": rules}
    with chatting(tmp_path, script) as (client, _):
        (answer,) = client.answer([question("one")])
    assert answer == Grade(label="good", score=3, words=[])


def test_a_reply_in_parts_with_counts_as_decimals_is_a_reply() -> None:
    parts = [{"type": "text", "text": "one "}, {"type": "text", "text": "two"}]
    usage = {"prompt_tokens": 10.0, "completion_tokens": "many"}
    completion = {"choices": [{"message": {"content": parts}}], "usage": usage}
    reply = read_completion(json.dumps(completion).encode(), "k", ChatSettings(model="m"))
    assert (reply.text, reply.tokens_in, reply.tokens_out) == ("one two", 10, None)


def test_a_wrong_key_ends_the_run_at_once(tmp_path: Path) -> None:
    with chatting(tmp_path, {"key": "another"}, max_in_flight=2) as (client, server):
        with pytest.raises(ChatError, match="OPENAI_API_KEY is not valid there"):
            client.answer(questions(50))
        assert server.journal()["requests"] == 0


def test_a_wrong_model_names_the_remedy(tmp_path: Path) -> None:
    with (
        chatting(tmp_path, {"models": ["other"]}) as (client, _),
        pytest.raises(ChatError, match="no such model, or base_url is wrong"),
    ):
        client.answer(questions(1))


def test_a_missing_key_names_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    client = ChatClient(model="m", ledger=tmp_path)
    with pytest.raises(ChatError, match="set the environment variable OPENAI_API_KEY"):
        client.answer(questions(1))


def test_a_key_in_the_address_is_refused() -> None:
    with pytest.raises(ChatError, match="keys come from") as refused:
        ChatSettings(model="m", base_url=f"https://user:{KEY}@example.org/v1")
    assert KEY not in str(refused.value)


def test_the_key_appears_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    # This server repeats the key in its complaint.
    with chatting(tmp_path / "a", {"key": "another"}) as (client, _):
        with pytest.raises(ChatError) as refused:
            client.answer(questions(1))
        seen = [str(refused.value), repr(refused.value), repr(client), str(client)]
        seen += [str(refused.value.__cause__), str(refused.value.__context__)]
    with chatting(tmp_path / "b", {"faults": {"server_error": 0.2}}) as (client, _):
        client.answer(questions(5))
        seen += [repr(client._opened().ledger.spending()), str(dict(client.params()))]
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert KEY not in "".join([*seen, caplog.text])
    assert KEY.encode() not in kept


def test_replies_that_came_while_the_process_stood_still_are_read(tmp_path: Path) -> None:
    script, settings = {"latency_s": 1.0, "latency_sigma": 0.0}, {"timeout_s": 3.0}
    with (
        chatting(tmp_path, script, **settings, max_in_flight=8) as (client, server),
        ThreadPoolExecutor(1) as aside,
    ):
        answers = aside.submit(client.answer, questions(8))
        while server.journal()["requests"] < 8:
            time.sleep(0.01)
        client._open.loop._started().call_soon_threadsafe(time.sleep, 4.0)
        assert reasons(answers.result()) == [None] * 8
        journal = server.journal()
    assert journal["requests"] == journal["billed"] == 8


def test_a_budget_stops_new_requests_and_says_what_is_left(tmp_path: Path) -> None:
    budget = {"max_in_flight": 4, "budget_usd": 0.05}
    with chatting(tmp_path, {}, **budget) as (client, server):
        with metering() as meter, pytest.raises(BudgetError) as stopped:
            client.answer(questions(500))
        before = server.journal()["requests"]
        richer = client_of(server, tmp_path, budget_usd=5.0)
        answers = richer.answer(questions(500))
        richer.close()
        journal = server.journal()
    assert 0 < before < 500
    assert f"{before} of these 500 requests are answered, {500 - before} are left" in str(
        stopped.value
    )
    assert "Raise budget_usd" in str(stopped.value)
    assert 0.03 < meter.paid_usd <= 0.05
    assert reasons(answers) == [None] * 500
    assert journal["billed"] == 500
    assert not journal["billed_more_than_once"]


def test_a_budget_without_prices_is_refused() -> None:
    with pytest.raises(ChatError, match="usd_per_m_input"):
        ChatSettings(model="m", budget_usd=1.0)


def test_rate_limits_lower_the_number_under_way_and_nothing_is_lost(tmp_path: Path) -> None:
    script = {"latency_s": 0.03, "most_in_flight": 8, **FAST}
    with chatting(tmp_path, script, max_in_flight=64) as (client, server):
        answers = client.answer(questions(300))
        journal = server.journal()
    assert reasons(answers) == [None] * 300
    assert journal["billed"] == 300
    # Without adapting, seven of eight requests at 64 under way would be turned away.
    assert journal["behaviours"]["rate_limit"] < 150


def test_a_server_without_strict_decoding_is_told_the_form_in_words(tmp_path: Path) -> None:
    rule = {"prompt": "JSON schema", "text": '{"label":"good","score":2,"words":[]}'}
    settings = {"reply_format": "text", "omit": ("seed",), "token_limit_key": "max_tokens"}
    with chatting(tmp_path, {"answers": [rule]}, **settings) as (client, _):
        (answer,) = client.answer([question("one")])
    assert answer == Grade(label="good", score=2, words=[])


def test_a_damaged_ledger_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    with chatting(tmp_path, {}) as (client, server):
        (tmp_path / FILE).write_bytes(b"no database" * 1000)
        with pytest.raises(ChatError, match=r"replies\.sqlite cannot be used"):
            client.answer(questions(1))
        assert server.journal()["requests"] == 0


def test_a_proxy_of_the_environment_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with chatting(tmp_path, {}) as (_, server):
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        client = ChatClient(model="m", base_url="http://chat.invalid/v1", ledger=tmp_path)
        assert isinstance(client.answer([question("one")])[0], Grade)
        client.close()
        assert server.journal()["billed"] == 1
