"""LAION's aesthetic predictor: a small head on the image embeddings of OpenAI's CLIP ViT-L/14."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite

import numpy as np

from models.aesthetics.laion_head import HeadSpec, head_width
from models.embed.open_clip import image_vectors
from models.faults import Fault, Reason
from models.geometry import Rgb
from models.hosting import Host
from models.loading.clip_spec import ClipSpec, vector_width
from models.recorded import Recorded
from models.runtime import Runtime
from models.weights import CheckpointError, Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class LaionAestheticScorer(Recorded):
    """Scores as "improved aesthetic predictor" (Schuhmann, 2022) does: about 1 to 10."""

    weights: Weights
    """The CLIP, in open_clip's layout: OpenAI's ViT-L/14 for the published head."""
    head: Weights
    """The head: `sac+logos+ava1-l14-linearMSE.pth`, or a folder that holds it."""
    host: Host
    runtime: Runtime = field(default_factory=Runtime)
    batch_size: int = 64
    """Images in one pass."""

    name = "laion"
    version = "1"

    def setup(self) -> None:
        """Load both networks.

        Raises:
            CheckpointError: One of them is damaged, or the head is for another CLIP.
        """
        embedded, taken = vector_width(self.weights.path), head_width(self.head.path)
        if embedded != taken:
            msg = (
                f"the head {self.head.source} takes vectors of {taken} numbers and "
                f"{self.weights.source} gives {embedded}: bind the CLIP that it was trained on"
            )
            raise CheckpointError(msg)
        for spec in (self._clip, self._head):
            with self.host.use(spec):
                pass

    def score(self, images: Sequence[Rgb]) -> list[float | Fault]:
        """One score for each image."""
        vectors = image_vectors(images, host=self.host, spec=self._clip, batch_size=self.batch_size)
        sound = [vector for vector in vectors if not isinstance(vector, Fault)]
        if not sound:
            return [vector for vector in vectors if isinstance(vector, Fault)]
        with self.host.use(self._head) as head:
            scores = iter(head.scores(np.stack(sound)))
        return [v if isinstance(v, Fault) else _sound(float(next(scores))) for v in vectors]

    @property
    def _clip(self) -> ClipSpec:
        return ClipSpec(weights=self.weights, runtime=self.runtime)

    @property
    def _head(self) -> HeadSpec:
        return HeadSpec(weights=self.head)


def _sound(score: float) -> float | Fault:
    if isfinite(score):
        return score
    return Fault(reason=Reason.BAD_REPLY, detail=f"the aesthetic head answers {score}")
