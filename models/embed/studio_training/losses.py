"""What the network is punished for: wrong names, "not" taken lightly, and mixed-up scenes."""

from models.embed.studio_training.architecture import Tensor
from models.embed.studio_training.batches import TrainingBatch
from models.studio.catalogue import names

_TEXT_WEIGHT = 0.5
_SCENE_WEIGHT = 0.25
_HARD_NAMES = 2
"""Names that a crop is most easily mistaken for, beside two at random."""


def loss_of(batch: TrainingBatch, images: Tensor, texts: Tensor, scale: Tensor) -> Tensor:
    """One number for a batch.

    Args:
        batch: What was shown.
        images: Unit vectors of its images, in order.
        texts: Unit vectors of its texts, in order.
        scale: What cosines are multiplied by.
    """
    import torch

    crops, count = len(batch.labels), len(names())
    labels = torch.from_numpy(batch.labels)
    named = scale * images[:crops] @ texts[:count].T
    denied = scale * images[:crops] @ texts[count : 2 * count].T
    scenes = scale * texts[2 * count :] @ images[crops:].T
    holds = torch.from_numpy(batch.caption_holds)
    return (
        name_loss(named, labels)
        + denial_loss(named, denied, labels, torch.from_numpy(batch.others))
        + _SCENE_WEIGHT * (matching_loss(scenes, holds) + matching_loss(scenes.T, holds.T)) / 2
    )


def name_loss(named: Tensor, labels: Tensor) -> Tensor:
    """CLIP's contrast in both directions, against every name of the catalogue.

    Args:
        named: Crops x names, scaled cosines.
        labels: The name of each crop.
    """
    import torch
    from torch.nn import functional

    present = torch.unique(labels)
    to_crops = matching_loss(named.T[present], labels == present[:, None])
    return functional.cross_entropy(named, labels) + _TEXT_WEIGHT * to_crops


def denial_loss(named: Tensor, denied: Tensor, labels: Tensor, others: Tensor) -> Tensor:
    """Makes "name" win over "not name" for the crop's own name, and lose for other names.

    A plain CLIP takes "not a dog" for much the same as "a dog"; the region gate asks for just
    this difference. Besides random other names it sees those that the crop most looks like.

    Args:
        named: Crops x names, scaled cosines to "name".
        denied: The same to "not name".
        labels: The name of each crop.
        others: Crops x any number: names that are not the crop's.
    """
    import torch
    from torch.nn import functional

    margin = named - denied
    own = labels[:, None]
    # What lies far below any cosine is never among the hardest.
    hard = named.detach().scatter(1, own, -1e9).topk(_HARD_NAMES, dim=1).indices
    wrong = margin.gather(1, torch.cat([hard, others], dim=1))
    right = margin.gather(1, own)
    return functional.softplus(-right).mean() + functional.softplus(wrong).mean()


def matching_loss(scores: Tensor, holds: Tensor) -> Tensor:
    """Cross entropy to all that fits a row, in equal parts.

    Args:
        scores: Scaled cosines, rows x columns.
        holds: Which column fits which row; at least one for each row.
    """
    share = holds.float() / holds.sum(dim=1, keepdim=True)
    return -(share * scores.log_softmax(dim=1)).sum(dim=1).mean()
