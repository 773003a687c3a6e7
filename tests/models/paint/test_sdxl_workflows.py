from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pytest

from models.faults import Fault, Reason
from models.geometry import Bitmap, Box, Rgb
from models.hosting import SoloHost
from models.paint.diffusion.sdxl import SdxlCanny, SdxlInpaint, SdxlStyle, rendered
from models.painting import Painting, PaintRequest
from models.pipeline_pixels import checked, to_pixels
from models.runtime import Runtime
from models.vocabulary import PaintKind, Target
from models.weights import CheckpointError, Weights
from models.zoo.sdxl import BUILDERS

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

WORKFLOWS = ("inpaint", "canny", "style")
ADAPTER = "ip-adapter-sdxl/sdxl_models/ip-adapter_sdxl_vit-h.safetensors"
KINDS = {
    "inpaint": PaintKind.ERASE,
    "canny": PaintKind.RECOLOUR,
    "style": PaintKind.STYLISE,
}

Flow = SdxlInpaint | SdxlCanny | SdxlStyle


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every SDXL checkpoint of debug size."""
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
        "batch_size": 4,
    } | changes
    canny = at("controlnet-canny-sdxl")
    match name:
        case "inpaint":
            return SdxlInpaint(weights=at("sdxl-inpaint"), **options)
        case "canny":
            return SdxlCanny(weights=at("sdxl-inpaint"), controlnet=canny, **options)
        case _:
            return SdxlStyle(
                weights=at("sdxl"),
                controlnet=canny,
                adapter=at(ADAPTER),
                encoder=at("ip-adapter-sdxl/models/image_encoder"),
                **options,
            )


def noise(height: int, width: int, seed: int) -> Rgb:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def request(
    name: str, image: Rgb, box: Box, *, seed: int = 1, phrase: str = "a red cup"
) -> PaintRequest:
    mask: Bitmap = np.zeros(image.shape[:2], np.bool_)
    mask[box.slices] = True
    return PaintRequest(
        kind=KINDS[name],
        image=image,
        mask=mask,
        name="cup",
        target=Target(key="red", phrase=phrase),
        grow_px=2,
        seed=seed,
    )


def sound(answers: Sequence[Painting | Fault]) -> list[Painting]:
    assert not [answer for answer in answers if isinstance(answer, Fault)]
    return [answer for answer in answers if isinstance(answer, Painting)]


def view(flow: Flow, asked: PaintRequest) -> Rgb:
    (painting,) = sound(flow.paint([asked]))
    return rendered(asked.image, painting)


CASES: Mapping[str, tuple[tuple[int, int], Box]] = {
    "touches the border": ((96, 128), Box(0, 40, 30, 96)),
    "one pixel": ((96, 128), Box(64, 50, 65, 51)),
    "image smaller than the model": ((20, 30), Box(5, 5, 15, 15)),
    "all of the image": ((96, 128), Box(0, 0, 128, 96)),
    "a strip wider than the model": ((12, 300), Box(20, 4, 280, 8)),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", WORKFLOWS)
def test_only_pixels_of_the_mask_change(name: str, case: str, zoo: Path, host: SoloHost) -> None:
    (height, width), box = CASES[case]
    asked = request(name, noise(height, width, 0), box)
    options = {} if name == "style" else {"min_grow_px": 0}
    (painting,) = sound(workflow(name, zoo, host, **options).paint([asked]))
    reach_px = 0 if name == "style" else asked.grow_px
    allowed = np.zeros((height, width), np.bool_)
    allowed[box.grown(reach_px, width=width, height=height).slices] = True
    after = rendered(asked.image, painting)
    assert (after[~allowed] == asked.image[~allowed]).all()
    assert (after[asked.mask] != asked.image[asked.mask]).any()
    assert after.dtype == np.uint8
    assert painting.alpha.sum() >= asked.mask.sum()


@pytest.mark.parametrize("name", WORKFLOWS)
def test_noise_is_the_seeds_and_the_same_each_time(name: str, zoo: Path, host: SoloHost) -> None:
    flow = workflow(name, zoo, host)
    asked = request(name, noise(64, 64, 0), Box(16, 16, 48, 48), seed=7)
    first = view(flow, asked)
    assert (view(flow, asked) == first).all()
    assert (view(flow, replace(asked, seed=8)) != first).any()


@pytest.mark.parametrize("name", WORKFLOWS)
def test_batch_paints_what_each_request_alone_would(name: str, zoo: Path, host: SoloHost) -> None:
    options = {"adapter_scale": 1.0} if name == "style" else {}
    flow = workflow(name, zoo, host, **options)
    box = Box(16, 16, 60, 48)
    asked = [
        request(name, noise(64, 64, 1), box, seed=1, phrase="a red cup"),
        request(name, noise(64, 128, 2), box, seed=2, phrase="a golden teapot"),
        request(name, noise(64, 64, 3) // 2, box, seed=3, phrase="the night sky over a city"),
        request(name, 255 - noise(64, 64, 4) // 2, box, seed=4, phrase="a red cup"),
    ]
    together = sound(flow.paint(asked))
    for one, painting in zip(asked, together, strict=True):
        alone = view(flow, one).astype(int)
        assert np.abs(rendered(one.image, painting) - alone).max() <= 2


@pytest.mark.parametrize("name", ["canny", "style"])
def test_words_change_the_painting(name: str, zoo: Path, host: SoloHost) -> None:
    flow = workflow(name, zoo, host)
    asked = request(name, noise(64, 64, 0), Box(8, 8, 56, 56))
    other = replace(asked, target=Target(key="gold", phrase="a golden temple in the rain"))
    assert (view(flow, asked) != view(flow, other)).any()


@pytest.mark.parametrize(
    ("name", "off"),
    [
        ("canny", {"control": 0.0}),
        ("canny", {"control_until": 0.1}),
        ("canny", {"canny_low": 900, "canny_high": 1000}),
        ("style", {"control": 0.0}),
        ("style", {"adapter_scale": 0.0}),
    ],
)
def test_edges_and_image_prompt_take_effect(
    name: str, off: dict[str, float], zoo: Path, host: SoloHost
) -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    image[20:40, 10:50] = 90
    asked = request(name, image, Box(0, 0, 64, 64))
    with_all, without = workflow(name, zoo, host), workflow(name, zoo, host, **off)
    assert (view(with_all, asked) != view(without, asked)).any()


def test_erasing_reaches_past_the_mask(zoo: Path, host: SoloHost) -> None:
    asked = request("inpaint", noise(256, 256, 0), Box(100, 100, 120, 120))
    (painting,) = sound(workflow("inpaint", zoo, host, min_grow_px=64).paint([asked]))
    assert painting.box == Box(84, 84, 136, 136)


def test_style_goes_on_with_a_second_workflow(zoo: Path, host: SoloHost) -> None:
    second = workflow("canny", zoo, host)
    asked = request("style", noise(64, 96, 0), Box(0, 0, 96, 64))
    first = view(workflow("style", zoo, host), asked)
    both = view(workflow("style", zoo, host, then=second), asked)
    assert (both == view(second, replace(asked, image=first))).all()
    assert (both != first).any()


def test_fault_of_one_request_leaves_the_others(zoo: Path, host: SoloHost) -> None:
    good = request("canny", noise(64, 64, 0), Box(8, 8, 56, 56))
    empty = replace(good, mask=np.zeros_like(good.mask))
    wordless = replace(good, target=Target(key="", phrase=""))
    flow = workflow("style", zoo, host, then=workflow("canny", zoo, host))
    answers = flow.paint([empty, good, wordless])
    reasons = [a.reason if isinstance(a, Fault) else None for a in answers]
    assert reasons == [Reason.EMPTY_MASK, None, Reason.UNPAINTABLE]


def test_settings_that_load_nothing_share_a_pipeline(zoo: Path, host: SoloHost) -> None:
    few, many = (
        workflow("style", zoo, host, batch_size=n, steps=n, size_px=n * 64) for n in (1, 2)
    )
    assert few.spec().size_bytes() < many.spec().size_bytes()
    with host.use(few.spec()) as one, host.use(many.spec()) as other:
        assert one is other


@pytest.mark.parametrize("name", WORKFLOWS)
def test_bfloat16_paints_too(name: str, zoo: Path, host: SoloHost) -> None:
    flow = workflow(name, zoo, host, runtime=Runtime())
    asked = request(name, noise(64, 64, 0), Box(8, 8, 56, 56))
    assert (view(flow, asked) != asked.image).any()
    assert flow.spec().size_bytes() < workflow(name, zoo, host).spec().size_bytes()


Damage = Callable[[dict[str, Any]], None]


def damaged(zoo: Path, into: Path, file: str, damage: Damage) -> Path:
    """A copy of the zoo with the tensors of one file changed."""
    from safetensors.torch import load_file, save_file

    copy = copytree(zoo, into / "zoo")
    tensors = load_file(copy / file)
    damage(tensors)
    save_file(tensors, copy / file, metadata={"format": "pt"})
    return copy


def without(key: str) -> Damage:
    def damage(tensors: dict[str, Any]) -> None:
        del tensors[key]

    return damage


def renamed(key: str) -> Damage:
    def damage(tensors: dict[str, Any]) -> None:
        tensors[key + "_old"] = tensors.pop(key)

    return damage


def widened(key: str, axis: int = 0) -> Damage:
    def damage(tensors: dict[str, Any]) -> None:
        tensors[key] = torch.cat([tensors[key]] * 2, dim=axis)

    return damage


def poisoned(key: str) -> Damage:
    def damage(tensors: dict[str, Any]) -> None:
        tensors[key] = torch.full_like(tensors[key], float("nan"))

    return damage


UNET = "unet/diffusion_pytorch_model.safetensors"
VAE = "vae/diffusion_pytorch_model.safetensors"


@pytest.mark.parametrize(
    ("name", "file", "damage", "told"),
    [
        ("inpaint", f"sdxl-inpaint/{UNET}", without("conv_in.weight"), "unet.*conv_in.weight"),
        ("inpaint", f"sdxl-inpaint/{VAE}", renamed("decoder.conv_out.bias"), "vae.*conv_out.bias"),
        ("inpaint", f"sdxl-inpaint/{VAE}", widened("decoder.conv_out.bias"), "vae.*conv_out.bias"),
        (
            "inpaint",
            "sdxl-inpaint/text_encoder/model.safetensors",
            renamed("text_model.final_layer_norm.weight"),
            "text_encoder .*final_layer_norm.weight",
        ),
        (
            "canny",
            "controlnet-canny-sdxl/diffusion_pytorch_model.safetensors",
            without("controlnet_mid_block.weight"),
            "controlnet.*controlnet_mid_block.weight",
        ),
        ("style", ADAPTER, without("ip_adapter.3.to_k_ip.weight"), "image prompt.*3.to_k_ip"),
        ("style", ADAPTER, without("image_proj.norm.weight"), "image prompt.*norm.weight"),
        ("style", ADAPTER, widened("ip_adapter.3.to_k_ip.weight"), "image prompt"),
        ("style", ADAPTER, widened("image_proj.proj.weight", 1), "takes vectors of .*encoder"),
        (
            "style",
            "ip-adapter-sdxl/models/image_encoder/model.safetensors",
            without("visual_projection.weight"),
            "image_encoder.*visual_projection.weight",
        ),
    ],
)
def test_damaged_checkpoint_is_told_by_component_and_tensor(
    name: str, file: str, damage: Damage, told: str, zoo: Path, tmp_path: Path
) -> None:
    copy = damaged(zoo, tmp_path, file, damage)
    with pytest.raises(CheckpointError, match=f"(?s){told}"):
        workflow(name, copy, SoloHost()).spec().load("cpu")


def test_cut_off_download_is_told(zoo: Path, tmp_path: Path) -> None:
    copy = copytree(zoo, tmp_path / "zoo")
    file = copy / "sdxl-inpaint" / UNET
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(CheckpointError, match="cut off"):
        workflow("inpaint", copy, SoloHost()).spec().load("cpu")


def test_component_that_is_missing_is_told(zoo: Path, tmp_path: Path) -> None:
    copy = copytree(zoo, tmp_path / "zoo")
    (copy / "sdxl-inpaint" / VAE).rename(copy / "sdxl-inpaint" / "vae" / "weights.bin")
    with pytest.raises(CheckpointError, match=r"no safetensors in .*vae"):
        workflow("inpaint", copy, SoloHost()).spec().load("cpu")


def test_checkpoint_of_another_family_is_told(zoo: Path) -> None:
    flow = workflow("inpaint", zoo, SoloHost())
    wrong = replace(flow.spec(), pipeline="StableDiffusion3Pipeline")
    with pytest.raises(CheckpointError, match=r"has no text_encoder_3.*StableDiffusionXLInpaint"):
        wrong.load("cpu")
    bare = replace(flow.spec(), weights=Weights.at(zoo / "controlnet-canny-sdxl"))
    with pytest.raises(CheckpointError, match=r"no diffusers pipeline: model_index.json"):
        bare.load("cpu")


def test_checkpoint_with_the_fp16_variant_alone_loads(zoo: Path, tmp_path: Path) -> None:
    copy = copytree(zoo, tmp_path / "zoo")
    for file in (copy / "sdxl-inpaint").rglob("*.safetensors"):
        file.rename(file.with_suffix(".fp16.safetensors"))
    asked = request("inpaint", noise(64, 64, 0), Box(8, 8, 56, 56))
    here, there = (workflow("inpaint", place, SoloHost()) for place in (zoo, copy))
    assert (view(here, asked) == view(there, asked)).all()
    assert here.spec().size_bytes() == there.spec().size_bytes()


@pytest.mark.parametrize(
    "file_and_key", [(UNET, "conv_out.weight"), (VAE, "decoder.conv_in.weight")]
)
def test_network_that_answers_nan_makes_faults(
    file_and_key: tuple[str, str], zoo: Path, tmp_path: Path
) -> None:
    file, key = file_and_key
    copy = damaged(zoo, tmp_path, f"sdxl-inpaint/{file}", poisoned(key))
    asked = [request("inpaint", noise(64, 64, n), Box(8, 8, 56, 56)) for n in range(2)]
    answers = workflow("inpaint", copy, SoloHost()).paint(asked)
    assert [a.reason for a in answers if isinstance(a, Fault)] == [Reason.BAD_PIXELS] * 2


def test_what_is_no_picture_is_told_from_what_is_plain() -> None:
    page, grey, black = (torch.full((3, 8, 8), value) for value in (1.0, 0.5, 0.0))
    picture, one_bad = torch.rand(3, 8, 8), torch.rand(3, 8, 8)
    one_bad[1, 2, 3] = float("inf")
    answers = to_pixels(torch.stack([page, grey, black, picture, one_bad]))
    assert [isinstance(answer, Fault) for answer in answers] == [False, True, True, False, True]
    assert (np.asarray(answers[0]) == 255).all()
    assert np.abs(np.asarray(answers[3]).transpose(2, 0, 1) - picture.numpy() * 255).max() <= 0.51
    assert isinstance(checked(np.full((4, 4, 3), (9, 80, 4), np.uint8)), Fault)
