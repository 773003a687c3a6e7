"""How judges are trained and loaded again: a learner makes a checkpoint, its kind reads it."""

import json
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import ClassVar, Protocol

from models.faults import Fault
from models.hosting import Host
from models.judge.judgement import Judgement, JudgeRequest
from models.judge.lesson import Lessons
from models.weights import CheckpointError

RECIPE = "recipe.json"
"""Says of a checkpoint what kind of judge it is, and how it was made."""

KINDS: Mapping[str, str] = {
    "small": "models.judge.small.judge:SmallJudge",
    "qwen_vl": "models.judge.vlm.judge:QwenJudge",
}
"""By the kind in a recipe: the judge, made with the checkpoint's folder."""

HOSTED = frozenset({"qwen_vl"})
"""Those that load a network onto a device: made with whose device it is as well."""


class Learner(Protocol):
    """A recipe by which a judge is trained; one class for each kind."""

    kind: ClassVar[str]
    version: ClassVar[str]
    """Raised by hand when the same lessons and parameters give another judge."""

    def params(self) -> Mapping[str, object]:
        """The parameters that it was made with: they are part of the checkpoint's name."""

    def learn(
        self, lessons: Lessons, folder: Path, *, tell: Callable[[str], None], device: str = ""
    ) -> Mapping[str, float]:
        """Train on the lessons that are not held out, and write a checkpoint.

        Args:
            lessons: What there is to learn, and to be tried on.
            folder: Where the checkpoint is written; what a killed run left there is continued.
            tell: Is told how it goes, a line at a time.
            device: "cpu", "cuda:0" and so on, for a network; empty for the best that there is.

        Returns:
            Figures by name, of held-out lessons where there are any.

        Raises:
            ImgEditError: Nothing can be learnt from these lessons; the text says what to do.
        """


class TrainedJudge(Protocol):
    """A judge that was read from a checkpoint (`resources.roles.Judge`)."""

    @property
    def name(self) -> str:
        """Its kind."""

    @property
    def version(self) -> str:
        """Raised by hand whenever its answers change."""

    def setup(self) -> None:
        """Load the weights, and refuse those that cannot tell a good edit from none."""

    def params(self) -> Mapping[str, object]:
        """What its answers depend on."""

    def judge(self, requests: Sequence[JudgeRequest]) -> list[Judgement | Fault]:
        """One verdict for each pair, before the cap is applied."""


def load_judge(folder: Path, host: Host | None = None) -> TrainedJudge:
    """The judge whose checkpoint lies in a folder; `setup` loads it.

    Args:
        folder: The checkpoint.
        host: Whose device a network is loaded onto; its own on the best device, without.

    Raises:
        CheckpointError: There is none, or one of a kind that nobody knows.
    """
    path = folder / RECIPE
    try:
        kind = json.loads(path.read_text(encoding="utf-8"))["kind"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{path} tells of no judge ({error}): train the variant again"
        raise CheckpointError(message) from None
    if kind not in KINDS:
        message = f"{path}: no kind of judge {kind!r} among {', '.join(KINDS)}; train it again"
        raise CheckpointError(message)
    module, name = KINDS[kind].split(":")
    more = {"host": host} if kind in HOSTED else {}
    judge: TrainedJudge = getattr(import_module(module), name)(folder=folder, **more)
    return judge
