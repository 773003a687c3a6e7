"""The judge that the graph has trained, as a backend: `[roles.judge] backend = "trained"`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

from models.faults import Fault, ImgEditError
from models.hosting import Host
from models.judge.judgement import Judgement, JudgeRequest
from models.judge.learner import TrainedJudge, load_judge
from models.recorded import Recorded
from resources.releases.latest import content_of, latest_of


class NoCheckpointError(ImgEditError):
    """A variant was not trained yet."""


@dataclass(frozen=True, kw_only=True)
class TrainedVariant(Recorded):
    """The last checkpoint of a variant, a partition of `judge_checkpoint`.

    Its verdicts depend on that checkpoint's content and on nothing else: another checkpoint of the
    same variant asks anew, and the same under another name does not.
    """

    name = "trained"
    version = "1"
    unrecorded: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "variant": "the checkpoint that it names is recorded by its content",
            "judges": "the same checkpoint may lie anywhere",
            "host": "the same checkpoint answers alike on any device",
        }
    )

    variant: str
    """A section of [judges]."""
    judges: Path
    """Where the graph keeps the checkpoints of all variants."""
    host: Host | None = None
    """Whose device a network is loaded onto; of no use to another kind."""

    @cached_property
    def folder(self) -> Path | None:
        """The checkpoint, which stays the same for this judge; None before the first."""
        return latest_of(self.judges / self.variant)

    def params(self) -> Mapping[str, object]:
        """What the checkpoint's name says of its content."""
        return {"checkpoint": content_of(self.folder) if self.folder else ""}

    def setup(self) -> None:
        """Load the checkpoint.

        Raises:
            ImgEditError: There is none, or it cannot be loaded.
        """
        self._judge.setup()

    def judge(self, requests: Sequence[JudgeRequest]) -> list[Judgement | Fault]:
        """One verdict for each pair, before the cap is applied."""
        return self._judge.judge(requests)

    @cached_property
    def _judge(self) -> TrainedJudge:
        if self.folder is None:
            msg = (
                f"the judge {self.variant!r} is not trained yet: materialise judge_corpus, then "
                f"judge_checkpoint of {self.variant}, or let `imgedit run` do it"
            )
            raise NoCheckpointError(msg)
        return load_judge(self.folder, self.host)
