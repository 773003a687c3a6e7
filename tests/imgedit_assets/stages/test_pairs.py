"""A turn that edits what the turn before has put in needs its mask, told by the painter or not."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from imgedit_assets.stages.episodes import Episode
from imgedit_assets.stages.pairs import EditPairs, decoded_masks
from models.dialogues.dialogue import Turn, turns_to_json
from models.edit_types.spec import Operation
from models.geometry import Bitmap
from models.masks import Rle, distance_px
from models.studio.scene import visible_masks
from models.versions import Codec
from models.vocabulary import Target
from resources.factory import Factory
from resources.home import Home
from resources.operations import operations_from_json
from resources.schema import Dialogue, EditPair, Version
from resources.sources.studio import read_scene, studio_scene

SCENE = "studio://scene/0"
PROFILE = 'name = "p"\n[roles.painter]\nbackend = "{backend}"\n'


def turn(number: int, edit_type: str, name: str, key: str, *, subject: int = 0) -> Turn:
    target = Target(key=key, phrase=key)
    operation = Operation(edit_type=edit_type, subject=subject, name=name, target=target)
    return Turn(
        instruction=f"{edit_type} the {name}",
        starts_from=number,
        operations=(operation,),
        reference="name",
    )


OWL = (turn(0, "replace", "thing", "owl"), turn(1, "alter", "owl", "red"))
"""An owl in the place of a thing, then made red."""


def masks_of_turns(folder: Path, backend: str, turns: Sequence[Turn] = OWL) -> list[Bitmap]:
    """The mask of each turn."""
    rows = pairs_of(folder, backend, turns)
    return [decoded_masks(r.masks, width=r.width, height=r.height)[0] for r in rows]


def pairs_of(folder: Path, backend: str, turns: Sequence[Turn]) -> list[EditPair]:
    """The turns of a dialogue about two objects of a scene, painted."""
    profile = folder / f"{backend.partition(':')[0]}.toml"
    profile.write_text(PROFILE.format(backend=backend))
    factory = Factory.open(Home.of(folder / "home"), profile=str(profile))
    scene = studio_scene(SCENE)
    small = [m for m in visible_masks(scene) if 0.01 < m.mean() < 0.05]
    height, width = small[0].shape
    root = Version(
        id="root",
        parent_id="",
        row_id="",
        asset="source_images",
        partition="s",
        codec=Codec.SOURCE,
        x0=0,
        y0=0,
        x1=width,
        y1=height,
        payload=read_scene(SCENE),
    )
    factory.store.insert(Version, [root])
    row = Dialogue(
        id="d",
        parent_ids=(),
        recipe_id="",
        run_id="",
        shard="s",
        edit_type="content_understanding",
        image_id="i",
        version_id=root.id,
        width=width,
        height=height,
        turns=turns_to_json(turns),
        instructions=tuple(t.instruction for t in turns),
        after_version_ids=(),
        premise="",
        region_ids=(),
        masks=tuple(Rle.encode(mask).counts for mask in small[:2]),
        writer="",
        caption="",
    )
    stage = EditPairs(factory, shard="s", edit_type=row.edit_type)
    episode = Episode.of(row)
    work = stage.unit([row.id], episode, subject="")
    # What the engine bounds: a canvas for each turn.
    assert stage.pixels(work) == len(turns) * width * height
    (easel,) = stage.process([(work, stage.prepare(work))])
    output = stage.finish(work, easel)  # type: ignore[arg-type]
    factory.store.insert(Version, output.versions)
    return [r for r in output.rows if isinstance(r, EditPair)]


def iou(first: Bitmap, second: Bitmap) -> float:
    return float((first & second).sum() / (first | second).sum())


def test_what_was_put_in_is_found_where_the_painter_does_not_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    before, told = masks_of_turns(tmp_path, "classical")
    same, found = masks_of_turns(tmp_path, "tests.imgedit_assets.stages.forgetful:ForgetfulPainter")
    assert np.array_equal(before, same)
    assert iou(before, told) < 0.9
    assert iou(told, found) > 0.6


def test_a_turn_has_the_mask_of_what_it_edits_alone_also_where_it_goes_back(tmp_path: Path) -> None:
    turns = [
        turn(0, "alter", "one", "red"),
        turn(1, "alter", "two", "blue", subject=1),
        turn(1, "alter", "two", "green", subject=1),
    ]
    pairs = pairs_of(tmp_path, "classical", turns)
    (first,), (second,), (third,) = (pair.masks for pair in pairs)
    assert first != second == third
    assert [o.subject for p in pairs for o in operations_from_json(p.operations)] == [0, 0, 0]
    store = Factory.open(Home.of(tmp_path / "home")).store
    for pair in pairs:
        source, target = store.render(pair.source_version_id), store.render(pair.target_version_id)
        (mask,) = decoded_masks(pair.masks, width=pair.width, height=pair.height)
        changed = (source != target).any(axis=2)
        assert pair.grow_px is not None
        assert not changed[distance_px(mask) > pair.grow_px].any()
        assert changed[mask].mean() > 0.5
