"""What the scripted server does: how fast it is, what it answers, how it fails."""

import math
import random
import re
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from models.faults import FaultError, ImgEditError
from resources.pasted_keys import shown
from resources.reading import parse_toml, read_regular

_MAX_BYTES = 2**20


class ScriptError(ImgEditError):
    """A script cannot be read, or says something that is not understood."""


class Behaviour(StrEnum):
    """What a request meets."""

    OK = "ok"
    RATE_LIMIT = "rate_limit"
    """429 with Retry-After."""
    SERVER_ERROR = "server_error"
    """500."""
    UNAVAILABLE = "unavailable"
    """503."""
    BAD_REQUEST = "bad_request"
    """400."""
    FILTERED_REQUEST = "filtered_request"
    """400 with the code `content_filter`."""
    DROP = "drop"
    """The connection is cut before the answer."""
    CUT_OFF = "cut_off"
    """The connection is cut in the middle of the answer."""
    HANG = "hang"
    """No answer for `hang_s`, and then none either."""
    SLOW_DRIP = "slow_drip"
    """A whole answer, in pieces over `drip_s`."""
    INVALID_JSON = "invalid_json"
    """A reply whose text is no JSON."""
    WRONG_SCHEMA = "wrong_schema"
    """A reply whose JSON is of another form."""
    REFUSAL = "refusal"
    CONTENT_FILTER = "content_filter"
    """A reply that ended at the filter."""
    LENGTH = "length"
    """A reply that was cut off at the bound of tokens."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Rule(_Part):
    r"""A fixed reply for prompts that match; `\1` or `\g<name>` puts in what a group matched."""

    prompt: str = Field(description="a regular expression, searched in all texts of the prompt")
    reply: dict[str, Any] | None = Field(
        None, description="fields that replace those that were made up"
    )
    text: str | None = Field(None, description="the whole reply as it is; no JSON is made up")

    @model_validator(mode="after")
    def _is_an_expression(self) -> "Rule":
        try:
            re.compile(self.prompt)
        except re.error as error:
            msg = f"{self.prompt!r} is no regular expression: {error}"
            raise ValueError(msg) from None
        return self


class Script(_Part):
    """All that can be told. Times in seconds."""

    seed: int = Field(0, description="of what happens to which request, and of made-up replies")
    latency_s: float = Field(0.0, ge=0, description="median time to an answer")
    latency_sigma: float = Field(0.0, ge=0, le=10, description="spread; above 0 it is lognormal")
    faults: dict[Behaviour, float] = Field(
        default_factory=dict, description="probability of each behaviour besides ok"
    )
    sequence: tuple[Behaviour, ...] = Field(
        (), description="what the first requests meet, one after the other"
    )
    retry_after_s: float = Field(0.1, ge=0, description="what rate_limit and unavailable ask for")
    retry_after_as: Literal["seconds", "milliseconds", "date"] = "seconds"
    drip_s: float = Field(1.0, ge=0)
    hang_s: float = Field(3600.0, ge=0)
    hold_after: int | None = Field(
        None, ge=0, description="answers after so many wait for POST /release"
    )
    refuses: tuple[str, ...] = Field(
        (), description="keys of a request that are not supported: it meets 400"
    )
    most_in_flight: int | None = Field(
        None, ge=1, description="a request beyond so many at once meets rate_limit"
    )
    usage: Literal["counted", "null", "missing"] = Field(
        "counted", description="whether replies say how many tokens they took"
    )
    key: str = Field("", description="the key to insist on; empty for none")
    models: tuple[str, ...] = Field((), description="the models there are; empty for every name")
    answers: tuple[Rule, ...] = ()
    batch_s: float = Field(0.0, ge=0, description="how long a batch takes")
    batch_end: Literal["completed", "failed", "expired", "cancelled"] = "completed"

    @model_validator(mode="after")
    def _is_a_distribution(self) -> "Script":
        if sum(self.faults.values()) > 1 or any(p < 0 for p in self.faults.values()):
            msg = "the probabilities of faults must not be negative, nor more than 1 in all"
            raise ValueError(msg)
        return self

    def behaviour(self, ordinal: int, request: str, attempt: int) -> Behaviour:
        """What a request meets. The same whichever requests arrive in between.

        Args:
            ordinal: How many requests came before.
            request: A digest of the request.
            attempt: How often the same request came before.
        """
        if ordinal < len(self.sequence):
            return self.sequence[ordinal]
        left = self._draw(request, attempt).random()
        for behaviour, probability in self.faults.items():
            left -= probability
            if left < 0:
                return behaviour
        return Behaviour.OK

    def latency(self, request: str, attempt: int) -> float:
        """How long its answer takes, in seconds."""
        if not self.latency_sigma:
            return self.latency_s
        spread = self._draw(request, attempt, "latency").gauss(0.0, self.latency_sigma)
        return self.latency_s * math.exp(spread)

    def _draw(self, *about: object) -> random.Random:
        return random.Random("/".join(map(str, (self.seed, *about))))


def read_script(path: Path) -> Script:
    """Read a script from a TOML file.

    Raises:
        ScriptError: It is not there, is no TOML, or says something that is not understood.
    """
    try:
        told = parse_toml(read_regular(path, max_bytes=_MAX_BYTES).decode())
    except FaultError as error:
        msg = f"script {path}: cannot be read: {error.fault.detail}"
        raise ScriptError(msg) from None
    except ValueError as error:
        msg = f"script {path}: not TOML: {error}"
        raise ScriptError(msg) from None
    try:
        return Script.model_validate(told)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        msg = f"script {path}: {where}: {problem['msg']} (got {shown(problem['input'])})"
        raise ScriptError(msg) from None
