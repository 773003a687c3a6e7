"""What is learnt: how noisy, how weighted, in which order, and at which cost."""

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.e1.batches import Curriculum, FlowBatch, Learnt
from models.e1.features import Features
from models.e1.flow import drawn_sigma, sampled
from models.e1.making import choose_trained
from models.e1.pairs import TrainingPair
from models.e1.regions import changed_pixels, region_weights
from models.e1.settings import Settings
from models.e1.step_flops import step_flops
from models.e1.training import FlowTrainer, trained
from tests.models.e1.eight_pairs import EightPairs

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

SIZES = [(32, 32)] * 5 + [(16, 64)] * 3


@pytest.fixture
def curriculum(tmp_path: Path) -> Curriculum:
    """Of eight pairs of two sizes, with made-up features, two of them weighted by region."""
    kinds = ("read", "unread", "latents", "region")
    features = Features(folders={kind: tmp_path / kind for kind in kinds}, regions="renormalised")
    chance = torch.Generator().manual_seed(0)
    for number, (height, width) in enumerate(SIZES):
        grid = (height // 16, width // 16)
        made = {
            "read": torch.randn(3 + number, 6, generator=chance),
            "unread": torch.full((2, 6), 9.0),
            "latents": torch.randn(4, *grid, generator=chance),
        }
        if number in (1, 2):
            made["region"] = torch.full(grid, 2.0)
        for kind in kinds:
            features.keep(f"{number:02d}", kind, made.get(kind))
    learnt = [Learnt(key=f"{n:02d}", size=size, weight=1 + n / 4) for n, size in enumerate(SIZES)]
    return Curriculum(
        features=features, learnt=learnt, rows_at_once=2, batches_per_step=2, dropout=0.3, seed=5
    )


def told(batch: FlowBatch) -> list[Any]:
    return [batch.told.read, batch.latents, batch.noise, batch.sigma, batch.weights]


def test_any_step_can_be_the_first_and_an_epoch_has_each_pair_once(curriculum: Curriculum) -> None:
    steps = list(islice(curriculum.steps(0), 5))
    rows = sorted(float(w) for step in steps for batch in step for w in batch.weights)
    assert rows == sorted([1 + n / 4 for n in range(8)] * 2), "5 batches an epoch, 10 in 5 steps"
    assert len({float(batch.noise.sum()) for step in steps for batch in step}) == 10
    for start in (1, 4):
        again = next(curriculum.steps(start))
        for ours, theirs in zip(again, steps[start], strict=True):
            assert all(map(torch.equal, told(ours), told(theirs)))
    left_out = sum(int((b.told.read[:, 0] == 9).all(1).sum()) for step in steps for b in step)
    assert 0 < left_out < 16
    assert len(curriculum.used(1)) == sum(len(batch.weights) for batch in steps[0])
    assert len(curriculum.used(5)) == 8


def test_processes_share_a_step(curriculum: Curriculum) -> None:
    from dataclasses import replace

    whole = next(curriculum.steps(1))
    parts = [next(replace(curriculum, share=(n, 2)).steps(1)) for n in range(2)]
    assert [len(part) for part in parts] == [1, 1]
    for ours, (theirs,) in zip(whole, parts, strict=True):
        assert all(map(torch.equal, told(ours), told(theirs)))


class Guess(torch.nn.Module):
    """Says the same way everywhere."""

    def forward(self, noisy: Any, sigma: Any, told: Any, guidance: float) -> Any:
        assert guidance == 1
        return torch.full_like(noisy, 0.25)


def test_the_loss_is_the_weighted_squared_error_of_noise_minus_image(
    curriculum: Curriculum,
) -> None:
    trainer = FlowTrainer(
        model=Guess(),
        optimiser=None,
        pace=None,  # type: ignore[arg-type]
        device="cpu",
        lower=False,
        ema=None,
    )
    batch = curriculum.batch(curriculum.learnt[:2], 7)
    expected = 0.0
    for row in range(2):
        error = (0.25 - (batch.noise[row] - batch.latents[row])) ** 2
        expected += float(error.mean()) * (1, 2)[row] * (1, 1.25)[row]
    assert float(trainer.loss(batch)) == pytest.approx(expected, rel=1e-5)
    assert trainer.count(batch) == 2.25
    judged = Settings(by_score=2.0)
    assert [judged.weight(score) for score in (None, 5.0, 2.5)] == [1, 1, 0.25]


def test_noise_is_drawn_as_fluxs_pipeline_spaces_it() -> None:
    from diffusers import FlowMatchEulerDiscreteScheduler

    drawn = drawn_sigma(20_000, 4096, torch.Generator().manual_seed(0))
    # sigma = e^1.15 t / (1 + (e^1.15 - 1) t) of t = 1/2, the middle of the logistic of a normal.
    assert float(drawn.median()) == pytest.approx(np.exp(1.15) / (1 + np.exp(1.15)), abs=0.01)
    seen: list[float] = []
    noise = torch.randn(1, 4, 16, 16)

    class Knowing(torch.nn.Module):
        """Knows the image, which is 3 everywhere."""

        transformer = torch.nn.Linear(1, 1)

        def forward(self, noisy: Any, sigma: Any, told: Any, guidance: float) -> Any:
            seen.append(float(sigma[0]))
            return noise - 3

    made = sampled(Knowing(), None, noise, steps=50, guidance=3.5)
    scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True)
    scheduler.set_timesteps(sigmas=np.linspace(1, 1 / 50, 50), mu=0.5)
    assert seen == pytest.approx(scheduler.sigmas[:-1].tolist(), rel=1e-5)
    torch.testing.assert_close(made, torch.full_like(made, 3))


def test_a_changed_place_counts_by_the_authors_formula_or_renormalised() -> None:
    pair, grid = EightPairs()[1], (4, 8)
    ours = region_weights(pair, "renormalised", grid)
    theirs = region_weights(pair, "authors", grid)
    assert ours is not None
    assert theirs is not None
    inside = theirs > 1
    share = float(inside.float().mean())
    assert torch.allclose(theirs[inside], torch.tensor(np.log2(1 / share) + 1, dtype=torch.float))
    assert theirs[~inside].eq(1).all()
    assert float(ours.mean()) == pytest.approx(1)
    assert torch.allclose(ours / ours.min(), theirs)
    everywhere = TrainingPair(card=pair.card, source=pair.source, target=pair.target, changed=None)
    assert region_weights(everywhere, "renormalised", grid) is None
    assert region_weights(pair, "none", grid) is None


def test_what_changed_is_found_without_specks_and_faint_light() -> None:
    source = np.full((60, 80, 3), 100, np.uint8)
    target = source.copy()
    target[10:40, 10:40] = 160
    target[50:53, 60:63] = 160
    target[10:40, 50:70] = 110
    found = changed_pixels(source, target)
    assert found is not None
    assert found[10:40, 10:40].all()
    assert found.sum() == 900


def test_operations_of_a_step_are_those_that_torch_counts() -> None:
    """In blocks of real width, by their shapes alone, whatever is trained of them.

    What comes in first needs no gradient: of 5 blocks that is 2 %, of FLUX's 57 it is 0.2 %.
    """
    from diffusers import Flux2Transformer2DModel, FluxTransformer2DModel
    from diffusers.pipelines.flux.modeling_flux import ReduxImageEncoder
    from torch.utils.flop_counter import FlopCounterMode

    from models.e1.networks import E1Network, Told

    blocks = {"num_layers": 1, "num_single_layers": 4}
    klein = {"num_attention_heads": 24, "joint_attention_dim": 7680, "guidance_embeds": False}
    for kind, more in ((FluxTransformer2DModel, {}), (Flux2Transformer2DModel, klein)):
        for way in (None, "image_branch", "all"):
            with torch.device("meta"):
                net = E1Network(
                    kind(**blocks, **more),
                    {"reader": ReduxImageEncoder(redux_dim=3584, txt_in_features=4096)},
                    torch.empty(1, 768) if kind is FluxTransformer2DModel else None,
                )
                if more:
                    net.connectors["reader"] = ReduxImageEncoder(3584, 7680)
                choose_trained(net, way, rank=4, seed=0)
                grid = torch.empty(1, net.channels, 64, 64)
                # Tensors of shapes alone cannot say of themselves that there is no padding.
                whole = torch.ones(1, 300, dtype=torch.bool, device="cpu")
                words = Told(read=torch.empty(1, 300, 3584), is_read=whole)
                batch = FlowBatch(
                    told=words, latents=grid, noise=grid, sigma=None, region=None, weights=None
                )
                with FlopCounterMode(display=False) as counter:
                    net(grid, torch.empty(1), words, 1.0).sum().backward()
            assert step_flops(net)([batch]) == pytest.approx(counter.get_total_flops(), rel=0.03)
            if way == "image_branch" and not more:
                per_block = sum(p.numel() for p in trained(net.transformer)) / 3072**2
                assert per_block == pytest.approx(10 + 4 * 6, rel=0.001)
