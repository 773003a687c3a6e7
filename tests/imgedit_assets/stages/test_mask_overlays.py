"""Masks over their images on a contact sheet."""

import tracemalloc

import numpy as np

from imgedit_assets.stages.masks import tinted


def test_a_mask_is_red_over_the_picture_and_the_rest_stays() -> None:
    small = np.full((20, 40, 3), 100, np.uint8)
    mask = np.zeros((200, 400), np.bool_)
    mask[:, :200] = True
    picture = tinted(small, mask)
    assert (picture[:, 21:] == 100).all()
    assert np.abs(picture[:, :19].astype(int) - (185, 45, 94)).max() <= 1


def test_a_large_mask_takes_no_floats_of_its_size() -> None:
    small, mask = np.zeros((20, 20, 3), np.uint8), np.ones((2000, 3000), np.bool_)
    tracemalloc.start()
    tinted(small, mask)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * mask.size
