"""A dialogue writer that is a language model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from models.chat.chat_model import ChatModel, ChatRequest
from models.chat.prompts import answers, wording
from models.dialogues.dialogue import DialogueRequest, WrittenDialogue
from models.dialogues.parse import parse_reply
from models.dialogues.prompt import PROMPTS, examples, messages
from models.dialogues.reply import DialogueReply
from models.dialogues.validate import check
from models.faults import Fault, FaultError, Reason
from models.recorded import Recorded, recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatDialogueWriter(Recorded):
    """Writes each dialogue in one go from a few examples, as docs/paper.md says under "Classes".

    A dialogue with a fault is sent back once with what is wrong; so what comes out has been checked
    as `models.dialogues.validate` does.
    """

    version = "1"

    chat: ChatModel
    temperature: float = 0.7
    """Above 0, for dialogues that vary; the request's seed is sent along."""
    max_tokens: int = 1024
    batch_size: int = 64
    """Requests that are put to the model together."""

    @property
    def name(self) -> str:
        """Which model wrote."""
        return f"chat {self.chat.name}"

    def setup(self) -> None:
        """Read the examples."""
        examples()

    def params(self) -> Mapping[str, object]:
        """All that changes an answer, and the wording."""
        return recorded(self) | {"wording": wording(PROMPTS, DialogueReply)}

    def write_dialogues(self, requests: Sequence[DialogueRequest]) -> list[WrittenDialogue | Fault]:
        """One dialogue for each request."""
        return answers(self.chat, requests, self._asked, _read)

    def _asked(self, request: DialogueRequest) -> ChatRequest:
        if not all(subject.name.strip() for subject in request.subjects):
            raise FaultError(Reason.NOTHING_TO_SAY, "an object of the request has no name")
        return ChatRequest(
            messages=messages(request),
            reply=DialogueReply,
            check=partial(_check, request),
            seed=request.seed,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
        )


def _check(request: DialogueRequest, reply: DialogueReply) -> None:
    dialogue = parse_reply(reply.model_dump_json(), request)
    fault = dialogue if isinstance(dialogue, Fault) else check(dialogue, request)
    if fault:
        raise ValueError(fault.detail)


def _read(request: DialogueRequest, reply: DialogueReply) -> WrittenDialogue:
    dialogue = parse_reply(reply.model_dump_json(), request)
    if isinstance(dialogue, Fault):
        raise FaultError(dialogue.reason, dialogue.detail)
    return dialogue
