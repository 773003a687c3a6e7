"""Models on a real GPU: memory, eviction, offload, quantisation."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from models.batches import in_batches
from models.embed.open_clip import OpenClipEmbedder
from models.hosting import SoloHost
from models.runtime import Offload, Runtime, ready_module
from models.weights import Weights
from models.zoo.build import build_zoo
from resources.devices.devices import visible_devices
from resources.devices.lease import Leases
from resources.devices.pool import DeviceFullError, ModelPool

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]

GB = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """A model that is one tensor."""

    name: str
    gigabytes: int

    def size_bytes(self) -> int:
        return self.gigabytes * GB

    def load(self, device: str) -> "torch.Tensor":
        return torch.zeros(self.gigabytes * GB, dtype=torch.uint8, device=device)


def network() -> "torch.nn.Module":
    torch.manual_seed(0)
    blocks = [torch.nn.Sequential(torch.nn.Linear(1024, 1024), torch.nn.GELU()) for _ in range(4)]
    return torch.nn.Sequential(*blocks).to(torch.bfloat16)


def answer(module: "torch.nn.Module") -> "torch.Tensor":
    numbers = torch.linspace(-1, 1, 32 * 1024, device="cuda:0", dtype=torch.bfloat16)
    with torch.no_grad():
        return module(numbers.reshape(32, 1024)).float()


def test_a_batch_that_fills_the_gpu_is_halved() -> None:
    total = torch.cuda.get_device_properties(0).total_memory
    each = total // 5
    sizes: list[int] = []

    def allocate(batch: Sequence[int]) -> list[int]:
        sizes.append(len(batch))
        held = torch.empty(each * len(batch), dtype=torch.uint8, device="cuda:0")
        return [held.numel() // len(batch) for _ in batch]

    assert in_batches(range(8), allocate, size=8) == [each] * 8
    assert sizes[:2] == [8, 4]


def test_models_that_do_not_fit_together_take_turns() -> None:
    devices = visible_devices()[:1]
    gigabytes = int(devices[0].free_bytes() * 0.6 / GB)
    told: list[str] = []
    pool = ModelPool(devices, tell=told.append)
    for name in ("first", "second"):
        with pool.use(Tensor(name=name, gigabytes=gigabytes)) as tensor:
            assert tensor.device.type == "cuda"
    assert [name for name, _, _ in pool.loaded()] == ["second"]
    assert "evicted first from cuda:0" in told
    pool.close()
    assert devices[0].used_bytes() == 0


def test_a_model_larger_than_the_gpu_says_so() -> None:
    devices = visible_devices()[:1]
    pool = ModelPool(devices, tell=lambda _: None)
    too_large = Tensor(name="huge", gigabytes=devices[0].total_bytes // GB + 8)
    with pytest.raises(DeviceFullError, match="offload"), pool.use(too_large):
        pytest.fail("it does not fit")


def test_a_gpu_is_leased_once(tmp_path: Path) -> None:
    first, second = Leases(tmp_path), Leases(tmp_path)
    taken = first.take(visible_devices(), most=0, tell=print)
    assert taken == visible_devices()
    assert second._free(visible_devices(), 1) == ()
    first.give_back()


@pytest.mark.parametrize("offload", ["model", "layers"])
def test_an_offloaded_network_answers_as_one_that_stays(offload: Offload) -> None:
    stays = answer(ready_module(network(), Runtime(), "cuda:0"))
    waits = answer(ready_module(network(), Runtime(offload=offload), "cuda:0"))
    assert torch.equal(stays, waits)


@pytest.mark.parametrize("quantise", ["int8", "fp8"])
def test_a_quantised_network_is_close(quantise: str) -> None:
    if quantise == "fp8" and torch.cuda.get_device_capability() < (8, 9):
        pytest.skip("fp8 needs compute capability 8.9")
    plain = answer(ready_module(network(), Runtime(), "cuda:0"))
    runtime = Runtime(quantise=quantise)  # type: ignore[arg-type]
    close = answer(ready_module(network(), runtime, "cuda:0"))
    assert 0 < (close - plain).norm() / plain.norm() < 0.1


@pytest.mark.parametrize("offload", ["model", "layers"])
def test_a_clip_whose_towers_are_called_by_themselves_is_not_offloaded(
    offload: Offload, tmp_path: Path
) -> None:
    pytest.importorskip("open_clip")
    ((_, folder),) = build_zoo(tmp_path, ("clip-vit-h-14",))
    host = SoloHost("cuda:0")
    stays, waits = (
        OpenClipEmbedder(weights=Weights.at(folder), host=host, runtime=Runtime(offload=where))
        for where in ("", offload)
    )
    image = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    np.testing.assert_array_equal(stays.embed_images([image]), waits.embed_images([image]))
    np.testing.assert_array_equal(stays.embed_texts(["a cup"]), waits.embed_texts(["a cup"]))
