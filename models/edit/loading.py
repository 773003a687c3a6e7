"""An editor's pipeline, of exactly the checkpoint that was made for it."""

import json
from dataclasses import dataclass
from typing import Any

from models.loading.diffusers_spec import DiffusersSpec
from models.weights import CheckpointError


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorSpec(DiffusersSpec):
    """A pipeline that takes its own checkpoints alone.

    Editors of one family have the same components, with other text models and other prompts
    around the instruction: diffusers would load one as another, and the edits would be poor.
    """

    def load(self, device: str) -> Any:  # noqa: ANN401 - diffusers' pipelines are untyped
        """The pipeline, ready to be called.

        Raises:
            CheckpointError: As `DiffusersSpec`, or the checkpoint is another pipeline's.
        """
        try:
            index = json.loads((self.weights.path / "model_index.json").read_text("utf-8"))
            made_for = index["_class_name"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            msg = f"{self.weights.source} is no diffusers pipeline: model_index.json: {error!r}"
            raise CheckpointError(msg) from error
        if made_for != self.pipeline:
            msg = (
                f"{self.weights.source} is a checkpoint of {made_for}, not of {self.pipeline}. "
                "Name another checkpoint, or the editor that it was made for"
            )
            raise CheckpointError(msg)
        return DiffusersSpec.load(self, device)
