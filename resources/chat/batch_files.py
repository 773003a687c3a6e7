"""The files of the Batch API: requests out, replies in, a JSON line each."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ValidationError

from models.faults import Fault, Reason
from resources.chat.completions import Reply, read_completion
from resources.chat.faults import FILTERED, TRANSIENT
from resources.chat.questions import Question
from resources.chat.settings import ChatSettings
from resources.retrying import TransientError

MOST_REQUESTS = 50_000
MOST_BYTES = 200_000_000
"""The limits of one file: https://platform.openai.com/docs/guides/batch."""
PRICE = 0.5
"""Of a request in a batch, as a share of the full price."""
URL = "/v1/chat/completions"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFile:
    """One file to upload."""

    keys: Sequence[str]
    data: bytes


def request_files(
    questions: Sequence[Question],
    *,
    most_requests: int = MOST_REQUESTS,
    most_bytes: int = MOST_BYTES,
) -> Iterator[RequestFile]:
    """Files that hold all questions; each is made when it is asked for."""
    keys: list[str] = []
    data = bytearray()
    for question in questions:
        line = _line(question)
        if keys and (len(keys) == most_requests or len(data) + len(line) > most_bytes):
            yield RequestFile(keys=keys, data=bytes(data))
            keys, data = [], bytearray()
        keys.append(question.key)
        data += line
    if keys:
        yield RequestFile(keys=keys, data=bytes(data))


def _line(question: Question) -> bytes:
    told = {"custom_id": question.key, "method": "POST", "url": URL, "body": question.fields()}
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


class _Response(BaseModel):
    status_code: int = 0
    body: dict[str, Any] = {}


class _Error(BaseModel):
    code: str | None = None
    message: str | None = None


class _Line(BaseModel):
    custom_id: str
    response: _Response | None = None
    error: _Error | None = None


def read_results(data: bytes, settings: ChatSettings) -> tuple[dict[str, Reply], dict[str, Fault]]:
    """The replies of a result file, at the price of a batch, and the faults, by key."""
    replies, faults = {}, {}
    for raw in data.splitlines():
        try:
            line = _Line.model_validate_json(raw)
        except ValidationError:
            continue  # a request without a readable result is asked again by the next run
        if line.response and line.response.status_code == 200:
            try:
                body = json.dumps(line.response.body).encode()
                reply = read_completion(body, line.custom_id, settings)
                usd = None if reply.usd is None else reply.usd * PRICE
                replies[reply.key] = replace(reply, usd=usd, batch=True)
                continue
            except TransientError as error:
                line.error = _Error(message=str(error))
        faults[line.custom_id] = _fault(line)
    return replies, faults


def _fault(line: _Line) -> Fault:
    status = line.response.status_code if line.response else 0
    inner = line.response.body.get("error") if line.response else None
    error = _Error.model_validate(inner) if isinstance(inner, dict) else line.error or _Error()
    detail = f"in a batch: {status or 'no answer'}: {error.message or error.code or 'no reason'}"
    if error.code in FILTERED:
        return Fault(reason=Reason.CONTENT_FILTER, detail=detail)
    is_refused = 400 <= status < 500 and status not in TRANSIENT
    reason = Reason.BAD_ROW if is_refused else Reason.MODEL_UNAVAILABLE
    return Fault(reason=reason, detail=detail)
