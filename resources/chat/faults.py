"""What an endpoint's error means: try again, reject the row, or end the run."""

import re
from typing import TYPE_CHECKING, Any

from models.faults import FaultError, Reason
from resources.chat.settings import ChatError, ChatSettings
from resources.retrying import TransientError, retry_after_s

if TYPE_CHECKING:
    from openai import APIError, APIStatusError

TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
OVERLOADED = frozenset({429, 503})
FILTERED = frozenset({"content_filter", "content_policy_violation", "moderation_blocked"})
OPTIONAL = ("temperature", "seed", "response_format", "max_completion_tokens", "max_tokens")
"""Keys of a request that can be left out, or put in another way."""
_UNKNOWN = re.compile(r"(?i)support|unavailable|unrecogni|unknown|unexpected|permitted|extra")
"""How endpoints say that they do not take a key, rather than its value for this one request."""
OUT_OF_MONEY = frozenset({"insufficient_quota", "billing_hard_limit_reached"})

_LONGEST_DETAIL = 300
_REMEDIES = {
    401: "the key in {key_env} is not valid there",
    402: "the account has no credit left",
    403: "the key in {key_env} may not use this model there",
    404: "there is no such model, or base_url is wrong (does it end in /v1?)",
    405: "base_url is wrong (does it end in /v1?)",
}


class RefusedRequestError(FaultError):
    """The endpoint does not take this request as it is."""

    def __init__(self, said: str, key: str = "") -> None:
        super().__init__(Reason.BAD_ROW, said)
        self.key = key
        """The key of the request that it does not take; empty where it names none."""


def meaning(error: "APIError", settings: ChatSettings, key: str) -> Exception:
    """The exception to raise for an error of the SDK; no text of it holds the key.

    Args:
        error: The error.
        settings: Of the chat.
        key: What no text may hold; empty where there is no key.
    """
    from openai import APIConnectionError, APIStatusError, APITimeoutError

    if isinstance(error, APITimeoutError):
        return TransientError(f"no answer in {settings.timeout_s:g} s")
    if isinstance(error, APIConnectionError):
        cause = error.__cause__
        said = f"{type(cause).__name__}: {cause}" if cause else str(error)
        return TransientError(_told(said, key))
    if isinstance(error, APIStatusError):
        return _of_status(error, settings, _said(error, key))
    return TransientError(_told(str(error), key))


def _of_status(error: "APIStatusError", settings: ChatSettings, said: str) -> Exception:
    status = error.status_code
    if status in _REMEDIES or error.code in OUT_OF_MONEY:
        remedy = _REMEDIES.get(status, _REMEDIES[402]).format(key_env=settings.key_env)
        text = f"{settings.base_url} refuses the chat model {settings.model}: {remedy}; {said}"
        return ChatError(text)
    if error.code in FILTERED:
        return FaultError(Reason.CONTENT_FILTER, said)
    if status in TRANSIENT or status >= 500:
        wait_s = retry_after_s(error.response.headers)
        return TransientError(said, wait_s=wait_s, overloaded=status in OVERLOADED)
    return RefusedRequestError(said, _unsupported(error, said))


def _unsupported(error: "APIStatusError", said: str) -> str:
    """The optional key that the endpoint says it does not take; the first that it names."""
    if not _UNKNOWN.search(said):
        return ""
    named = [(said.find(key), key) for key in OPTIONAL if re.search(rf"\b{key}\b", said)]
    return error.param if error.param in OPTIONAL else min(named, default=(0, ""))[1]


def _said(error: "APIStatusError", key: str) -> str:
    """The status with the endpoint's own words."""
    body: Any = error.body
    words = body.get("message", "") if isinstance(body, dict) else str(body or "")
    return _told(f"answer {error.status_code}: {words}", key)


def _told(said: str, key: str) -> str:
    return (said.replace(key, "***") if key else said)[:_LONGEST_DETAIL]
