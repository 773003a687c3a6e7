"""The chat client against a local server with 200 ms latency, and against a pool of threads."""

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Literal

from gates import Measured, alternating

from models.chat.chat_model import ChatRequest, Message
from models.chat.replies import StrictReply, read_reply, strict_schema
from resources.chat.client import ChatClient
from resources.chat.server.script import Script
from resources.chat.server.serve import scripted_server

LATENCY_S = 0.2
IN_FLIGHT = 64
THREADS = 32
IDEAL_PER_S = IN_FLIGHT / LATENCY_S
ROUND_TRIPS = 40
"""8 s: the first and the last round trip, which overlap with nothing, weigh little."""
ROUNDS = 3
RUBRIC = "Give each criterion a grade by the rubric, after one sentence that says why. " * 16


class Grade(StrictReply):
    """A reply of a judge's size."""

    label: Literal["good", "bad"]
    reason: str
    score: float
    """1 to 5."""


def _questions(n: int, run: int) -> list[ChatRequest]:
    return [
        ChatRequest(
            messages=(
                Message(role="system", parts=(RUBRIC,)),
                Message(role="user", parts=(f"Case {i} of run {run}.",)),
            ),
            reply=Grade,
        )
        for i in range(n)
    ]


def _ours(client: ChatClient, n: int, run: Iterator[int]) -> float:
    asked = _questions(n, next(run))
    started = time.perf_counter()
    answers = client.answer(asked)
    took = time.perf_counter() - started
    assert all(isinstance(answer, Grade) for answer in answers)
    return took


def _theirs(base_url: str, n: int, run: Iterator[int]) -> float:
    """The SDK as its documentation shows it, in a pool of threads, without ledger or retries."""
    from openai import OpenAI

    asked = _questions(n, next(run))
    form = {"name": "Grade", "strict": True, "schema": strict_schema(Grade)}

    def ask(request: ChatRequest) -> Grade:
        roles: Sequence[Any] = [
            {"role": m.role, "content": "".join(map(str, m.parts))} for m in request.messages
        ]
        made = sdk.chat.completions.create(
            model="m",
            messages=roles,
            response_format={"type": "json_schema", "json_schema": form},
        )
        return read_reply(made.choices[0].message.content or "", Grade)

    with (
        OpenAI(base_url=base_url, api_key="none", max_retries=0) as sdk,
        ThreadPoolExecutor(THREADS) as pool,
    ):
        started = time.perf_counter()
        assert len(list(pool.map(ask, asked))) == n
        return time.perf_counter() - started


def chat_client() -> Iterator[Measured]:
    """Requests a second with 64 in flight: of the ideal, and of a pool of 32 threads."""
    n, threads_n, run = IN_FLIGHT * ROUND_TRIPS, THREADS * ROUND_TRIPS, count()
    settings: dict[str, Any] = {"model": "m", "key_env": "", "max_in_flight": IN_FLIGHT}
    with (
        scripted_server(Script(latency_s=LATENCY_S)) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        client = ChatClient(base_url=server.base_url, ledger=Path(folder), **settings)
        ours_s, theirs_s = alternating(
            partial(_ours, client, n, run),
            partial(_theirs, server.base_url, threads_n, run),
            rounds=ROUNDS,
        )
        assert server.journal()["most_in_flight"] <= IN_FLIGHT
        client.close()
    ours, theirs = n / ours_s, threads_n / theirs_s
    detail = f"{ours:.0f} of {IDEAL_PER_S:.0f} requests/s, {os.cpu_count()} cores"
    yield Measured(name="chat_client", ratio=ours / IDEAL_PER_S, detail=detail)
    detail = f"{ours:.0f} against {theirs:.0f} requests/s of {THREADS} threads"
    yield Measured(name="chat_client_threads", ratio=ours / theirs, detail=detail)
