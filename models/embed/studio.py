"""The studio's own CLIP: a small network that ships with the package and knows drawn scenes only.

It was trained by `python -m models.embed.studio_training`; its model card is
studio_clip/README.md. Two ONNX graphs, one for each tower, read their numbers out of the one
safetensors file, which open_clip loads as well.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from models.embed.studio_pixels import network_input, on_square
from models.embed.vector import CropRequest, Vector
from models.faults import Fault, ImgEditError, Reason
from models.geometry import Rgb
from models.recorded import Recorded, recorded
from models.weights import CheckpointError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

FOLDER = Path(__file__).parent / "studio_clip"
WEIGHTS = "open_clip_model.safetensors"
CHECKSUMS, NAMES = "checksums.json", "names.json"
IMAGE_GRAPH, TEXT_GRAPH, TOKENIZER = "image_tower.onnx", "text_tower.onnx", "tokenizer.json"

_DIMENSIONS = 128
_EMPTY = Fault(reason=Reason.EMPTY_MASK, detail="an image without pixels")
_RETRAIN = "install the package again, or run python -m models.embed.studio_training"


@dataclass(slots=True, kw_only=True)
class StudioEmbedder(Recorded):
    """Names the objects of drawn scenes; about a millisecond a crop on one core.

    It has seen nothing but studio renders. Of a photograph, and of a name that it was not trained
    on (names.json: the studio's catalogue), it knows nothing, and `crop_score` says so with None.
    The vectors that it gives for photographs mean nothing either: search drawn scenes with it.
    """

    unrecorded = MappingProxyType(
        {
            "threads": "one network, however it is computed",
            "folder": "the checksum tells what is in it",
        }
    )

    threads: int = 1
    """Threads that one call computes with; calls may run at once."""
    batch_size: int = 64
    """The most images of one call into the network."""
    folder: Path = FOLDER
    """Weights, graphs and tokenizer."""

    name = "studio_clip"
    version = "1"
    caution = "it knows the studio's drawn scenes alone; of photographs it can tell nothing"

    _image_tower: "InferenceSession | None" = field(default=None, init=False, repr=False)
    _text_tower: "InferenceSession | None" = field(default=None, init=False, repr=False)
    _tokenizer: "Tokenizer | None" = field(default=None, init=False, repr=False)
    _scale: float = field(default=0.0, init=False, repr=False)
    _for_name: dict[str, Vector] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def check(cls, *, folder: Path = FOLDER, **given: object) -> None:
        """See whether `setup` would find what it needs.

        Raises:
            CheckpointError: A file is missing or damaged.
            ImgEditError: The runtime is not installed.
        """
        del given
        checksums = _checksums(folder)
        for file, expected in checksums.items():
            path = folder / file
            found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            if found != expected:
                state = "damaged" if found else "missing"
                msg = f"{path} is {state}: {_RETRAIN}"
                raise CheckpointError(msg)
        if missing := [lib for lib in ("onnxruntime", "tokenizers") if find_spec(lib) is None]:
            msg = f"the embedder {cls.name} needs {' and '.join(missing)}: run make install"
            raise ImgEditError(msg)

    def setup(self) -> None:
        """Load both towers and read every name that was trained on once.

        Raises:
            CheckpointError: A file is missing or damaged.
            ImgEditError: The runtime is not installed.
        """
        self.check(folder=self.folder)
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(self.folder / TOKENIZER))
        self._image_tower = self._session(IMAGE_GRAPH)
        self._text_tower = self._session(TEXT_GRAPH)
        names = json.loads((self.folder / NAMES).read_text(encoding="utf-8"))
        named, denied = self._texts(names), self._texts([f"not {name}" for name in names])
        self._for_name = dict(zip(names, named - denied, strict=True))

    def params(self) -> Mapping[str, object]:
        """The weights and what they know."""
        known = {"knows": "studio scenes", "weights_sha256": _checksums(self.folder)[WEIGHTS]}
        return recorded(self) | known

    def crop_score(self, crops: Sequence[CropRequest]) -> list[float | Fault | None]:
        """Probability of "name" against "not name" for each crop on white, 0 to 1.

        The softmax over the two texts, with the network's own scale, which was fitted on scenes
        that it was not trained on.

        Returns:
            None for a crop of a photograph and for a name that it was not trained on; an
            `EMPTY_MASK` fault for a crop without pixels.
        """
        known = [i for i, crop in enumerate(crops) if self._knows(crop)]
        vectors = self._images([crops[i].crop for i in known])
        sides = np.array([self._for_name[crops[i].name] for i in known]).reshape(vectors.shape)
        margins = self._scale * np.einsum("nd,nd->n", vectors, sides, dtype=np.float64)
        scores = dict(zip(known, expit(margins).tolist(), strict=True))
        return [
            scores.get(index, None if crop.crop.size else _EMPTY)
            for index, crop in enumerate(crops)
        ]

    def embed_images(self, images: Sequence[Rgb]) -> list[Vector | Fault]:
        """A vector of unit length for each image, crop or whole scene."""
        full = [image for image in images if image.size]
        vectors = iter(self._images(full))
        return [next(vectors) if i.size else _EMPTY for i in images]

    def embed_texts(self, texts: Sequence[str]) -> list[Vector]:
        """A vector of unit length for each text.

        It knows the words of the catalogue and of the studio's settings; other words are spelt
        out, and what comes of them means nothing.
        """
        return list(self._texts(texts))

    def _knows(self, crop: CropRequest) -> bool:
        return crop.drawn and crop.name in self._for_name and crop.crop.size > 0

    def _session(self, graph: str) -> "InferenceSession":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = self.threads
        return onnxruntime.InferenceSession(
            self.folder / graph, options, providers=["CPUExecutionProvider"]
        )

    def _images(self, images: Sequence[Rgb]) -> NDArray[np.float32]:
        assert self._image_tower is not None, "setup() comes first"
        parts = [np.zeros((0, _DIMENSIONS), np.float32)]
        for start in range(0, len(images), self.batch_size):
            batch = network_input([on_square(i) for i in images[start : start + self.batch_size]])
            (vectors,) = self._image_tower.run(["embedding"], {"image": batch})
            parts.append(np.asarray(vectors, np.float32))
        return np.concatenate(parts)

    def _texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        assert self._text_tower is not None, "setup() comes first"
        assert self._tokenizer is not None
        if not texts:
            return np.zeros((0, _DIMENSIONS), np.float32)
        found = self._tokenizer.encode_batch(list(texts))
        tokens = np.array([text.ids for text in found], np.int64)
        vectors, scale = self._text_tower.run(["embedding", "scale"], {"tokens": tokens})
        self._scale = float(scale)
        return np.asarray(vectors, np.float32)


def _checksums(folder: Path) -> Mapping[str, str]:
    """The sha256 of every file that the embedder reads."""
    try:
        found: dict[str, str] = json.loads((folder / CHECKSUMS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{folder / CHECKSUMS}: {error}; {_RETRAIN}"
        raise CheckpointError(msg) from error
    return found
