"""Two thousand requests through every kind of fault: one end each, and nothing paid twice."""

from collections import Counter
from pathlib import Path

import pytest

from models.faults import Fault, Reason
from tests.resources.chat.chatting import Grade, chatting, questions

N = 2000
FAULTS = {
    **{"rate_limit": 0.01, "unavailable": 0.01, "server_error": 0.02, "drop": 0.035},
    **{"cut_off": 0.03, "hang": 0.005, "slow_drip": 0.02, "invalid_json": 0.02},
    **{"wrong_schema": 0.02, "refusal": 0.01, "content_filter": 0.01, "length": 0.01},
}
SCRIPT = {
    **{"latency_s": 0.02, "latency_sigma": 0.5, "retry_after_s": 0.02, "drip_s": 0.3},
    **{"faults": FAULTS, "seed": 7},
}


@pytest.mark.slow
def test_every_request_ends_once_and_none_is_paid_twice(tmp_path: Path) -> None:
    assert 0.199 < sum(FAULTS.values()) < 0.201
    with chatting(tmp_path, SCRIPT, timeout_s=2.0, max_in_flight=64) as (client, server):
        answers = client.answer(questions(N))
        journal = server.journal()
        again = client.answer(questions(N))
        after = server.journal()
        (spending,) = client._opened().ledger.spending()
    ends = Counter(a.reason if isinstance(a, Fault) else "answer" for a in answers)
    assert len(answers) == N
    assert all(isinstance(a, Grade | Fault) for a in answers)
    assert set(journal["behaviours"]) == {*FAULTS, "ok"}
    assert set(ends) <= {
        "answer",
        Reason.REFUSED,
        Reason.CONTENT_FILTER,
        Reason.BAD_REPLY,
        Reason.MODEL_UNAVAILABLE,
    }
    assert ends["answer"] > 0.95 * N
    assert not journal["billed_more_than_once"]
    assert journal["most_in_flight"] <= 64
    assert after["billed_more_than_once"] == []
    # Faults that pass apart, nothing was asked again, and the ledger knows of every bill.
    assert after["requests"] - journal["requests"] <= 10 * ends[Reason.MODEL_UNAVAILABLE]
    assert spending.requests == after["billed"]
    assert [b for a, b in zip(answers, again, strict=True) if a != b] == [
        b
        for a, b in zip(answers, again, strict=True)
        if isinstance(a, Fault) and a.reason is Reason.MODEL_UNAVAILABLE
    ]
