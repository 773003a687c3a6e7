"""The Batch API against the scripted server."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from models.faults import Fault, Reason
from resources.chat.batch_files import request_files
from resources.chat.budget import BudgetError
from resources.chat.client import ChatClient
from resources.chat.questions import Question
from resources.chat.settings import ChatError, ChatSettings
from resources.engine.metering import metering
from tests.resources.chat.chatting import Grade, chatting, client_of, question, questions

BATCH = {"batch": True, "batch_poll_s": 0.05}


def test_a_batch_costs_half_and_fills_the_ledger(tmp_path: Path) -> None:
    with chatting(tmp_path / "live", {}) as (live, _), metering() as full:
        expected = live.answer(questions(40))
    with chatting(tmp_path / "batch", {}, **BATCH) as (client, server):
        with metering() as half:
            answers = client.answer(questions(40))
        client.answer(questions(40))
        journal = server.journal()
    assert [type(a) for a in answers] == [type(e) for e in expected] == [Grade] * 40
    assert half.paid_usd == pytest.approx(full.paid_usd / 2, rel=0.3)
    assert journal["requests"] == journal["billed"] == 40


def test_unusable_replies_go_into_a_second_batch(tmp_path: Path) -> None:
    script = {"sequence": ["ok", "invalid_json", "refusal", "ok", "ok"]}
    with chatting(tmp_path, script, **BATCH) as (client, server):
        answers = client.answer(questions(4))
        assert server.journal()["requests"] == 5
    assert [isinstance(a, Grade) for a in answers] == [True, True, False, True]
    assert answers[2].reason is Reason.REFUSED


def test_lines_that_fail_are_rejects(tmp_path: Path) -> None:
    script = {"sequence": ["filtered_request", "bad_request", "server_error", "ok"]}
    with chatting(tmp_path, script, **BATCH) as (client, server):
        first = client.answer(questions(4))
        second = client.answer(questions(4))
        requests = server.journal()["requests"]
    assert [a.reason for a in first[:3]] == [
        Reason.CONTENT_FILTER,
        Reason.BAD_ROW,
        Reason.MODEL_UNAVAILABLE,
    ]
    assert [isinstance(a, Grade) for a in second] == [True] * 4
    assert requests == 4 + 3


@pytest.mark.parametrize("end", ["expired", "cancelled"])
def test_a_batch_that_ends_early_keeps_what_it_paid(tmp_path: Path, end: str) -> None:
    with chatting(tmp_path, {"batch_end": end}, **BATCH) as (client, server):
        answers = client.answer(questions(10))
        live = client_of(server, tmp_path)
        assert all(isinstance(a, Grade) for a in live.answer(questions(10)))
        live.close()
        assert server.journal()["requests"] == 10
    late = [a for a in answers if isinstance(a, Fault)]
    assert [a.reason for a in late] == [Reason.MODEL_UNAVAILABLE] * 5


def test_a_batch_that_fails_ends_the_run_with_its_reason(tmp_path: Path) -> None:
    with (
        chatting(tmp_path, {"batch_end": "failed"}, **BATCH) as (client, _),
        pytest.raises(ChatError, match=r"did not accept the batch .* scripted to fail"),
    ):
        client.answer(questions(3))


@pytest.mark.parametrize("is_named", [True, False])
def test_a_killed_run_picks_its_batch_up(tmp_path: Path, is_named: bool) -> None:
    with chatting(tmp_path, {"batch_s": 0.5}, **BATCH) as (client, server):
        _submit_and_forget(client, is_named=is_named)
        answers = client.answer(questions(6))
        ledger = client._opened().ledger
        left = ledger.pending_batches(client.url, "m")
        (spending,) = ledger.spending()
        journal = server.journal()
    assert all(isinstance(a, Grade) for a in answers)
    assert journal["billed"] == spending.requests == 6
    assert left == []


def _submit_and_forget(client: ChatClient, *, is_named: bool) -> None:
    """Leave what a process leaves that is killed after, or just before, it notes a batch's name."""
    line = client._opened()
    (file,) = request_files([Question(q, client) for q in questions(6)])
    pending = client._open.loop.run(line._batches._submitted(file))
    if not is_named:
        line.ledger.name_batch(pending.tag, "")


def test_a_batch_that_was_noted_and_never_submitted_is_asked(tmp_path: Path) -> None:
    with chatting(tmp_path, {}, **BATCH) as (client, server):
        key = Question(question("case 0"), client).key
        ledger = client._opened().ledger
        ledger.begin_batch("lost", client.url, "m", [key], 0.0)
        assert isinstance(client.answer(questions(1))[0], Grade)
        assert ledger.pending_batches(client.url, "m") == []
        assert server.journal()["billed"] == 1


def test_a_budget_bounds_a_batch(tmp_path: Path) -> None:
    with chatting(tmp_path, {}, budget_usd=0.05, **BATCH) as (client, server):
        with pytest.raises(BudgetError) as stopped:
            client.answer(questions(500))
        asked = server.journal()["requests"]
    assert 0 < asked < 500
    assert f"{asked} of these 500 requests are answered" in str(stopped.value)


def test_lanes_share_the_budget_of_batches(tmp_path: Path) -> None:
    with chatting(tmp_path, {}, budget_usd=0.05, **BATCH) as (client, server):
        with ThreadPoolExecutor(2) as lanes:
            both = [lanes.submit(client.answer, questions(500, name)) for name in ("one", "two")]
        assert all(isinstance(each.exception(), BudgetError) for each in both)
        together = server.journal()["requests"]
    with chatting(tmp_path / "alone", {}, budget_usd=0.05, **BATCH) as (client, server):
        with pytest.raises(BudgetError):
            client.answer(questions(500, "one"))
        alone = server.journal()["requests"]
    assert together < 1.5 * alone


def test_files_keep_within_the_limits() -> None:
    settings = ChatSettings(model="m")
    asked = [Question(q, settings) for q in questions(50)]
    whole = list(request_files(asked))
    by_number = list(request_files(asked, most_requests=20))
    line = len(whole[0].data) // 50
    by_size = list(request_files(asked, most_bytes=10 * line + line // 2))
    assert [len(f.keys) for f in by_number] == [20, 20, 10]
    assert [len(f.keys) for f in by_size] == [10] * 5
    assert b"".join(f.data for f in by_size) == whole[0].data
    assert [k for f in by_size for k in f.keys] == [q.key for q in asked]
