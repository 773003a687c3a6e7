"""Checkpoints on disk."""

from pathlib import Path

import pytest

from models.weights import CheckpointError, Weights, fingerprint, parameter_count

torch = pytest.importorskip("torch")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    from safetensors.torch import save_file

    made = tmp_path / "tiny"
    (made / "unet").mkdir(parents=True)
    tensors = {"a": torch.zeros(3, 5), "b": torch.ones(7, dtype=torch.bfloat16)}
    save_file(tensors, str(made / "unet" / "model.safetensors"))
    (made / "config.json").write_text("{}")
    return made


def test_size_follows_the_dtype_it_is_run_in(folder: Path) -> None:
    weights = Weights.at(folder)
    assert parameter_count(folder / "unet" / "model.safetensors") == 22
    assert weights.size_bytes("float32") == 88
    assert weights.size_bytes("bfloat16") == 44


def test_a_moved_folder_is_the_same_and_a_retrained_one_is_not(folder: Path) -> None:
    from safetensors.torch import save_file

    before = Weights.at(folder)
    moved = folder.rename(folder.with_name("moved"))
    assert Weights.at(moved).revision == before.revision
    retrained = {"a": torch.zeros(3, 5), "b": torch.full((7,), 2.0, dtype=torch.bfloat16)}
    save_file(retrained, str(moved / "unet" / "model.safetensors"))
    assert fingerprint(moved) != before.revision


def test_a_file_that_was_cut_off_says_so(folder: Path) -> None:
    file = folder / "unet" / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(CheckpointError, match=r"cut off at \d+ of \d+ bytes"):
        parameter_count(file)
    file.write_bytes(b"no tensors at all")
    with pytest.raises(CheckpointError, match="not a safetensors file"):
        parameter_count(file)


def test_nothing_at_a_path_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint at"):
        Weights.at(tmp_path / "absent")
