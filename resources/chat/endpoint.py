"""An endpoint: one question in, one paid reply out, however often it has to be asked."""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar
from urllib.parse import urlsplit

import httpx2
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from models.faults import FaultError, Reason
from resources.addresses import is_loopback
from resources.chat.faults import RefusedRequestError, meaning
from resources.chat.limiter import AdaptiveLimiter
from resources.chat.patience import Patience
from resources.chat.settings import ChatSettings
from resources.chat.waking import awake_timeout
from resources.retrying import TransientError, pause

if TYPE_CHECKING:
    from openai import APIError, AsyncOpenAI

log = logging.getLogger(__name__)

CONNECT_S = 10.0
_CONNECTING = httpx2.Timeout(None, connect=CONNECT_S)
"""Of a question: once it is sent, `awake_timeout` says how long to wait."""
_LEAST_SECRET_CHARS = 8
"""A shorter key guards nothing, and would be found, and starred, in any answer."""

Got = TypeVar("Got")
Got_co = TypeVar("Got_co", covariant=True)


class Asked(Protocol[Got_co]):
    """One request to an endpoint, and how its answer is read."""

    @property
    def key(self) -> str:
        """Names the request, whatever it turns out to have to leave out."""

    @property
    def path(self) -> str:
        """Below the endpoint's address."""

    @property
    def headers(self) -> Mapping[str, Any]:
        """The body's kind, and others; one that is `openai.Omit()` is not sent."""

    @property
    def sent(self) -> Mapping[str, Any]:
        """The body, as the SDK's `post` is given it: whole `content`, or a form's fields."""

    @property
    def has_images(self) -> bool:
        """Whether making the body takes time."""

    def without(self, dropped: frozenset[str]) -> Self:
        """The same, put without some keys of the body."""

    def read(self, data: bytes, latency_s: float) -> Got_co:
        """What a body of an answer means.

        Raises:
            TransientError: It is none, and another try may help.
            FaultError: It is none.
        """


class Endpoint:
    """Asks questions: at most so many at once, again where an error passes. For one event loop.

    The SDK is given the finished body and gives back the bare response. Its own reading of
    arguments and replies costs half a millisecond of the one core that all requests share, and is
    done by the questions, which know what we ask.
    """

    def __init__(self, settings: ChatSettings) -> None:
        self._settings = settings
        key = settings.key()
        is_secret = settings.key_env and len(key) >= _LEAST_SECRET_CHARS
        self._secret = key if is_secret else ""
        self.sdk = _sdk(settings, key)
        self._limiter = AdaptiveLimiter(settings.max_in_flight)
        self._patience = Patience(settings)
        self._dropped: frozenset[str] = frozenset()
        """Keys that the endpoint has said it does not take."""

    async def ask(self, question: Asked[Got]) -> Got:
        """The endpoint's reply.

        Raises:
            FaultError: MODEL_UNAVAILABLE after all tries; CONTENT_FILTER or BAD_ROW where the
                endpoint does not take the request.
            ChatError: The endpoint takes no request, or has not answered for too long.
        """
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(TransientError),
            stop=self._gives_up,
            wait=pause(most_s=30.0, most_asked_s=self._settings.patience_s),
            reraise=True,
        )
        try:
            with self._patience.asking():
                return await retrying(self._adapted, question)
        except TransientError as error:
            detail = f"{self._settings.model}: {error}; {self._settings.max_retries + 1} tries"
            raise FaultError(Reason.MODEL_UNAVAILABLE, detail) from error

    async def check_refused(self, why: str) -> None:
        """See whether requests were refused for what they say.

        Raises:
            ChatError: None was ever accepted, so the endpoint does not take what we send.
        """
        if await self._patience.refuses_all():
            raise self._patience.refusal(why)

    def meaning(self, error: "APIError") -> Exception:
        """The exception to raise for an error of the SDK."""
        return meaning(error, self._settings, self._secret)

    def cleaned(self, said: bytes) -> bytes:
        """What the endpoint said, without our key, should it repeat it: this is kept and shown."""
        return said.replace(self._secret.encode(), b"***") if self._secret else said

    async def aclose(self) -> None:
        """Close the connections."""
        await self.sdk.close()

    async def _adapted(self, question: Asked[Got]) -> Got:
        """A reply to the question, without what the endpoint says it does not take."""
        while True:
            dropped = self._dropped
            try:
                return await self._attempt(question.without(dropped))
            except RefusedRequestError as error:
                if not error.key or error.key in dropped:
                    self._patience.refused(error.fault.detail)
                    raise
                self._drop(error)

    def _drop(self, error: RefusedRequestError) -> None:
        if error.key in self._dropped:
            return
        self._dropped |= {error.key}
        log.warning(
            "%s does not take %s (%s): it is asked without; name it under omit of the chat's "
            "section, or see reply_format and token_limit_key",
            self._settings.model,
            error.key,
            error.fault.detail,
        )

    async def _attempt(self, question: Asked[Got]) -> Got:
        if question.has_images:
            await asyncio.to_thread(getattr, question, "sent")
        async with self._limiter.slot() as started:
            try:
                data = await self._post(question)
                # Read before the slot is given away: nothing may come between a reply and its
                # commit to the ledger.
                reply = question.read(data, time.monotonic() - started)
            except TransientError as error:
                if error.overloaded:
                    self._limiter.overloaded(started, min(error.wait_s, self._settings.patience_s))
                self._patience.failed(question.key, str(error))
                raise
            self._limiter.succeeded()
            self._patience.succeeded()
            return reply

    async def _post(self, question: Asked[Got]) -> bytes:
        from openai import APIError

        try:
            async with awake_timeout(self._settings.timeout_s):
                response: httpx2.Response = await self.sdk.post(
                    question.path,
                    **question.sent,
                    cast_to=httpx2.Response,
                    options={"headers": question.headers, "timeout": _CONNECTING},
                )
        except TimeoutError:
            msg = f"no whole answer in {self._settings.timeout_s:g} s"
            raise TransientError(msg) from None
        except APIError as error:
            failed = self.meaning(error)
        else:
            return self.cleaned(response.content)
        # Raised out here, it does not carry the SDK's error along, whose request holds the key.
        raise failed

    def _gives_up(self, state: RetryCallState) -> bool:
        return state.attempt_number > self._settings.max_retries and not self._patience.is_outage


def _sdk(settings: ChatSettings, key: str) -> "AsyncOpenAI":
    from openai import AsyncOpenAI

    timeout = httpx2.Timeout(settings.timeout_s, connect=min(CONNECT_S, settings.timeout_s))
    return AsyncOpenAI(
        api_key=key,
        base_url=settings.base_url,
        max_retries=0,  # ours instead: they know the limiter
        timeout=timeout,
        http_client=httpx2.AsyncClient(
            # No bound: connections of requests that timed out count while they are closed.
            limits=httpx2.Limits(max_connections=None),
            # A proxy's loopback is another machine's.
            trust_env=not is_loopback(urlsplit(settings.base_url).hostname or ""),
            timeout=timeout,
        ),
    )
