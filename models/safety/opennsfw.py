"""Yahoo's OpenNSFW (2016), a thin ResNet-50 that ships with this package.

Where its weights are from, and their licences, tells open_nsfw/README.md.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from models.faults import Fault, ImgEditError
from models.geometry import Rgb
from models.recorded import Recorded, recorded
from models.weights import CheckpointError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

WEIGHTS = Path(__file__).parent / "open_nsfw" / "open-nsfw.onnx"
WEIGHTS_SHA256 = "864bb37bf8863564b87eb330ab8c785a79a773f4e7c43cb96db52ed8611305fa"

_RESIZED_PX = 256
_INPUT_PX = 224
_JPEG_QUALITY = 75
# The means, in BGR, that the network was trained with.
_MEAN_BGR = np.array([104, 117, 123], np.float32)


@dataclass(slots=True, kw_only=True)
class OpenNsfw(Recorded):
    """Tells pornographic images; about 12 ms an image on one core.

    Its authors call a score below 0.2 safe and one above 0.8 most likely not. It knows photographs:
    drawings, violence and text are beyond it.
    """

    unrecorded = MappingProxyType({"threads": "one network, however it is computed"})

    threads: int = 1
    """Threads that one call computes with; calls may run at once."""

    name = "opennsfw"
    version = "1"

    _session: "InferenceSession | None" = field(default=None, init=False, repr=False)

    @classmethod
    def check(cls, **given: object) -> None:
        """See whether `setup` would find what it needs.

        Raises:
            CheckpointError: The weights are missing or damaged.
            ImgEditError: The runtime is not installed.
        """
        del given
        _weights()
        if find_spec("onnxruntime") is None:
            msg = "the safety filter opennsfw needs onnxruntime: run make install"
            raise ImgEditError(msg)

    def setup(self) -> None:
        """Load the weights.

        Raises:
            CheckpointError: The weights are missing or damaged.
            ImgEditError: The runtime is not installed.
        """
        weights = _weights()
        try:
            import onnxruntime
        except ImportError as error:
            msg = f"the safety filter opennsfw cannot load onnxruntime: {error}; run make install"
            raise ImgEditError(msg) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = self.threads
        self._session = onnxruntime.InferenceSession(
            weights, options, providers=["CPUExecutionProvider"]
        )

    def params(self) -> Mapping[str, object]:
        """The weights."""
        return recorded(self) | {"weights_sha256": WEIGHTS_SHA256}

    def unsafe(self, images: Sequence[Rgb]) -> list[float | Fault]:
        """Probability of not being safe for work for each image, 0 to 1."""
        assert self._session is not None, "setup() comes first"
        if not images:
            return []
        batch = np.stack([_network_input(image) for image in images])
        (answers,) = self._session.run(None, {self._session.get_inputs()[0].name: batch})
        return [float(unsafe) for _, unsafe in np.asarray(answers)]


def _weights() -> bytes:
    weights = WEIGHTS.read_bytes() if WEIGHTS.is_file() else b""
    if hashlib.sha256(weights).hexdigest() != WEIGHTS_SHA256:
        state = "damaged" if weights else "missing"
        msg = f"{WEIGHTS}: the weights of the safety filter are {state}; install this package again"
        raise CheckpointError(msg)
    return weights


def _network_input(image: Rgb) -> NDArray[np.float32]:
    """What the network was trained on: squeezed, cropped, and through a JPEG, as Yahoo's own code.

    Returns:
        float32, 224 x 224 x 3, BGR less the means.
    """
    squeezed = cv2.resize(image, (_RESIZED_PX, _RESIZED_PX), interpolation=cv2.INTER_AREA)
    edge = (_RESIZED_PX - _INPUT_PX) // 2
    crop = squeezed[edge : edge + _INPUT_PX, edge : edge + _INPUT_PX, ::-1]
    # Without the JPEG the scores of photographs move by up to a half of themselves.
    _, jpeg = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    bgr = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    return np.asarray(bgr, np.float32) - _MEAN_BGR
