"""What a profile says of a chat model."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import urlsplit

from models.faults import ImgEditError
from models.recorded import Recorded
from resources.pasted_keys import shown, variable_problem

OPENAI_URL = "https://api.openai.com/v1"

_HOW = "how a question is put through, not what is asked"
_COST = "what an answer costs, not what it says"

_DAY_S = 86_400.0
_RANGES = {
    "max_in_flight": (1, 10_000),
    "timeout_s": (0.001, _DAY_S),
    "max_retries": (0, 1000),
    "patience_s": (0, 7 * _DAY_S),
    "budget_usd": (0, 1e9),
    "usd_per_m_input": (0, 1e6),
    "usd_per_m_cached_input": (0, 1e6),
    "usd_per_m_output": (0, 1e6),
    "min_image_pixels": (1, 2**31),
    "max_image_pixels": (1, 2**31),
    "jpeg_quality": (1, 100),
    "batch_poll_s": (0.001, _DAY_S),
}
"""Least and most of each number; no comparison holds for one that is not a number."""


class ChatError(ImgEditError):
    """The chat model cannot be asked as it is set up, or does not answer any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSettings(Recorded):
    """One `[chats.NAME]` section. Prices are in USD for a million tokens."""

    unrecorded = MappingProxyType(
        {
            "base_url": "the same model served elsewhere is the same model",
            "key_env": "whoever pays, it answers alike",
            **dict.fromkeys(("max_in_flight", "max_retries", "batch", "batch_poll_s"), _HOW),
            **dict.fromkeys(("timeout_s", "patience_s"), _HOW),
            **dict.fromkeys(("budget_usd", "usd_per_m_input", "usd_per_m_output"), _COST),
            "usd_per_m_cached_input": _COST,
            "token_limit_key": "a name for the same bound",
        }
    )

    model: str
    """As the endpoint names it."""
    base_url: str = OPENAI_URL
    """Any compatible endpoint, with its `/v1`."""
    key_env: str = "OPENAI_API_KEY"
    """The environment variable that holds the key; empty for an endpoint that wants none."""
    max_in_flight: int = 64
    """Most requests under way at once; rate limits lower the number for a while."""
    timeout_s: float = 120.0
    """For one reply, from sending the request to its last byte."""
    max_retries: int = 6
    """Tries after the first, for errors that pass."""
    patience_s: float = 300.0
    """A run ends when nothing has succeeded for so long."""
    budget_usd: float | None = None
    """What this model may cost in all, over every run that shares the ledger."""
    usd_per_m_input: float = 0.0
    usd_per_m_cached_input: float | None = None
    """Of tokens whose prefix the endpoint had computed before; None for the full price."""
    usd_per_m_output: float = 0.0
    min_image_pixels: int = 56 * 56
    max_image_pixels: int = 1024 * 1024
    """Larger images are shrunk here, to what the model looks at."""
    image_format: Literal["jpeg", "png"] = "jpeg"
    jpeg_quality: int = 95
    image_detail: Literal["auto", "low", "high"] = "auto"
    reply_format: Literal["json_schema", "text"] = "json_schema"
    """How the form is asked for: by strict decoding, or in words where a server has none."""
    token_limit_key: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    """What the endpoint calls the bound on a reply's length; older servers know `max_tokens`."""
    omit: tuple[str, ...] = ()
    """Keys that the endpoint refuses, such as `temperature` or `seed`."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """More keys of the request's body, such as `reasoning_effort`."""
    batch: bool = False
    """Use the Batch API: half the price, an answer within a day. What a role asks at once, its
    `batch_size`, is one batch: give it some thousands, and the memory for their images."""
    batch_poll_s: float = 60.0
    """Longest pause between two looks at a batch."""

    def __post_init__(self) -> None:
        if problem := variable_problem(self.key_env):
            msg = f"chat {self.model}: key_env: {problem}"
            raise ChatError(msg)
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                msg = f"chat {self.model}: {name} is {value}; give {least:g} to {most:g}"
                raise ChatError(msg)
        if self.min_image_pixels > self.max_image_pixels:
            msg = (
                f"chat {self.model}: min_image_pixels is {self.min_image_pixels}, max_image_pixels "
                f"{self.max_image_pixels}: raise the latter"
            )
            raise ChatError(msg)
        if self.budget_usd is not None and not self.is_paid:
            msg = f"chat {self.model}: a budget needs usd_per_m_input and usd_per_m_output"
            raise ChatError(msg)
        self._check_address()

    def _check_address(self) -> None:
        if "@" in self.base_url or "?" in self.base_url:
            msg = f"chat {self.model}: base_url holds a user, password or query; keys come from "
            raise ChatError(msg + "the environment variable that key_env names")
        try:
            parts = urlsplit(self.base_url)
            is_address = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            is_address = False
        if not is_address:
            said = shown(self.base_url)
            msg = f"chat {self.model}: base_url {said} is no http or https address"
            raise ChatError(msg)

    @property
    def url(self) -> str:
        """The endpoint, spelled the one way that the ledger knows it by."""
        return self.base_url.rstrip("/")

    @property
    def is_paid(self) -> bool:
        """Whether tokens have a price."""
        return self.usd_per_m_input + self.usd_per_m_output > 0

    @property
    def is_jpeg(self) -> bool:
        """Whether images are sent with loss."""
        return self.image_format == "jpeg"

    def key(self) -> str:
        """The key, from the environment; kept nowhere else.

        Raises:
            ChatError: It is not set.
        """
        if not self.key_env:
            return "none"
        if not (key := os.environ.get(self.key_env, "").strip()):
            msg = f"chat {self.model}: set the environment variable {self.key_env} to the key of "
            raise ChatError(msg + f"{self.base_url}; an endpoint without keys has key_env = ''")
        return key

    def usd(self, *, tokens_in: int, cached: int, tokens_out: int) -> float:
        """The price of a reply.

        Args:
            tokens_in: All tokens that were read, the cached ones included.
            cached: Those of them that were cached.
            tokens_out: Tokens that were written.
        """
        cheap = self.usd_per_m_cached_input
        cheap = self.usd_per_m_input if cheap is None else cheap
        fresh = (tokens_in - cached) * self.usd_per_m_input
        return (fresh + cached * cheap + tokens_out * self.usd_per_m_output) / 1e6
