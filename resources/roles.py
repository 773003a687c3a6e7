"""The roles of the graph. A profile binds each to a backend by name.

Every backend separates `setup` (load weights, once) from the batch call; a row that fails comes
back as a `Fault` in its place, so a batch always returns as many answers as it was given.
An `Editor` stands in `models.edit.editor`, since a painter may be made of one.
`version` is raised by hand whenever a backend's answers change, and is part of every recipe.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from models.annotation import Annotation
from models.describe.description import Description
from models.detect.detection import DetectRequest, Found
from models.dialogues.dialogue import DialogueRequest, WrittenDialogue
from models.edit.editor import Editor
from models.embed.vector import CropRequest, Vector
from models.faults import Fault
from models.geometry import Rgb
from models.judge.judgement import Judgement, JudgeRequest
from models.painting import Painting, PaintRequest
from models.segment.segmentation import Segmented, SegmentRequest
from models.write.instruction import WriteRequest, WrittenInstruction


@runtime_checkable
class Backend(Protocol):
    """What every backend has."""

    @property
    def name(self) -> str:
        """Its name, for the rows that it makes."""

    @property
    def version(self) -> str:
        """Raised by hand whenever its answers change."""

    def setup(self) -> None:
        """Load what the backend needs. Called once, before the first batch."""

    def params(self) -> Mapping[str, object]:
        """The parameters the backend was made with: they are part of the recipe of its rows."""


class AestheticScorer(Backend, Protocol):
    """Scores how pleasing an image is, on the 1 to 10 scale of LAION's predictor."""

    def score(self, images: Sequence[Rgb]) -> list[float | Fault]:
        """One score for each image."""


class Describer(Backend, Protocol):
    """Captions an image and lists its nouns."""

    def describe(self, images: Sequence[tuple[Rgb, Annotation]]) -> list[Description | Fault]:
        """A caption, object nouns and background nouns for each image."""


class Detector(Backend, Protocol):
    """Finds named objects."""

    def detect(self, requests: Sequence[DetectRequest]) -> list[tuple[Found, ...] | Fault]:
        """The boxes found in each image, best first."""


class Segmenter(Backend, Protocol):
    """Turns boxes into masks."""

    def segment(self, requests: Sequence[SegmentRequest]) -> list[tuple[Segmented, ...] | Fault]:
        """One mask with a score in [0, 1] for each box of each image, in the boxes' order."""


class Embedder(Backend, Protocol):
    """Puts images and words into one space."""

    def crop_score(self, crops: Sequence[CropRequest]) -> list[float | Fault | None]:
        """Probability of "name" against "not name" for each crop on white, 0 to 1.

        None where the embedder cannot tell: an image of a kind it was not trained on.
        """

    def embed_images(self, images: Sequence[Rgb]) -> list[Vector | Fault]:
        """A vector of unit length for each image; all have one length."""

    def embed_texts(self, texts: Sequence[str]) -> list[Vector]:
        """A vector of unit length for each text, comparable with those of images."""


class InstructionWriter(Backend, Protocol):
    """Writes the instruction of an edit and the noun phrase of its result."""

    def write(self, requests: Sequence[WriteRequest]) -> list[WrittenInstruction | Fault]:
        """One instruction for each request."""


class DialogueWriter(Backend, Protocol):
    """Writes a dialogue of two or three turns in one go."""

    def write_dialogues(self, requests: Sequence[DialogueRequest]) -> list[WrittenDialogue | Fault]:
        """One dialogue for each request; `models.dialogues.validate` has yet to check it."""


class SafetyFilter(Backend, Protocol):
    """Tells images that are not safe for work."""

    def unsafe(self, images: Sequence[Rgb]) -> list[float | Fault]:
        """Probability of not being safe for work for each image, 0 to 1."""


class Painter(Backend, Protocol):
    """Paints one masked region."""

    def paint(self, requests: Sequence[PaintRequest]) -> list[Painting | Fault]:
        """New pixels for each request."""


class Judge(Backend, Protocol):
    """Scores a pair by its class's rubric."""

    def judge(self, requests: Sequence[JudgeRequest]) -> list[Judgement | Fault]:
        """One verdict for each pair, before the cap is applied."""


class ForensicDetector(Backend, Protocol):
    """Tells edited pictures from untouched ones. Benchmarks name theirs, not profiles' roles."""

    def detect(self, images: Sequence[Rgb]) -> list[float | Fault]:
        """For each picture the probability in [0, 1] that it was edited."""

    def close(self) -> None:
        """End what it started."""


PROTOCOLS: Mapping[str, type[Any]] = {
    "aesthetic_scorer": AestheticScorer,
    "describer": Describer,
    "detector": Detector,
    "segmenter": Segmenter,
    "embedder": Embedder,
    "instruction_writer": InstructionWriter,
    "dialogue_writer": DialogueWriter,
    "safety_filter": SafetyFilter,
    "painter": Painter,
    "judge": Judge,
    "editor": Editor,
}
"""What a backend of each role has to be."""
