"""What was trained as an E1's folder, in half precision."""

import json
from pathlib import Path
from typing import Any

from models.e1.config import SIZES
from models.e1.folder import CONFIG, RECIPE, Bases, write_config, write_network
from models.e1.studio_words import WORDS, Words
from models.weights import Weights


def export(network: Any, words: Words, folder: Path, recipe: dict[str, Any]) -> None:  # noqa: ANN401 - `E1Network`
    """Write the editor to a folder that stands alone.

    Numbers are kept in float16, and computed with in float32.
    """
    reader = folder / "reader"
    reader.mkdir(parents=True, exist_ok=True)
    words.save(reader / WORDS)
    write_network(folder, network.half(), transformer=True)
    bases = Bases(reader=Weights.at(reader))
    write_config(folder, SIZES["studio"], bases, network, stage=2, alone=False)
    _forget_the_place(folder / CONFIG)
    (folder / RECIPE).write_text(json.dumps(recipe, indent=1, sort_keys=True) + "\n", "utf-8")


def _forget_the_place(file: Path) -> None:
    """The reader lies inside the folder; where that was written is of no use to anyone."""
    said = json.loads(file.read_text("utf-8"))
    said["bases"]["reader"] |= {"source": "reader", "folder": "reader"}
    file.write_text(json.dumps(said, indent=1, sort_keys=True) + "\n", "utf-8")
