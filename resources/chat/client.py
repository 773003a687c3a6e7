"""`ChatClient`: a language model behind an endpoint, for all lanes of a process at once."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from models.chat.chat_model import ChatRequest
from models.chat.replies import ReplyError, repair
from models.faults import Fault, FaultError, Reason
from resources.chat.batch_api import BatchApi, Batched
from resources.chat.budget import Budget, BudgetError, OverBudgetError, check_priced
from resources.chat.completions import Reply, answer_of
from resources.chat.endpoint import Endpoint
from resources.chat.ledger import Ledger
from resources.chat.loop import LoopThread
from resources.chat.questions import Question
from resources.chat.settings import ChatError, ChatSettings
from resources.engine.metering import charge

BODIES_PER_SLOT = 2
"""Requests made ready for each that is under way, so that images are encoded meanwhile."""


@dataclass(slots=True, kw_only=True)
class _Round:
    """One call of `answer`: what came of it so far."""

    requests: Sequence[ChatRequest]
    answers: dict[int, Any] = field(default_factory=dict)
    paid_usd: float = 0.0
    saved_usd: float = 0.0
    saved: int = 0
    stopped: Exception | None = None
    """Why no more is asked; what was under way is still finished, since it is paid for."""
    batched: Batched = field(default_factory=Batched)
    """What the Batch API gave."""

    def used(self, reply: Reply, *, is_new: bool) -> None:
        """Count a reply's price."""
        if is_new:
            self.paid_usd += reply.usd or 0.0
        else:
            self.saved += 1
            self.saved_usd += reply.usd or 0.0


@dataclass(slots=True, kw_only=True)
class _Open:
    """What a client holds while it is open."""

    loop: LoopThread = field(default_factory=lambda: LoopThread("chat"))
    lock: threading.Lock = field(default_factory=threading.Lock)
    line: "_Line | None" = None


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class ChatClient(ChatSettings):
    """Answers from the ledger what was asked before, and asks an endpoint the rest.

    Threads may call `answer` at once: they share one event loop, one set of connections, one
    limit on what is under way, and one ledger.
    """

    unrecorded = MappingProxyType(
        {**ChatSettings.unrecorded, "ledger": "where answers are kept, not what they are"}
    )

    ledger: Path
    """The folder of the ledger; on a local disk."""
    _open: _Open = field(init=False, default_factory=_Open)

    @property
    def name(self) -> str:
        """The model."""
        return self.model

    def answer(self, requests: Sequence[ChatRequest]) -> list[Any | Fault]:
        """An instance of `reply` for each request, in order.

        Raises:
            BudgetError: The budget does not cover the rest. What was answered is in the ledger.
            ChatError: The endpoint takes no request, or has not answered for `patience_s`.
        """
        if not requests:
            return []
        asked = _Round(requests=requests)
        self._open.loop.run(self._opened().answer(asked))
        if asked.saved:
            self._opened().ledger.count_saved(
                self.url, self.model, requests=asked.saved, usd=asked.saved_usd
            )
        charge(paid_usd=asked.paid_usd, worth_usd=asked.paid_usd + asked.saved_usd)
        if isinstance(asked.stopped, OverBudgetError):
            raise self._over_budget(asked) from None
        if asked.stopped:
            raise asked.stopped
        return [asked.answers[at] for at in range(len(requests))]

    @classmethod
    def check(cls, **given: Any) -> None:  # noqa: ANN401 - what it would be made with
        """See whether it could be made, and whether `answer` would find its key.

        Raises:
            ChatError: The settings contradict each other, or the key is not set.
        """
        known = {each.name for each in fields(ChatSettings)}
        ChatSettings(**{name: value for name, value in given.items() if name in known}).key()

    def close(self) -> None:
        """Close connections and ledger; `answer` opens them again."""
        with self._open.lock:
            line, self._open.line = self._open.line, None
        if line is not None:
            self._open.loop.run(line.aclose())
            self._open.loop.stop()

    def __repr__(self) -> str:
        """The model and where it is; never the key."""
        return f"ChatClient({self.model!r}, {self.url!r})"

    def _opened(self) -> "_Line":
        with self._open.lock:
            if self._open.line is None:
                self.key()  # a missing key is told before anything is opened
                self._open.line = _Line(self, Ledger(self.ledger))
            return self._open.line

    def _over_budget(self, asked: _Round) -> BudgetError:
        spent = self._opened().ledger.spent_usd(self.url, self.model)
        answered, total = len(asked.answers), len(asked.requests)
        return BudgetError(
            f"the budget of {self.budget_usd:g} USD for {self.model} does not cover the next "
            f"request: {spent:.4f} USD are spent, {answered:,} of these {total:,} requests are "
            f"answered, {total - answered:,} are left. Raise budget_usd of the chat's section, or "
            "--cost-limit, and run again: nothing that was paid for is asked again"
        )


class _Line:
    """What lives while a client is open; used on its event loop alone."""

    def __init__(self, settings: ChatSettings, ledger: Ledger) -> None:
        self.ledger = ledger
        self._settings = settings
        self._budget = Budget(
            settings.budget_usd, lambda: ledger.spent_usd(settings.url, settings.model)
        )
        self._endpoint = Endpoint(settings)
        self._batches = BatchApi(self._endpoint, settings, ledger)
        self._flying: dict[str, asyncio.Task[Reply]] = {}

    async def answer(self, asked: _Round) -> None:
        """Ask what a round asks; whatever stops it stands in `asked.stopped`."""
        if self._settings.batch:
            await self._ask_in_batches(asked)
        todo = iter(enumerate(asked.requests))
        askers = min(len(asked.requests), self._settings.max_in_flight * BODIES_PER_SLOT)
        await asyncio.gather(*(self._asker(asked, todo) for _ in range(askers)))
        await self._check_refused(asked)

    async def aclose(self) -> None:
        """Close everything."""
        await self._endpoint.aclose()
        self.ledger.close()

    async def _check_refused(self, asked: _Round) -> None:
        """A refusal is the row's fault only where the endpoint takes other requests."""
        faults = [answer for answer in asked.answers.values() if isinstance(answer, Fault)]
        refused = [fault for fault in faults if fault.reason is Reason.BAD_ROW]
        if refused and not (asked.saved or asked.batched.new or asked.stopped):
            try:
                await self._endpoint.check_refused(refused[0].detail)
            except ChatError as error:
                asked.stopped = error

    async def _asker(self, asked: _Round, todo: Iterator[tuple[int, ChatRequest]]) -> None:
        for at, request in todo:
            try:
                asked.answers[at] = await self._converse(request, asked)
            except FaultError as error:
                asked.answers[at] = error.fault
            except Exception as error:  # what is under way ends first; then `answer` raises it
                asked.stopped = asked.stopped or error

    async def _converse(self, request: ChatRequest, asked: _Round) -> Any | Fault:  # noqa: ANN401
        """The answer, after one repair round if need be."""
        question = Question(request, self._settings)
        reply = await self._reply(question, asked)
        try:
            return answer_of(reply, request)
        except ReplyError as error:
            question = _repaired(question, reply, error)
        reply = await self._reply(question, asked)
        try:
            return answer_of(reply, request)
        except ReplyError as error:
            return Fault(reason=Reason.BAD_REPLY, detail=f"asked twice; {error}")

    async def _reply(self, question: Question, asked: _Round) -> Reply:
        """From the ledger, from an equal request under way, or from the endpoint."""
        if question.has_images:
            await asyncio.to_thread(getattr, question, "key")
        key = question.key
        if known := self.ledger.get(key):
            asked.used(known, is_new=key in asked.batched.new)
            return known
        if asked.stopped:
            raise asked.stopped
        if self._settings.batch:
            raise asked.batched.fault(key)
        if is_first := key not in self._flying:
            self._flying[key] = asyncio.create_task(self._fetched(question))
            self._flying[key].add_done_callback(lambda _: self._flying.pop(key))
        reply = await self._flying[key]
        asked.used(reply, is_new=is_first)
        return reply

    async def _ask_in_batches(self, asked: _Round) -> None:
        """Bring replies, and then the repaired ones, into the ledger."""
        try:
            first = [Question(request, self._settings) for request in asked.requests]
            await self._batches.fetch(first, asked.batched)
            await self._batches.fetch(list(filter(None, map(self._repair, first))), asked.batched)
        except ChatError as error:
            asked.stopped = error

    def _repair(self, question: Question) -> Question | None:
        """The question of the repair round, where the ledger's reply needs one."""
        if reply := self.ledger.get(question.key):
            try:
                answer_of(reply, question.request)
            except ReplyError as error:
                return _repaired(question, reply, error)
        return None

    async def _fetched(self, question: Question) -> Reply:
        async with self._budget.reserved(lambda: question.estimate_usd):
            reply = await self._endpoint.ask(question)
            self.ledger.put(reply)
        check_priced([reply], self._settings)
        return reply


def _repaired(question: Question, reply: Reply, error: ReplyError) -> Question:
    """The question with the reply and what is wrong with it."""
    asked = question.request
    longer = replace(asked, messages=(*asked.messages, *repair(reply.text, error)))
    return Question(longer, question.settings)
