"""The scale of the cosines, fitted so that a score is a probability."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from tokenizers import Tokenizer

from models.embed.studio_pixels import network_input
from models.embed.studio_training.architecture import Network, Tensor
from models.embed.studio_training.crops import Renders
from models.studio.catalogue import names

_RANGE = (1.0, 100.0)
_BATCH = 128


def calibrate(model: Network, tokenizer: Tokenizer, validation: Renders, seed: int) -> None:
    """Set an open_clip model's scale by crops that it was not trained on.

    As many right names as wrong ones are asked; of the wrong ones one half is random, the other
    is what the crop looks most like.
    """
    import torch

    with torch.no_grad():
        images = torch.cat(
            [
                model.encode_image(torch.from_numpy(network_input(list(part))), normalize=True)
                for part in np.array_split(validation.crops, -(-len(validation.crops) // _BATCH))
            ]
        )
        named, denied = (
            images @ model.encode_text(_tokens(tokenizer, form), normalize=True).T
            for form in ("{}", "not {}")
        )
        margins = (named - denied).numpy().astype(np.float64)
        scale = fitted_scale(*_asked(named.numpy(), margins, validation.crop_names, seed))
        model.logit_scale.fill_(math.log(scale))


def _tokens(tokenizer: Tokenizer, form: str) -> Tensor:
    import torch

    texts = [form.format(name) for name in names()]
    return torch.tensor([found.ids for found in tokenizer.encode_batch(texts)])


def _asked(
    named: NDArray[np.float32],
    margins: NDArray[np.float64],
    labels: NDArray[np.int64],
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The margins of right names, and of wrong ones."""
    rows = np.arange(len(labels))
    others = named.copy()
    others[rows, labels] = -np.inf
    shift = np.random.default_rng(seed).integers(1, len(names()), len(labels))
    wrong = (others.argmax(axis=1), (labels + shift) % len(names()))
    return margins[rows, labels], np.concatenate([margins[rows, w] for w in wrong])


def fitted_scale(right: ArrayLike, wrong: ArrayLike) -> float:
    """The factor that makes a sigmoid of margins most likely, right and wrong counting alike.

    Args:
        right: Margins of pairs that belong together.
        wrong: Margins of pairs that do not.
    """
    good, bad = np.asarray(right), np.asarray(wrong)

    def surprise(scale: float) -> float:
        return float(np.logaddexp(0, -scale * good).mean() + np.logaddexp(0, scale * bad).mean())

    return float(minimize_scalar(surprise, bounds=_RANGE, method="bounded").x)
