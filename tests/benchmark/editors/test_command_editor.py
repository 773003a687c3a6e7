"""Programs as editors: the worked examples, and those that misbehave."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.benchmark.editors.benching import made, predict
from tests.benchmark.suites.official import write

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"

ANYSD = """
from pathlib import Path
from PIL import ImageOps

class _Generator:
    def manual_seed(self, seed):
        self.seed = seed

class AnySDPipeline:
    def __init__(self, adapters_list, task_embs_checkpoints):
        print("loading", task_embs_checkpoints)
        self.general_sd_pipe = type("Stage", (), {"generator": _Generator()})()

    def __call__(self, reference_image=None, original_image=None, prompt=None, guidance_scale=7.5,
                 original_image_guidance_scale=2.5, num_inference_steps=30, adapter_name=None):
        assert adapter_name == "general" and self.general_sd_pipe.generator.seed
        return [ImageOps.invert(original_image.resize((512, 512)))]
"""
STEP1X = """
from pathlib import Path
from PIL import ImageOps

class ImageGenerator:
    def __init__(self, dit_path=None, ae_path=None, qwen2vl_model_path=None, max_length=640):
        print("loading", dit_path)

    def generate_image(self, prompt, negative_prompt, ref_images, num_steps, cfg_guidance, seed,
                       num_samples=1, size_level=512):
        assert prompt and seed and size_level == 512
        return [ImageOps.invert(ref_images)]
"""


@pytest.mark.parametrize(
    ("example", "files", "args", "told", "size"),
    [
        (
            "edit_with_anysd",
            {
                "anysd/src/model.py": ANYSD,
                "anysd/src/utils.py": "def get_experts_dir(repo_id):\n    return repo_id + '/'\n",
            },
            "",
            {"name": "anysd", "version": "WeiChow/AnySD"},
            (512, 512),
        ),
        (
            "edit_with_step1x",
            {"inference.py": STEP1X},
            " /weights 512",
            {"name": "step1x-edit", "version": "step1x-edit-i1258, 512"},
            (24, 16),
        ),
    ],
)
def test_the_worked_examples_drive_their_repositories(
    data: Path,
    tmp_path: Path,
    example: str,
    files: dict[str, str],
    args: str,
    told: dict[str, str],
    size: tuple[int, int],
) -> None:
    """Against stand-ins that have the names and the arguments of the real ones."""
    for name, text in files.items():
        write(tmp_path / "clone" / name, text)
    command = f"env PYTHONPATH=. {sys.executable} {EXAMPLES / example}.py{args}"
    asked = f'run="{command}",folder={tmp_path / "clone"}'
    found = made(tmp_path / "run", data, "command", asked, "--epochs", 1)
    assert len(found) == 13
    assert not [line for line in found.values() if not line.image]
    line = found["2/1"]
    assert (line.width, line.height) == size
    source = np.asarray(Image.open(data / "cat2.png").resize(size))
    assert np.array_equal(255 - source, np.asarray(Image.open(tmp_path / "run" / line.image)))
    assert json.loads((tmp_path / "run" / "run_spec.json").read_text())["told"] == told


BAD = """
import json, os, sys, time
from PIL import Image
print("loading")
sys.stdin.readline()
print('{"ready": true, "version": "VERSION"}', flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    case = sum(Image.open(asked["image"]).getpixel((0, 0)))
    what = CASES.get(case, "edit")
    if what == "die":
        os._exit(3)
    if what == "hang":
        time.sleep(60)
    if what == "flood":
        while True:
            print("x" * 100000)
    if what == "half":
        sys.stdout.write('{"id": "' + asked["id"])
        sys.stdout.flush()
        os._exit(0)
    if what == "text":
        open(asked["output"], "w").write("no picture")
    if what == "edit":
        Image.open(asked["image"]).save(asked["output"], "JPEG")
    print(json.dumps({"id": asked["id"], "ok": True}), flush=True)
"""
WRONG = {"2": "die", "3": "hang", "4": "flood", "5": "half", "6": "nothing", "7": "text"}


def test_a_program_that_misbehaves_fails_its_case_and_no_other(
    data: Path,
    tmp_path: Path,
) -> None:
    corners = {
        int(sum(np.asarray(Image.open(data / f"cat{n}.png"))[0, 0].tolist())): what
        for n, what in WRONG.items()
    }
    script = write(tmp_path / "bad_editor.py", f"CASES = {corners}\n" + BAD)
    args = f'run="{sys.executable} {script}",timeout_s=2'
    found = made(tmp_path / "run", data, "command", args, "--epochs", 1)
    assert len(found) == 13
    faults = {key: (line.reason, line.detail) for key, line in found.items() if not line.image}
    assert faults.keys() == {f"{n}/1" for n in WRONG}
    for number, reason, said in (
        ("2", "worker_error", "died with code 3"),
        ("3", "worker_error", "timed out after 2 s"),
        ("4", "bad_reply", "flooded"),
        ("5", "worker_error", "in the middle of the line"),
        ("6", "bad_reply", "written nothing"),
        ("7", "not_an_image", "no picture"),
    ):
        assert faults[f"{number}/1"][0] == reason
        assert said in faults[f"{number}/1"][1]
    script.write_text(script.read_text().replace("VERSION", "2"))
    again = ("--epochs", 1, "--retry-failed")
    said = predict(tmp_path / "run", data, "command", args, *again)
    assert "holds a run whose editor said {'version': 'VERSION'}" in said


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ("run=\"python -c 'import sys; sys.exit(4)'\"", "died with code 4"),
        ("run=no-such-program", "no-such-program"),
        ('run="python \'"', "No closing quotation"),
        ("timeout_s=3", "run"),
    ],
)
def test_a_program_that_does_not_start_ends_the_run_with_the_remedy(
    data: Path,
    tmp_path: Path,
    args: str,
    said: str,
) -> None:
    assert said in predict(tmp_path / "run", data, "command", args)
