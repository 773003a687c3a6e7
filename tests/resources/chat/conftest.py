"""A key in the environment, as a user sets it."""

import pytest

from tests.resources.chat.chatting import KEY


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
