"""Any CLIP of open_clip's as the embedder: DFN5B's ViT-H/14 in the paper's profile."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.batches import in_batches
from models.embed.vector import CropRequest, Vector
from models.faults import Fault, Reason
from models.geometry import Rgb
from models.hosting import Host
from models.loading.clip_spec import CONFIG, ClipSpec, read_config, tokenised
from models.recorded import Recorded
from models.runtime import Runtime
from models.weights import CheckpointError, Weights

CAPACITY = 16_384
"""Texts that are kept: 64 MB at 1,024 numbers each."""


@dataclass(frozen=True, slots=True)
class TextVectors:
    """Those of one model, least recently used first."""

    capacity: int = CAPACITY
    _kept: OrderedDict[str, Vector] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(
        self, texts: Sequence[str], compute: Callable[[Sequence[str]], Sequence[Vector]]
    ) -> list[Vector]:
        """A vector for each text, in order.

        Args:
            texts: Any number; repeated ones are computed once.
            compute: Vectors of texts that are not kept yet; not called where all are.
        """
        with self._lock:
            known = {text: self._kept[text] for text in texts if text in self._kept}
        if new := [text for text in dict.fromkeys(texts) if text not in known]:
            known |= dict(zip(new, compute(new), strict=True))
        self._keep(known)
        return [known[text] for text in texts]

    def _keep(self, used: dict[str, Vector]) -> None:
        with self._lock:
            for text, vector in used.items():
                self._kept[text] = vector
                self._kept.move_to_end(text)
            while len(self._kept) > self.capacity:
                self._kept.popitem(last=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenClipEmbedder(Recorded):
    """Puts images and words into the space of one CLIP."""

    weights: Weights
    """A repository or folder in open_clip's layout."""
    host: Host
    runtime: Runtime = field(default_factory=Runtime)
    batch_size: int = 32
    """Images, or texts, in one pass."""

    name = "open_clip"
    version = "1"

    _texts: TextVectors = field(default_factory=TextVectors, init=False, repr=False, compare=False)

    def setup(self) -> None:
        """Load the model once, its tokenizer and its preprocessing.

        Raises:
            CheckpointError: Something of the checkpoint is missing or does not fit.
        """
        preprocessing(self.weights.path)
        self.embed_texts(["an image"])

    def crop_score(self, crops: Sequence[CropRequest]) -> list[float | Fault | None]:
        """Probability of "name" against "not name" for each crop on white, 0 to 1.

        A softmax over the two texts with the model's own scale, as the paper's region gate.
        """
        seen = self.embed_images([crop.crop for crop in crops])
        names = self.embed_texts([crop.name for crop in crops])
        others = self.embed_texts([f"not {crop.name}" for crop in crops])
        with self.host.use(self._spec) as clip:
            scale = clip.logit_scale
        return [
            image if isinstance(image, Fault) else _probability(scale, image, name - other)
            for image, name, other in zip(seen, names, others, strict=True)
        ]

    def embed_images(self, images: Sequence[Rgb]) -> list[Vector | Fault]:
        """A vector of unit length for each image."""
        return image_vectors(images, host=self.host, spec=self._spec, batch_size=self.batch_size)

    def embed_texts(self, texts: Sequence[str]) -> list[Vector]:
        """A vector of unit length for each text; what is past the model's context is cut off.

        Raises:
            CheckpointError: The model answers with numbers that are none.
        """
        return self._texts.of(texts, self._text_vectors)

    @property
    def _spec(self) -> ClipSpec:
        return ClipSpec(weights=self.weights, runtime=self.runtime)

    def _text_vectors(self, texts: Sequence[str]) -> list[Vector]:
        def embedded(some: Sequence[NDArray[np.int64]]) -> Sequence[Vector]:
            with self.host.use(self._spec) as clip:
                return list(clip.text_vectors(np.stack(some)))

        found: list[Vector] = []
        tokens = list(tokenised(self.weights.path, texts))
        for text, vector in zip(
            texts, in_batches(tokens, embedded, size=self.batch_size), strict=True
        ):
            if isinstance(vector, Fault) or not np.isfinite(vector).all():
                said = vector.detail if isinstance(vector, Fault) else "NaN"
                msg = f"{self.weights.source} gives no vector for {text!r}: {said}"
                raise CheckpointError(msg)
            found.append(vector)
        return found


def image_vectors(
    images: Sequence[Rgb], *, host: Host, spec: ClipSpec, batch_size: int
) -> list[Vector | Fault]:
    """A vector of unit length for each image, by a CLIP that a host owns.

    Images are preprocessed before the device is asked for, so that lanes overlap.
    """
    preprocess = preprocessing(spec.weights.path)

    def embedded(batch: Sequence[Pixels]) -> Sequence[Vector]:
        pixels = np.stack(batch)
        with host.use(spec) as clip:
            return list(clip.image_vectors(pixels))

    vectors = in_batches([preprocess(image) for image in images], embedded, size=batch_size)
    return [_sound(vector) for vector in vectors]


def _sound(vector: Vector | Fault) -> Vector | Fault:
    if isinstance(vector, Fault) or np.isfinite(vector).all():
        return vector
    detail = "the embedding is not a number: are weights damaged, or is float16 too narrow?"
    return Fault(reason=Reason.BAD_REPLY, detail=detail)


def _probability(scale: float, image: Vector, difference: Vector) -> float:
    """The softmax over two texts, of which only the difference counts."""
    return float(1 / (1 + np.exp(-scale * float(image @ difference))))


Pixels = NDArray[np.float32]
"""3 x height x width, normalised."""


@lru_cache(maxsize=16)
def preprocessing(folder: Path) -> Callable[[Rgb], Pixels]:
    """open_clip's own steps for one image, on the processor.

    Args:
        folder: The checkpoint.

    Raises:
        CheckpointError: The configuration asks for something that open_clip does not know.
    """
    from open_clip.transform import PreprocessCfg, image_transform_v2, merge_preprocess_dict

    config = read_config(folder)
    # As open_clip does: the tower's own size holds, whatever `preprocess_cfg` says.
    size = {"size": config["model_cfg"]["vision_cfg"].get("image_size", 224)}
    settings = merge_preprocess_dict(PreprocessCfg(), config.get("preprocess_cfg", {}))
    try:
        steps = image_transform_v2(PreprocessCfg(**(settings | size)), is_train=False)
    except (AssertionError, TypeError, ValueError) as error:
        msg = f"{folder}/{CONFIG}: preprocess_cfg is not understood: {error!r}; download it again"
        raise CheckpointError(msg) from error

    def preprocess(image: Rgb) -> Pixels:
        from PIL import Image

        pixels: Pixels = steps(Image.fromarray(image)).numpy()
        return pixels

    return preprocess
