"""How editors are trained and loaded again: a learner makes a checkpoint, its kind reads it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar, Protocol

from models.e1.pairs import TrainingPairs


class EditorLearner(Protocol):
    """A recipe by which an editor is trained, in two stages."""

    kind: ClassVar[str]
    version: ClassVar[str]
    """Raised by hand when the same pairs and parameters give another editor."""

    def params(self) -> Mapping[str, object]:
        """The parameters that it was made with: they are part of the checkpoint's name."""

    def connect(
        self, pairs: TrainingPairs, folder: Path, *, tell: Callable[[str], None]
    ) -> Mapping[str, float]:
        """Stage 1: train the connector between what reads and what paints, and nothing else.

        Args:
            pairs: What there is to learn from, and, of held-out source images, to be tried on.
            folder: Where the checkpoint is written; what a killed run left there is continued.
            tell: Is told how it goes, a line at a time.

        Returns:
            Figures by name.

        Raises:
            ImgEditError: Nothing can be learnt from these pairs; the text says what to do.
        """

    def learn(
        self,
        pairs: TrainingPairs,
        connector: Path,
        folder: Path,
        *,
        tell: Callable[[str], None],
    ) -> Mapping[str, float]:
        """Stage 2: train what paints as well, from the checkpoint of stage 1.

        Args:
            pairs: What there is to learn from.
            connector: The checkpoint of stage 1.
            folder: Where the whole editor is written, for `models.e1.editor.load_editor`; what a
                killed run left there is continued.
            tell: Is told how it goes, a line at a time.

        Returns:
            Figures by name.

        Raises:
            ImgEditError: The connector is of another recipe, or nothing can be learnt.
        """
