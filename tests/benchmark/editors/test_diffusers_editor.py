"""Pipelines of diffusers as editors, with checkpoints of debug size."""

import io
import json
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmark.cases import BenchCase, CaseTurn, PictureFile
from benchmark.editors.diffusers import DiffusersEditor
from benchmark.editors.editor import EditCall
from models.faults import Fault, ImgEditError
from models.geometry import Rgb
from models.zoo.flux import build_kontext
from models.zoo.instruct_pix2pix import build_instruct_pix2pix
from tests.benchmark.editors.benching import made, predict
from tests.benchmark.suites.official import picture, write

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

CHOSEN = ("--epochs", 1, "--sample-id", "1,2,12")


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("zoo")
    for name, build in (("pix2pix", build_instruct_pix2pix), ("kontext", build_kontext)):
        (root / name).mkdir()
        build(root / name)
    return root


def test_an_unknown_pipeline_is_called_by_what_it_takes(
    zoo: Path, data: Path, tmp_path: Path
) -> None:
    args = f"weights={zoo / 'pix2pix'},steps=2,size=96,device=cpu"
    found = made(tmp_path / "run", data, "diffusers", args, *CHOSEN)
    assert [(line.width, line.height, line.reason) for line in found.values()] == [
        (112, 64, "")
    ] * 4
    spec = json.loads((tmp_path / "run" / "run_spec.json").read_text())
    editor = spec["editor"]
    assert (editor["name"], len(editor["version"])) == ("pix2pix", 16)
    assert editor["params"]["kind"] == "StableDiffusionInstructPix2PixPipeline"
    assert (editor["params"]["area_px"], editor["params"]["steps"]) == (96 * 96, 2)
    assert len({line.seed for line in found.values()}) == 4
    images = [np.asarray(Image.open(tmp_path / "run" / line.image)) for line in found.values()]
    assert all((image != images[0]).any() for image in images[1:])


def asked(instruction: str = "Add a hat.", seed: int = 1) -> EditCall:
    image = np.asarray(Image.open(io.BytesIO(picture(3, size=(64, 64)))))
    case = BenchCase(
        id="1",
        suite="own",
        task="edit",
        source=PictureFile(Path("source.png")),
        turns=(CaseTurn(instruction=instruction, starts_from=0),),
        cluster="c",
    )
    return EditCall(case=case, turn=1, epoch=1, image=image, reference=None, seed=seed)


def edited(call: EditCall, weights: Path, **args: Any) -> Rgb:
    editor = DiffusersEditor(weights=str(weights), size=64, device="cpu", **{"steps": 2} | args)
    editor.setup()
    (answer,) = editor.edit([call])
    assert not isinstance(answer, Fault)
    return answer


def test_all_that_is_asked_takes_effect(zoo: Path) -> None:
    pix2pix, call = zoo / "pix2pix", asked()
    first = edited(call, pix2pix)
    assert np.array_equal(edited(call, pix2pix), first)
    assert (edited(asked("Remove the old bicycle."), pix2pix) != first).any()
    assert (edited(asked(seed=2), pix2pix) != first).any()
    for more in ({"steps": 3}, {"guidance": 2.0}, {"image_guidance": 3.0}):
        assert (edited(call, pix2pix, **more) != first).any()


def test_a_known_pipeline_has_its_own_adapter(zoo: Path, data: Path, tmp_path: Path) -> None:
    args = f"weights={zoo / 'kontext'},steps=1,size=64,device=cpu,name=tiny,guidance=3"
    found = made(tmp_path / "run", data, "diffusers", args, *CHOSEN)
    assert {(line.width, line.height) for line in found.values()} == {(64, 64)}
    editor = json.loads((tmp_path / "run" / "run_spec.json").read_text())["editor"]
    assert (editor["name"], editor["params"]["pipeline"]) == ("tiny", "flux_kontext")
    assert editor["params"]["guidance"] == 3.0


ULTRA = """
from diffusers import StableDiffusionInstructPix2PixPipeline

class Ultra(StableDiffusionInstructPix2PixPipeline):
    def __call__(self, prompt=None, image=None, mask_img=None, num_inference_steps=50,
                 generator=None, output_type="pil"):
        assert mask_img.size == image.size and mask_img.getextrema() == ((255, 255),) * 3
        return super().__call__(prompt=prompt, image=image, generator=generator,
                                num_inference_steps=num_inference_steps, output_type=output_type)
"""


def renamed(zoo: Path, into: Path, kind: str) -> Path:
    """A copy of the checkpoint that says that it is another pipeline's."""
    copytree(zoo / "pix2pix", into)
    index = into / "model_index.json"
    index.write_text(index.read_text().replace("StableDiffusionInstructPix2PixPipeline", kind))
    return into


def test_a_pipeline_that_diffusers_lacks_comes_from_a_file(zoo: Path, tmp_path: Path) -> None:
    """As UltraEdit's, which wants a mask as well."""
    weights = renamed(zoo, tmp_path / "ultra", "Ultra")
    code = write(tmp_path / "ultra.py", ULTRA)
    assert np.array_equal(
        edited(asked(), weights, code=str(code)), edited(asked(), zoo / "pix2pix")
    )
    with pytest.raises(ImgEditError, match="takes no image_guidance_scale: leave"):
        edited(asked(), weights, code=str(code), image_guidance=2.0)
    with pytest.raises(ImgEditError, match="diffusers has no pipeline Ultra"):
        edited(asked(), weights)


def test_a_pipeline_that_edits_no_image_is_told(zoo: Path, tmp_path: Path) -> None:
    weights = renamed(zoo, tmp_path / "painter", "StableDiffusionPipeline")
    with pytest.raises(ImgEditError, match="takes no image, so that it is no editor"):
        edited(asked(), weights)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ("weights=/no/such/folder", "no checkpoint at"),
        ("weights={zoo}", "no diffusers pipeline: model_index.json"),
        ("weights={zoo}/kontext,image_guidance=2", "takes no image_guidance"),
        ("weights={zoo}/kontext,dtype=half", "float32, bfloat16, float16"),
        ("weights={zoo}/kontext,steps=many", "many"),
    ],
)
def test_wrong_arguments_are_told(
    zoo: Path, data: Path, tmp_path: Path, args: str, said: str
) -> None:
    told = predict(tmp_path / "run", data, "diffusers", args.format(zoo=zoo) + ",device=cpu")
    assert said in told
