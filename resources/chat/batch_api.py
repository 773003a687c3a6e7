"""The Batch API: half the price for an answer within a day, and a killed run picks it up again.

A batch is written down before it is submitted, under a tag that goes along with it, and under the
endpoint's name for it afterwards. A run that finds the first without the second looks through the
endpoint's batches for the tag, so no moment to be killed in leads to a second submission.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from models.faults import Fault, FaultError, Reason
from resources.chat.batch_files import PRICE, RequestFile, read_results, request_files
from resources.chat.budget import OverBudgetError, check_priced
from resources.chat.completions import Reply
from resources.chat.endpoint import Endpoint
from resources.chat.ledger import Ledger, PendingBatch
from resources.chat.questions import Question
from resources.chat.settings import ChatError, ChatSettings

if TYPE_CHECKING:
    from openai import APIError
    from openai.types import Batch

log = logging.getLogger(__name__)

TAG = "imgedit"
"""The key of a batch's metadata that holds our tag."""
CONTROL_RETRIES = 5
"""The SDK's own, for everything but submitting, which may not happen twice."""
ENDED = frozenset({"completed", "failed", "expired", "cancelled"})


@dataclass(slots=True, kw_only=True)
class Batched:
    """What batches gave."""

    new: set[str] = field(default_factory=set)
    """Keys whose replies were paid for now."""
    faults: dict[str, Fault] = field(default_factory=dict)
    over_budget: bool = False

    def fault(self, key: str) -> Exception:
        """Why a key has no reply."""
        if key not in self.faults and self.over_budget:
            return OverBudgetError()
        fault = self.faults.get(key)
        reason = fault.reason if fault else Reason.MODEL_UNAVAILABLE
        return FaultError(reason, fault.detail if fault else "its batch ended without an answer")


class BatchApi:
    """Brings replies into the ledger by batches; for one event loop."""

    def __init__(self, endpoint: Endpoint, settings: ChatSettings, ledger: Ledger) -> None:
        self._endpoint = endpoint
        self._settings = settings
        self._ledger = ledger
        self._control = endpoint.sdk.with_options(max_retries=CONTROL_RETRIES)
        self._reserved_usd = 0.0
        """What the batches under way may cost: several lanes share a budget."""

    async def fetch(self, questions: Sequence[Question], into: Batched) -> None:
        """Ask what is not in the ledger yet, after waiting for the batches that ask it already.

        Raises:
            ChatError: The endpoint does not take batches, or has not answered for too long.
        """
        from openai import APIError

        try:
            await self._finish(await self._running({q.key for q in questions}), into)
            asked = self._affordable(self._missing(questions, into), into)
            estimate_usd = sum(map(_estimate_usd, asked))
            self._reserved_usd += estimate_usd
            try:
                await self._submit(asked, into)
            finally:
                self._reserved_usd -= estimate_usd
        except APIError as error:
            failed = self._explained(error)
        else:
            return
        raise failed  # out here, without the SDK's error, whose request holds the key

    async def _submit(self, questions: Sequence[Question], into: Batched) -> None:
        files = request_files(questions)
        submitted = []
        while file := await asyncio.to_thread(next, files, None):
            submitted.append(await self._submitted(file))
        await self._finish(submitted, into)

    def _missing(self, questions: Sequence[Question], into: Batched) -> list[Question]:
        """Each question once, of those that have neither reply nor fault."""
        once = {q.key: q for q in questions if q.key not in into.faults}
        return [q for key, q in once.items() if self._ledger.get(key) is None]

    def _affordable(self, questions: Sequence[Question], into: Batched) -> list[Question]:
        """As many as the budget covers."""
        if self._settings.budget_usd is None:
            return list(questions)
        left = self._settings.budget_usd
        left -= self._ledger.spent_usd(self._settings.url, self._settings.model)
        left -= self._reserved_usd
        for at, question in enumerate(questions):
            left -= _estimate_usd(question)
            if left < 0:
                into.over_budget = True
                return list(questions[:at])
        return list(questions)

    async def _running(self, keys: set[str]) -> list[PendingBatch]:
        """The batches under way that ask some of the keys."""
        pending = self._ledger.pending_batches(self._settings.url, self._settings.model)
        found = [p for p in pending if keys & self._ledger.keys_of_batch(p.tag)]
        return [batch for p in found if (batch := await self._adopted(p))]

    async def _adopted(self, pending: PendingBatch) -> PendingBatch | None:
        """The batch under the endpoint's name; None where it was never submitted."""
        if pending.batch_id:
            return pending
        async for batch in self._control.batches.list(limit=100):
            if (batch.metadata or {}).get(TAG) == pending.tag:
                self._ledger.name_batch(pending.tag, batch.id)
                return PendingBatch(tag=pending.tag, batch_id=batch.id)
        self._ledger.end_batch(pending.tag, ())
        return None

    async def _submitted(self, file: RequestFile) -> PendingBatch:
        settings, tag = self._settings, uuid.uuid4().hex
        self._ledger.begin_batch(tag, settings.url, settings.model, file.keys, time.time())
        name = f"{TAG}-{tag}.jsonl"
        uploaded = await self._control.files.create(file=(name, file.data), purpose="batch")
        batch = await self._endpoint.sdk.batches.create(
            input_file_id=uploaded.id,
            endpoint="/v1/chat/completions",
            completion_window="24h",
            metadata={TAG: tag},
        )
        self._ledger.name_batch(tag, batch.id)
        log.info("batch %s: %d requests to %s", batch.id, len(file.keys), settings.model)
        return PendingBatch(tag=tag, batch_id=batch.id)

    async def _finish(self, pending: Iterable[PendingBatch], into: Batched) -> None:
        """Wait for batches and enter what they gave."""
        for each in pending:
            batch = await self._ended(each.batch_id)
            replies, faults = await self._results(batch) if batch else ({}, {})
            self._ledger.end_batch(each.tag, list(replies.values()))
            into.new |= replies.keys()
            into.faults |= faults
            check_priced(replies.values(), self._settings)
            if batch and batch.status == "failed":
                raise self._failed(batch)

    async def _ended(self, batch_id: str) -> "Batch | None":
        from openai import APIConnectionError, InternalServerError, NotFoundError, RateLimitError

        pause_s = min(1.0, self._settings.batch_poll_s)
        answered_at = time.monotonic()
        while True:
            try:
                batch = await self._control.batches.retrieve(batch_id)
            except NotFoundError:
                log.warning("batch %s is not known any more; it is asked again", batch_id)
                return None
            except (APIConnectionError, InternalServerError, RateLimitError):
                if time.monotonic() - answered_at > self._settings.patience_s:
                    raise
            else:
                answered_at = time.monotonic()
                counts = batch.request_counts
                done, total = (counts.completed, counts.total) if counts else (0, 0)
                log.info("batch %s: %s, %d of %d done", batch_id, batch.status, done, total)
                if batch.status in ENDED:
                    return batch
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 1.5, self._settings.batch_poll_s)

    async def _results(self, batch: "Batch") -> tuple[dict[str, Reply], dict[str, Fault]]:
        """What a batch gave, whichever way it ended: what it finished was billed."""
        replies: dict[str, Reply] = {}
        faults: dict[str, Fault] = {}
        for file_id in (batch.output_file_id, batch.error_file_id):
            if file_id:
                held = await self._control.files.content(file_id)
                said = self._endpoint.cleaned(held.content)
                some, other = await asyncio.to_thread(read_results, said, self._settings)
                replies |= some
                faults |= other
        return replies, faults

    def _failed(self, batch: "Batch") -> ChatError:
        errors = (batch.errors.data if batch.errors else None) or []
        said = "; ".join(filter(None, (e.message for e in errors))) or "it does not say why"
        said = self._endpoint.cleaned(said.encode()).decode()
        return ChatError(f"{self._settings.url} did not accept the batch {batch.id}: {said}")

    def _explained(self, error: "APIError") -> Exception:
        meant = self._endpoint.meaning(error)
        if isinstance(meant, ChatError):
            return meant
        msg = f"the Batch API of {self._settings.url} failed: {meant}; run again: a batch that is "
        return ChatError(msg + "under way is picked up, not submitted a second time")


def _estimate_usd(question: Question) -> float:
    return question.estimate_usd * PRICE
