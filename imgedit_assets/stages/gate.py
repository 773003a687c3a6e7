"""A gate: it reads what was measured and decides what belongs, without a model or a picture."""

from collections.abc import Sequence

from imgedit_assets.stages.base import AssetStage, P
from models.faults import Fault
from resources.engine.stage import Work


class Gate(AssetStage[P, None, None]):
    """Rows of another asset that reach the profile's thresholds, which are its recipe's `gate`.

    A moved threshold makes every unit a new one: the whole gate is decided again, and nothing that
    it reads is.
    """

    batch_size = 256

    def prepare(self, work: Work[P]) -> None:
        """Nothing to decode."""

    def process(self, batch: Sequence[tuple[Work[P], None]]) -> Sequence[Fault | None]:
        """Nothing to compute: `finish` decides."""
        return [None] * len(batch)
