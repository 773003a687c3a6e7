"""The painter and what it is told: padding, places, parts in the libraries' own layouts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.e1.autoencoders import Blocks, autoencoder_of
from models.e1.config import SIZES, E1Config
from models.e1.editor import asked_of
from models.e1.encoders import reader_of, sight_of
from models.e1.folder import load_transformer
from models.weights import CheckpointError, Weights
from models.zoo.build import build_zoo

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")
pytest.importorskip("open_clip")

PAINTERS = ("flux1-dev", "flux2-klein")


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zoo")
    list(build_zoo(folder, ("qwen2.5-vl", "qwen3-vl", "siglip2", *PAINTERS)))
    return folder


def painter(zoo: Path, name: str, **sight: Any) -> Any:
    from diffusers.pipelines.flux.modeling_flux import ReduxImageEncoder

    from models.e1.networks import E1Network

    transformer = load_transformer(zoo / name / "transformer", "float32")
    out = transformer.config.joint_attention_dim
    torch.manual_seed(0)
    connectors = {"reader": ReduxImageEncoder(redux_dim=12, txt_in_features=out)}
    connectors |= {name: make(out) for name, make in sight.items()}
    width = transformer.config.get("pooled_projection_dim")
    pooled = None if width is None else torch.randn(1, width)
    return E1Network(transformer, connectors, pooled).eval()


@pytest.mark.parametrize("name", PAINTERS)
def test_a_row_of_a_padded_batch_comes_to_what_it_comes_to_alone(zoo: Path, name: str) -> None:
    from models.e1.networks import Told

    net = painter(zoo, name)
    read = [torch.randn(length, 12) for length in (3, 9)]
    source = list(torch.randn(2, net.channels, 2, 3))
    noisy, sigma = torch.randn(2, net.channels, 2, 3), torch.tensor([0.2, 0.9])
    with torch.no_grad():
        both = net(noisy, sigma, Told.of(read, None, source), 3.5)
        alone = net(noisy[:1], sigma[:1], Told.of(read[:1], None, source[:1]), 3.5)
        longer = [torch.cat([read[0], torch.zeros(6, 12)]), read[1]]
        unmasked = net(noisy, sigma, Told.of(longer, None, source), 3.5)
    assert both.shape == noisy.shape
    torch.testing.assert_close(both[:1], alone, rtol=1e-4, atol=1e-4)
    assert (both[0] - unmasked[0]).abs().max() > 1e-3, "padding would be seen without its mask"
    assert torch.equal(both[1], unmasked[1])


@pytest.mark.parametrize("name", PAINTERS)
def test_the_painter_is_called_as_its_pipeline_calls_it(zoo: Path, name: str) -> None:
    """Places and packed latents of an image and of its source, by the pipelines' own functions."""
    from diffusers import Flux2KleinPipeline, FluxPipeline

    from models.e1.networks import Told

    net, seen = painter(zoo, name), {}
    net.transformer.register_forward_pre_hook(
        lambda _, args, given: seen.update(given), with_kwargs=True
    )
    grid = torch.randn(1, net.channels, 2, 3)
    told = Told.of([torch.randn(4, 12)], None, [torch.randn(net.channels, 2, 3)])
    with torch.no_grad():
        net(grid, torch.ones(1), told, 3.5)
    image, behind = seen["img_ids"].chunk(2)
    if name == "flux1-dev":
        usual = FluxPipeline._prepare_latent_image_ids(1, 2, 3, "cpu", torch.float32)
        assert torch.equal(image, usual)
        assert behind[:, 0].eq(1).all()
        unpacked = torch.nn.functional.pixel_shuffle(grid, 2)
        packed = FluxPipeline._pack_latents(unpacked, 1, net.channels // 4, 4, 6)
    else:
        assert torch.equal(image, Flux2KleinPipeline._prepare_latent_ids(grid)[0].float())
        usual = Flux2KleinPipeline._prepare_image_ids([grid])[0].float()
        assert torch.equal(behind, usual)
        packed = Flux2KleinPipeline._pack_latents(grid)
    assert torch.equal(seen["hidden_states"][:, :6], packed)
    assert not seen["txt_ids"].any()


@pytest.mark.parametrize("name", PAINTERS)
def test_latents_are_those_that_the_pipeline_paints(zoo: Path, name: str) -> None:
    from diffusers import Flux2KleinPipeline, FluxKontextPipeline

    pixels = torch.rand(1, 3, 32, 48) * 2 - 1
    ours = autoencoder_of(E1Config(), zoo / name, "cpu")
    made = ours.encode(pixels)
    assert made.shape == (1, ours.channels, 32 // ours.multiple_px, 48 // ours.multiple_px)
    kind = FluxKontextPipeline if name == "flux1-dev" else Flux2KleinPipeline
    pipeline: Any = kind.__new__(kind)
    pipeline.vae = ours.network  # type: ignore[attr-defined]
    with torch.no_grad():
        theirs = kind._encode_vae_image(pipeline, pixels, None)
    if name == "flux1-dev":
        theirs = torch.nn.functional.pixel_unshuffle(theirs, 2)
    torch.testing.assert_close(made, theirs)
    assert ours.decode(made).shape == pixels.shape


def test_blocks_of_pixels_come_back_as_they_were() -> None:
    image = torch.randint(0, 256, (1, 3, 24, 16)).float()
    blocks = Blocks(multiple_px=8)
    made = blocks.encode(image / 127.5 - 1)
    assert made.shape == (1, blocks.channels, 3, 2)
    assert torch.equal(((blocks.decode(made) + 1) * 127.5).round(), image)


@pytest.mark.parametrize("kind", ["qwen2.5-vl", "qwen3-vl"])
def test_a_reader_gives_the_states_after_the_last_norm_and_reads_before_it_sees(
    zoo: Path, kind: str
) -> None:
    from transformers import AutoModelForImageTextToText, AutoProcessor

    config = SIZES["debug"]
    reader = reader_of(Weights.at(zoo / kind), config, "cpu", "float32")
    image = np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)
    asked = [asked_of("Remove it", image, None), asked_of("Paint the cat green", image, image)]
    first, second = reader.tokens(asked)
    assert first.shape[1] == second.shape[1] == reader.width
    assert len(second) > len(first)
    (alone,) = reader.tokens(asked[:1])
    torch.testing.assert_close(first, alone, rtol=1e-3, atol=1e-3)

    told: dict[str, Any] = {}
    hook = reader.model.model.language_model.norm.register_forward_hook(
        lambda _, args, made: told.update(made=made)
    )
    network = reader.model.model
    grab = network.register_forward_pre_hook(
        lambda _, args, given: told.update(ids=given["input_ids"]), with_kwargs=True
    )
    reader.tokens(asked[:1])
    hook.remove()
    grab.remove()
    assert torch.equal(told["made"][0], alone)
    text = AutoProcessor.from_pretrained(zoo / kind).tokenizer.decode(told["ids"][0])
    assert text.index("Remove it") < text.index("<|image_pad|>")
    assert isinstance(
        network, AutoModelForImageTextToText.from_pretrained(zoo / kind).model.__class__
    )


def test_small_readers_and_what_is_none(zoo: Path) -> None:
    studio = Path(__file__).parents[3] / "models" / "embed" / "studio_clip"
    reader = reader_of(Weights.at(studio), SIZES["studio"], "cpu", "float32")
    short, long = reader.tokens([asked_of(t, None, None) for t in ("a cat", "a cat and a dog")])  # type: ignore[arg-type]
    assert len(short) < len(long)
    assert short.shape[1] == reader.width == 64
    with pytest.raises(CheckpointError, match="is a 'siglip', not a 'qwen2_5_vl' or"):
        reader_of(Weights.at(zoo / "siglip2"), SIZES["debug"], "cpu", "float32")


def test_the_squeezed_connector_begins_as_one_layer_of_four_tokens(zoo: Path) -> None:
    from models.e1.networks import Squeezed, Told

    sight = sight_of(Weights.at(zoo / "siglip2"), "cpu", "float32")
    image = np.zeros((64, 64, 3), np.uint8)
    (seen,) = sight.tokens([asked_of("", image, image)])
    assert seen.shape == (2 * sight.grid**2, sight.width)
    net = painter(
        zoo, "flux1-dev", sight=lambda out: Squeezed(width=sight.width, out=out, grid=sight.grid)
    )
    made = net.connectors["sight"](seen[None])[0]
    assert len(made) == 2 * (sight.grid // 2) ** 2
    four = seen.view(2, sight.grid, sight.grid, -1)[1, :2, 2:4].permute(2, 0, 1)
    own = net.connectors["sight"].linear(four.flatten())
    torch.testing.assert_close(made[sight.grid**2 // 4 + 1], own)
    read, one = torch.randn(3, 12), seen[: sight.grid**2]
    noisy, sigma = torch.randn(2, net.channels, 2, 2), torch.ones(2)
    with torch.no_grad():
        both = net(noisy, sigma, Told.of([read, read], [one, seen], None), 1.0)
        alone = net(noisy[:1], sigma[:1], Told.of([read], [one], None), 1.0)
    torch.testing.assert_close(both[:1], alone, rtol=1e-4, atol=1e-4)


def test_images_go_to_the_nearest_of_eleven_aspects_near_a_megapixel() -> None:
    config = E1Config()
    sizes = config.sizes(16)
    assert len(sizes) == 11
    assert all(abs(h * w / 1024**2 - 1) < 0.04 and h % 16 == w % 16 == 0 for h, w in sizes)
    assert config.size((1000, 1000), 16) == (1024, 1024)
    assert config.size((720, 1280), 16) == (768, 1360)
    assert config.size((1280, 720), 16) == (1360, 768)
    assert SIZES["studio"].size((300, 200), 8) == (96, 96)
