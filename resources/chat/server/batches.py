"""`/v1/files` and `/v1/batches`: a file of requests in, a file of replies out, after a while."""

import hashlib
import json
import time
import uuid
from typing import Any

from resources.chat.server.completions import Completions
from resources.chat.server.http import Exchange
from resources.chat.server.journal import Journal
from resources.chat.server.script import Behaviour, Script

WINDOW_S = 24 * 3600

_BILLED = frozenset(
    {Behaviour.OK, Behaviour.INVALID_JSON, Behaviour.WRONG_SCHEMA, Behaviour.REFUSAL}
    | {Behaviour.CONTENT_FILTER, Behaviour.LENGTH}
)


class Batches:
    """Files and batches, kept in memory."""

    def __init__(self, script: Script, journal: Journal, completions: Completions) -> None:
        self._script = script
        self._journal = journal
        self._completions = completions
        self._files: dict[str, bytes] = {}
        self._batches: dict[str, dict[str, Any]] = {}

    async def upload(self, exchange: Exchange) -> None:
        """Keep a file."""
        form = exchange.form()
        if not form.get("file"):
            await exchange.answer_error(400, "file: missing or empty")
            return
        purpose = form.get("purpose", b"").decode()
        await exchange.answer_json(_file(self._kept(form["file"]), form["file"], purpose))

    async def content(self, exchange: Exchange, file_id: str) -> None:
        """Give a file back."""
        if file_id not in self._files:
            await exchange.answer_error(404, f"no file {file_id}")
            return
        await exchange.answer(200, self._files[file_id], kind="application/octet-stream")

    async def create(self, exchange: Exchange) -> None:
        """Begin a batch."""
        fields, now = exchange.fields, int(time.time())
        if fields.get("input_file_id") not in self._files:
            await exchange.answer_error(400, "input_file_id: no such file")
            return
        batch = {
            "id": f"batch_{uuid.uuid4().hex}",
            "object": "batch",
            "endpoint": fields.get("endpoint"),
            "input_file_id": fields["input_file_id"],
            "completion_window": fields.get("completion_window"),
            "metadata": fields.get("metadata"),
            "status": "in_progress",
            "created_at": now,
            "expires_at": now + WINDOW_S,
            "began": time.monotonic(),
        }
        self._batches[str(batch["id"])] = batch
        await exchange.answer_json(_told(batch))

    async def retrieve(self, exchange: Exchange, batch_id: str) -> None:
        """Say how far a batch is."""
        if batch_id not in self._batches:
            await exchange.answer_error(404, f"no batch {batch_id}")
            return
        await exchange.answer_json(_told(self._moved_on(self._batches[batch_id])))

    async def listed(self, exchange: Exchange) -> None:
        """List all batches, newest first."""
        data = [_told(self._moved_on(b)) for b in reversed(self._batches.values())]
        await exchange.answer_json({"object": "list", "data": data, "has_more": False})

    async def cancel(self, exchange: Exchange, batch_id: str) -> None:
        """End a batch that is under way."""
        batch = self._batches.get(batch_id)
        if batch and batch["status"] == "in_progress":
            batch["status"] = "cancelled"
        await self.retrieve(exchange, batch_id)

    def _kept(self, data: bytes) -> str:
        name = f"file-{uuid.uuid4().hex}"
        self._files[name] = data
        return name

    def _moved_on(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The batch as it is now; its work is done when its time has come."""
        is_due = time.monotonic() - batch["began"] >= self._script.batch_s
        if batch["status"] == "in_progress" and is_due:
            self._end(batch)
        return batch

    def _end(self, batch: dict[str, Any]) -> None:
        batch["status"] = self._script.batch_end
        lines = self._files[batch["input_file_id"]].splitlines()
        if self._script.batch_end == "failed":
            error = {"code": "invalid_file", "message": "scripted to fail", "line": 1}
            batch["errors"] = {"object": "list", "data": [error]}
            return
        # A batch that expires or is cancelled has done a half of its work, and bills it.
        done = len(lines) if self._script.batch_end == "completed" else len(lines) // 2
        results = [self._result(json.loads(line)) for line in lines[:done]]
        late = [_late(json.loads(line)) for line in lines[done:]]
        good = [r for r in results if r["response"]["status_code"] == 200]
        bad = [r for r in results if r["response"]["status_code"] != 200] + late
        for name, some in (("output_file_id", good), ("error_file_id", bad)):
            batch[name] = self._kept(b"\n".join(json.dumps(r).encode() for r in some) or b"\n")
        counts = {"total": len(lines), "completed": len(good), "failed": len(bad)}
        batch["request_counts"] = counts

    def _result(self, line: dict[str, Any]) -> dict[str, Any]:
        """The answer to one line; faults of the network do not happen in a batch."""
        request = hashlib.sha256(json.dumps(line["body"]).encode()).hexdigest()
        journal = self._journal
        behaviour = self._script.behaviour(journal.requests, request, journal.asked[request])
        journal.requests += 1
        journal.asked[request] += 1
        journal.behaviours[behaviour] += 1
        status, body = 500, {"error": {"message": "scripted to fail", "code": None}}
        if behaviour in _BILLED:
            journal.bill(request)
            status, body = 200, self._completions.reply(line["body"], request, behaviour)
        if behaviour in (Behaviour.BAD_REQUEST, Behaviour.FILTERED_REQUEST):
            code = "content_filter" if behaviour is Behaviour.FILTERED_REQUEST else "invalid"
            status, body = 400, {"error": {"message": "scripted to be refused", "code": code}}
        response = {"status_code": status, "request_id": request[:12], "body": body}
        return {
            "id": f"batch_req_{request[:12]}",
            "custom_id": line["custom_id"],
            "response": response,
            "error": None,
        }


def _late(line: dict[str, Any]) -> dict[str, Any]:
    error = {"code": "batch_expired", "message": "not done in time"}
    return {"id": "", "custom_id": line["custom_id"], "response": None, "error": error}


def _file(name: str, data: bytes, purpose: str) -> dict[str, Any]:
    return {
        "id": name,
        "object": "file",
        "bytes": len(data),
        "created_at": int(time.time()),
        "filename": f"{name}.jsonl",
        "purpose": purpose,
        "status": "processed",
    }


def _told(batch: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in batch.items() if name != "began"}
