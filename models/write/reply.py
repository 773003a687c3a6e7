"""The form of a language model's answer to a request for an instruction."""

from pydantic import field_validator

from models.chat.replies import StrictReply
from models.write.phrasing import MAX_WORDS


class RepliedEdit(StrictReply):
    """One edit that the instruction asks for."""

    object: str
    """The object's name as it was given."""
    choice: str
    """What was chosen, without an article; empty where the edit leaves no choice."""
    result: str
    """The noun phrase, with its article, of what will be there afterwards; empty where something
    is removed."""

    @field_validator("object", "choice", "result")
    @classmethod
    def _is_tidy(cls, text: str) -> str:
        return " ".join(text.split()).rstrip(".")


class InstructionReply(StrictReply):
    """An instruction, after what it asks for."""

    edits: tuple[RepliedEdit, ...]
    """One for each edit of the request, in its order."""
    instruction: str
    """What the user says to the editor, in at most 30 words."""

    @field_validator("instruction")
    @classmethod
    def _is_short(cls, text: str) -> str:
        words = text.split()
        if not 0 < len(words) <= MAX_WORDS:
            msg = f"{len(words)} words, 1 to {MAX_WORDS} are wanted"
            raise ValueError(msg)
        return " ".join(words)
