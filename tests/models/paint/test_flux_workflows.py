from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Any

import cv2
import numpy as np
import pytest

from models.faults import Fault, Reason
from models.geometry import Bitmap, Box, Rgb
from models.hosting import SoloHost
from models.paint.diffusion.flux import FluxCanny, FluxFill, FluxImageToImage, flops_per_step
from models.paint.diffusion.flux_redux_fill import FluxReduxFill
from models.paint.diffusion.sdxl import rendered
from models.painting import Painting, PaintRequest
from models.runtime import Runtime
from models.vocabulary import PaintKind, Target
from models.weights import CheckpointError, Weights
from models.zoo.flux import BUILDERS

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("open_clip")

KINDS = {
    "fill": PaintKind.INSERT,
    "canny": PaintKind.RECOLOUR,
    "image_to_image": PaintKind.STYLISE,
    "redux_fill": PaintKind.ISOLATE,
}
WORKFLOWS = tuple(KINDS)
TRANSFORMER = "transformer/diffusion_pytorch_model.safetensors"
VAE = "vae/diffusion_pytorch_model.safetensors"

Flow = FluxFill | FluxCanny | FluxImageToImage | FluxReduxFill


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every FLUX.1 checkpoint of debug size."""
    root = tmp_path_factory.mktemp("zoo")
    for name, build in BUILDERS.items():
        (root / name).mkdir()
        build(root / name)
    return root


@pytest.fixture(scope="module")
def host() -> SoloHost:
    return SoloHost()


def workflow(name: str, zoo: Path, host: SoloHost, **changes: Any) -> Flow:
    def at(checkpoint: str) -> Weights:
        return Weights.at(zoo / checkpoint)

    options: dict[str, Any] = {
        "host": host,
        "runtime": Runtime(dtype="float32"),
        "size_px": 64,
        "steps": 4,
        "max_sequence_length": 64,
    } | changes
    match name:
        case "fill":
            return FluxFill(weights=at("flux1-fill"), **options)
        case "canny":
            controlnet = at("flux1-canny-controlnet")
            return FluxCanny(weights=at("flux1-dev"), controlnet=controlnet, **options)
        case "image_to_image":
            return FluxImageToImage(weights=at("flux1-dev"), **options)
        case _:
            redux = at("flux1-redux")
            return FluxReduxFill(weights=at("flux1-fill"), redux=redux, **options)


def noise(height: int, width: int, seed: int) -> Rgb:
    return np.random.default_rng(seed).integers(0, 240, (height, width, 3), dtype=np.uint8)


def disc(height: int, width: int, x: int, y: int, radius: int) -> Bitmap:
    mask = np.zeros((height, width), np.uint8)
    cv2.circle(mask, (x, y), radius, 1, -1)
    return mask.astype(np.bool_)


def request(
    name: str, *, seed: int = 1, phrase: str = "a tiled mosaic", at: tuple[int, int] = (50, 40)
) -> PaintRequest:
    mask = disc(96, 128, *at, 20)
    if name == "image_to_image":
        mask = np.ones_like(mask)
    return PaintRequest(
        kind=KINDS[name],
        image=noise(96, 128, seed),
        mask=mask,
        name="cup",
        target=Target(key="cup", phrase=phrase),
        grow_px=2,
        seed=seed,
    )


def sound(answers: Sequence[Painting | Fault]) -> list[Painting]:
    assert not [answer for answer in answers if isinstance(answer, Fault)]
    return [answer for answer in answers if isinstance(answer, Painting)]


def view(flow: Flow, asked: PaintRequest) -> Rgb:
    (painting,) = sound(flow.paint([asked]))
    return rendered(asked.image, painting)


@pytest.mark.parametrize("name", ["fill", "canny"])
def test_only_pixels_of_the_grown_mask_change(name: str, zoo: Path, host: SoloHost) -> None:
    asked = request(name)
    after = view(workflow(name, zoo, host, min_grow_px=0), asked)
    grown = cv2.dilate(asked.mask.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(np.bool_)
    assert (after[~grown] == asked.image[~grown]).all()
    assert (after[asked.mask] != asked.image[asked.mask]).any(axis=1).mean() > 0.9


def test_fill_reaches_32_px_past_a_mask(zoo: Path, host: SoloHost) -> None:
    mask = np.zeros((1024, 1024), np.bool_)
    mask[500:520, 500:520] = True
    asked = replace(request("fill"), image=noise(1024, 1024, 0), mask=mask)
    (painting,) = sound(workflow("fill", zoo, host).paint([asked]))
    assert painting.box == Box(468, 468, 552, 552)


def test_backdrop_leaves_its_subject_alone(zoo: Path, host: SoloHost) -> None:
    subject = disc(96, 128, 60, 50, 25)
    asked = replace(request("fill"), kind=PaintKind.BACKDROP, mask=~subject, grow_px=0)
    (painting,) = sound(workflow("fill", zoo, host).paint([asked]))
    after = rendered(asked.image, painting)
    assert (after[subject] == asked.image[subject]).all()
    assert (after[~subject] != asked.image[~subject]).any(axis=1).mean() > 0.9


def test_image_to_image_redraws_all_of_the_image(zoo: Path, host: SoloHost) -> None:
    asked = request("image_to_image")
    (painting,) = sound(workflow("image_to_image", zoo, host).paint([asked]))
    assert painting.box == Box.canvas(128, 96)
    assert painting.alpha.all()


def test_strength_is_how_far_it_departs(zoo: Path, host: SoloHost) -> None:
    asked = request("image_to_image")
    little, much = (
        view(workflow("image_to_image", zoo, host, strength=s, steps=8), asked) for s in (0.2, 0.9)
    )
    again = view(workflow("image_to_image", zoo, host, strength=0.2, steps=8), asked)
    assert (little == again).all()
    assert (little != much).any(axis=2).mean() > 0.5


def test_isolated_object_keeps_its_pixels_on_white(zoo: Path, host: SoloHost) -> None:
    asked = replace(request("redux_fill"), mask=disc(96, 128, 50, 40, 24))
    (painting,) = sound(workflow("redux_fill", zoo, host, room_frac=0.1).paint([asked]))
    assert painting.box == Box.canvas(128, 96)
    assert painting.alpha.all()
    assert painting.rgb.shape == asked.image.shape
    inner = disc(96, 128, 50, 40, 17)
    # With its soft rim the object is 61 px wide and high, and was 20 px right and 10 px down.
    moved = np.roll(inner, ((96 - 61) // 2 - 10, (128 - 61) // 2 - 20), (0, 1))
    assert (painting.rgb[moved] == asked.image[inner]).all()
    far = ~disc(96, 128, 64, 48, 50)
    assert (painting.rgb[far] == 255).all()
    near = disc(96, 128, 64, 48, 27) & ~disc(96, 128, 64, 48, 25)
    assert (painting.rgb[near] != 255).any()


def test_tiny_object_is_enlarged(zoo: Path, host: SoloHost) -> None:
    mask = disc(96, 128, 50, 40, 6)
    image = np.where(mask[..., None], np.uint8([200, 40, 40]), np.uint8([30, 60, 90]))
    asked = replace(request("redux_fill"), image=image, mask=mask)
    flow = workflow("redux_fill", zoo, host, room_frac=0.0)
    (painting,) = sound(flow.paint([asked]))
    shown = Box.around((painting.rgb != 255).any(axis=2))
    assert 26 <= shown.width <= 38
    assert abs(shown.x0 + shown.x1 - 128) <= 4


@pytest.mark.parametrize("name", WORKFLOWS)
def test_noise_is_the_seeds_and_the_same_each_time(name: str, zoo: Path, host: SoloHost) -> None:
    flow, asked = workflow(name, zoo, host), request(name, seed=7)
    first = view(flow, asked)
    assert (view(flow, asked) == first).all()
    assert (view(flow, replace(asked, seed=8)) != first).any()


@pytest.mark.parametrize("name", WORKFLOWS)
def test_batch_paints_what_each_request_alone_would(name: str, zoo: Path, host: SoloHost) -> None:
    flow = workflow(name, zoo, host)
    phrases = ("a tiled mosaic", "pixel art", "an oil painting with visible brush strokes")
    asked = [request(name, seed=seed, phrase=p) for seed, p in enumerate(phrases)]
    together = sound(flow.paint(asked))
    for one, painting in zip(asked, together, strict=True):
        alone = view(flow, one).astype(int)
        assert np.abs(rendered(one.image, painting) - alone).max() <= 2


@pytest.mark.parametrize("name", ["fill", "canny", "image_to_image"])
def test_words_change_the_painting(name: str, zoo: Path, host: SoloHost) -> None:
    flow, asked = workflow(name, zoo, host), request(name)
    other = replace(asked, target=Target(key="x", phrase="desert dunes under a starry night sky"))
    assert (view(flow, asked) != view(flow, other)).any()


@pytest.mark.parametrize(
    ("name", "off"),
    [
        ("canny", {"control": 0.0}),
        ("canny", {"control_until": 0.1}),
        ("redux_fill", {"redux_scale": 0.0}),
        ("fill", {"guidance": 1.0}),
    ],
)
def test_conditions_take_effect(
    name: str, off: dict[str, float], zoo: Path, host: SoloHost
) -> None:
    asked, plain = request(name), workflow(name, zoo, host, **off)
    assert (view(workflow(name, zoo, host), asked) != view(plain, asked)).any()


@pytest.mark.parametrize("name", WORKFLOWS)
def test_fault_of_one_request_leaves_the_others(name: str, zoo: Path, host: SoloHost) -> None:
    asked = request(name)
    empty = replace(asked, mask=np.zeros_like(asked.mask))
    answers = workflow(name, zoo, host).paint([empty, asked])
    assert isinstance(answers[0], Fault)
    assert answers[0].reason is Reason.EMPTY_MASK
    assert isinstance(answers[1], Painting)


def test_fill_and_extraction_share_one_pipeline(zoo: Path, host: SoloHost) -> None:
    fill, extraction = workflow("fill", zoo, host), workflow("redux_fill", zoo, host, steps=9)
    with host.use(fill.spec()) as one, host.use(extraction.spec()) as other:
        assert one is other


@pytest.mark.parametrize("name", WORKFLOWS)
def test_default_dtype_paints_too(name: str, zoo: Path, host: SoloHost) -> None:
    asked = request(name)
    half = workflow(name, zoo, host, runtime=Runtime())
    assert (view(half, asked) != asked.image).any()
    assert half.spec().size_bytes() < workflow(name, zoo, host).spec().size_bytes()


def test_adapter_changes_the_painting(zoo: Path) -> None:
    asked, loras = request("fill"), (f"{zoo / 'lora-flux1'}@3",)
    plain = view(workflow("fill", zoo, SoloHost()), asked)
    adapted = Runtime(dtype="float32", loras=loras)
    assert (view(workflow("fill", zoo, SoloHost(), runtime=adapted), asked) != plain).any()
    isolated = workflow("redux_fill", zoo, SoloHost(), runtime=adapted)
    assert sound(isolated.paint([request("redux_fill")]))


def damaged(zoo: Path, into: Path, file: str, **changes: float | None) -> Path:
    """A copy of the zoo with tensors of one file left out (None) or filled with a value."""
    from safetensors.torch import load_file, save_file

    copy = copytree(zoo, into / "zoo")
    tensors = load_file(copy / file)
    for name, value in changes.items():
        key = next(key for key in tensors if key.endswith(name.replace("__", ".")))
        if value is None:
            del tensors[key]
        else:
            tensors[key] = torch.full_like(tensors[key], value)
    save_file(tensors, copy / file, metadata={"format": "pt"})
    return copy


@pytest.mark.parametrize(
    ("name", "file", "tensor", "told"),
    [
        ("fill", f"flux1-fill/{TRANSFORMER}", "proj_out__weight", "transformer.*proj_out.weight"),
        ("canny", f"flux1-dev/{VAE}", "decoder__conv_out__bias", "vae.*decoder.conv_out.bias"),
        (
            "canny",
            "flux1-canny-controlnet/diffusion_pytorch_model.safetensors",
            "controlnet_x_embedder__weight",
            "controlnet.*controlnet_x_embedder.weight",
        ),
        (
            "image_to_image",
            "flux1-dev/text_encoder_2/model.safetensors",
            "SelfAttention__q__weight",
            r"text_encoder_2.*SelfAttention\.q\.weight",
        ),
    ],
)
def test_damaged_checkpoint_is_told_by_component_and_tensor(
    name: str, file: str, tensor: str, told: str, zoo: Path, tmp_path: Path
) -> None:
    copy = damaged(zoo, tmp_path, file, **{tensor: None})
    with pytest.raises(CheckpointError, match=f"(?s){told}"):
        workflow(name, copy, SoloHost()).paint([request(name)])


@pytest.mark.parametrize(
    ("file", "tensor", "told"),
    [
        ("image_embedder/diffusion_pytorch_model", "redux_up__bias", "image_embedder.*redux_up"),
        ("image_encoder/model", "post_layernorm__weight", "image_encoder.*post_layernorm"),
    ],
)
def test_damaged_redux_is_told(
    file: str, tensor: str, told: str, zoo: Path, tmp_path: Path
) -> None:
    copy = damaged(zoo, tmp_path, f"flux1-redux/{file}.safetensors", **{tensor: None})
    with pytest.raises(CheckpointError, match=f"(?s){told}"):
        workflow("redux_fill", copy, SoloHost()).paint([request("redux_fill")])


def test_dev_is_not_taken_for_fill(zoo: Path, host: SoloHost) -> None:
    flow = replace(workflow("fill", zoo, host), weights=Weights.at(zoo / "flux1-dev"))
    with pytest.raises(CheckpointError, match=r"takes 64 channels; FLUX\.1 Fill's takes 384"):
        flow.paint([request("fill")])


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("fill", f"flux1-fill/{TRANSFORMER}"),
        ("redux_fill", "flux1-redux/image_embedder/diffusion_pytorch_model.safetensors"),
        ("image_to_image", f"flux1-dev/{TRANSFORMER}"),
        ("canny", "flux1-canny-controlnet/diffusion_pytorch_model.safetensors"),
    ],
)
def test_nan_is_a_fault_and_no_picture(name: str, file: str, zoo: Path, tmp_path: Path) -> None:
    tensor = {"redux_fill": "redux_down__bias", "canny": "x_embedder__bias"}.get(
        name, "proj_out__bias"
    )
    copy = damaged(zoo, tmp_path, file, **{tensor: float("nan")})
    (answer,) = workflow(name, copy, SoloHost()).paint([request(name)])
    assert isinstance(answer, Fault)
    assert answer.reason is Reason.BAD_PIXELS


FULL_SIZE = {
    "num_layers": 19,
    "num_single_layers": 38,
    "num_attention_heads": 24,
    "attention_head_dim": 128,
}


@pytest.mark.parametrize(
    ("image_tokens", "text_tokens", "tera"),
    [(4096, 512, 74.4), (4096, 512 + 729, 88.9), (6400, 512, 122.7)],
)
def test_step_costs_what_was_counted(image_tokens: int, text_tokens: int, tera: float) -> None:
    flops = flops_per_step(FULL_SIZE, image_tokens, text_tokens)
    assert flops == pytest.approx(tera * 1e12, rel=0.01)


def test_step_costs_what_torch_counts(zoo: Path) -> None:
    from diffusers import FluxTransformer2DModel
    from torch.utils.flop_counter import FlopCounterMode

    config = FULL_SIZE | {"num_layers": 1, "num_single_layers": 2, "guidance_embeds": True}
    with torch.device("meta"), torch.no_grad():
        network = FluxTransformer2DModel(**config)
        with FlopCounterMode(display=False) as counter:
            network(
                hidden_states=torch.empty(1, 4096, 64),
                encoder_hidden_states=torch.empty(1, 512, 4096),
                pooled_projections=torch.empty(1, 768),
                timestep=torch.empty(1),
                guidance=torch.empty(1),
                img_ids=torch.empty(4096, 3),
                txt_ids=torch.empty(512, 3),
            )
    counted = counter.get_total_flops()
    assert flops_per_step(config, 4096, 512) == pytest.approx(counted, rel=0.01)
