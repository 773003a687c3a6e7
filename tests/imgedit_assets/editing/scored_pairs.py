"""Small pairs in a store, scored, of which the good ones are accepted."""

from collections.abc import Sequence

import numpy as np

from resources.schema import AcceptedPair, ScoredPair, Version
from resources.store import Store
from tests.imgedit_assets.judging.studio_pairs import root_version
from tests.imgedit_assets.lineages import chain, write

SIDE_PX = 64


def put_scored(store: Store, scores: Sequence[float]) -> list[ScoredPair]:
    """A pair of a source image of its own for each score; accepted from 3.5 on.

    A grey picture gets a square of another colour: what an editor is to learn.
    """
    rows, versions = [], []
    for number, score in enumerate(scores):
        source = np.full((SIDE_PX, SIDE_PX, 3), 60 + 10 * (number % 12), np.uint8)
        target = source.copy()
        target[16:40, 16:40] = (200, 40, 40)
        pictures = (("s", source), ("t", target))
        made = [root_version(f"{side} {number}", image) for side, image in pictures]
        versions += made
        pair = {
            "instruction": "Add a red square",
            "root_version_id": made[0].id,
            "source_version_id": made[0].id,
            "target_version_id": made[1].id,
            "turn": 1,
            "turns": 1,
            "width": SIDE_PX,
            "height": SIDE_PX,
        }
        image = {"version_id": made[0].id, "uri": f"file:///{number}.png", "sha256": f"{number}"}
        verdict = {n: score for n in ("score", "adherence", "quality", "preservation")}
        chained = chain(
            str(number),
            source_images=image,
            filtered_images=image,
            edit_pairs=pair,
            scored_pairs={**pair, **verdict},
            accepted_pairs={**pair, **verdict},
        )
        rows += chained if score >= 3.5 else chained[:-1]
    store.insert(Version, versions)
    write(store, rows)
    assert any(isinstance(row, AcceptedPair) for row in rows)
    return [row for row in rows if isinstance(row, ScoredPair)]
