"""An instruction writer that is a language model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from models.chat.chat_model import ChatModel, ChatRequest
from models.chat.prompts import answers, prompt_file, wording
from models.faults import Fault
from models.recorded import Recorded, recorded
from models.write.assigned import Assigned, assigned
from models.write.instruction import WriteRequest, WrittenInstruction
from models.write.meaning import operations
from models.write.prompt import PROMPT, messages
from models.write.reply import InstructionReply


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatWriter(Recorded):
    """Writes instructions as docs/paper.md says under "Motion pairs" and "Instructions".

    It is told the caption, the object's name and its box, and does not see the image; of a clip it
    sees both frames. What it asks for is free, so only a painter that takes words can paint all of
    it.
    """

    version = "1"
    show_frames = True
    """A clip's instruction cannot be written unseen."""

    chat: ChatModel
    closed: bool = False
    """Choose from `models.vocabulary` and the studio's catalogue alone: what the classical painter
    can paint and the metric judge can check."""
    show_image: bool = False
    """Show the image too; the paper does not."""
    temperature: float = 0.7
    """Above 0, for wording and choices that vary; the request's seed is sent along."""
    max_tokens: int = 512
    batch_size: int = 64
    """Requests that are put to the model together."""

    @property
    def name(self) -> str:
        """Which model wrote."""
        return f"chat {self.chat.name}"

    def setup(self) -> None:
        """Read the prompt."""
        prompt_file(*PROMPT)

    def params(self) -> Mapping[str, object]:
        """All that changes an answer, and the wording."""
        return recorded(self) | {"wording": wording([PROMPT], InstructionReply)}

    def write(self, requests: Sequence[WriteRequest]) -> list[WrittenInstruction | Fault]:
        """One instruction for each request; a subject without a name is a fault."""
        return answers(self.chat, requests, self._asked, self._written)

    def _asked(self, request: WriteRequest) -> ChatRequest:
        edits = assigned(request)
        return ChatRequest(
            messages=messages(request, edits, closed=self.closed, show_image=self.show_image),
            reply=InstructionReply,
            check=partial(self._check, edits),
            seed=request.seed,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
        )

    def _check(self, edits: Sequence[Assigned], reply: InstructionReply) -> None:
        operations(reply, edits, closed=self.closed)

    def _written(self, request: WriteRequest, reply: InstructionReply) -> WrittenInstruction:
        meant = operations(reply, assigned(request), closed=self.closed)
        return WrittenInstruction(text=reply.instruction, operations=meant, wording="model")
