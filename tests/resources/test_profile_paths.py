"""Paths in a profile's file start at the file's own folder."""

from pathlib import Path

import pytest

from resources.profile import load_profile

TEXT = """
name = "mine"
[sources]
watch = "inbox"
allow_paths = ["pictures", "~/more"]
[edits]
folders = ["types", "/opt/types", "~/types"]
[release]
benchmarks = ["../bench"]
[roles.judge]
backend = "metric"
weights = "./judge"
more = { head = "../head.pth", name = "owner/repository" }
"""


@pytest.mark.parametrize("given", ["mine.toml", "profiles/mine.toml"])
def test_paths_start_at_the_file_wherever_it_is_read_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "mine.toml").write_text(TEXT)
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.chdir(folder if given == "mine.toml" else tmp_path)
    profile = load_profile(given)
    assert profile.sources.watch == f"{folder}/inbox"
    assert profile.sources.allow_paths == (f"{folder}/pictures", str(Path("~/more").expanduser()))
    assert profile.edits.folders == (f"{folder}/types", "/opt/types", "/home/me/types")
    assert profile.release.benchmarks == (f"{folder}/../bench",)
    params = profile.roles["judge"].params
    assert params["weights"] == f"{folder}/judge"
    assert params["more"] == {"head": f"{folder}/../head.pth", "name": "owner/repository"}
    assert profile.roles["judge"].backend == "metric"


def test_what_is_left_empty_stays_so() -> None:
    assert load_profile().sources.watch == ""
