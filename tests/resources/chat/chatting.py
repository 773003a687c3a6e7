"""What the tests of the chat client share: a form, questions, and clients of a scripted server."""

import atexit
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Literal

from models.chat.chat_model import ChatRequest, Message
from models.chat.replies import StrictReply
from resources.chat.client import ChatClient
from resources.chat.server.script import Script
from resources.chat.server.serve import ScriptedServer, scripted_server

KEY = "sk-a-key-that-nobody-may-see"
RUBRIC = "Judge the edit by its rubric, which says what adherence and quality mean. " * 8


class Grade(StrictReply):
    """A form as roles have it."""

    label: Literal["good", "bad"]
    score: float
    """1 to 5."""
    words: list[str]


def question(text: str, **more: Any) -> ChatRequest:
    """A request whose first message many share."""
    return ChatRequest(
        messages=(Message(role="system", parts=(RUBRIC,)), Message(role="user", parts=(text,))),
        reply=Grade,
        **more,
    )


def questions(n: int, about: str = "case") -> list[ChatRequest]:
    """Requests that differ."""
    return [question(f"{about} {i}") for i in range(n)]


def client_of(server: ScriptedServer, folder: Path, **settings: Any) -> ChatClient:
    """A client that is fit for a test: it does not wait long."""
    settings = {"model": "m", "usd_per_m_input": 2.0, "usd_per_m_output": 8.0} | settings
    return ChatClient(base_url=server.base_url, ledger=folder, **settings)


@cache
def shared_server() -> ScriptedServer:
    """One server for all tests of a process: starting one takes seconds on a busy machine."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(scripted_server(Script()))


@contextmanager
def chatting(
    folder: Path, script: dict[str, Any], **settings: Any
) -> Iterator[tuple[ChatClient, ScriptedServer]]:
    """A scripted server with a client."""
    server = shared_server()
    server.play(Script.model_validate(script))
    client = client_of(server, folder, **settings)
    try:
        yield client, server
    finally:
        client.close()
