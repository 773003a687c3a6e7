"""Edit types that were left out, as the Dagster UI shows them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from imgedit_assets.checks.edit_types import CHECK, report
from resources.schema import Instruction

SHOWN = """
import json, dagster as dg
from imgedit_assets.definitions import defs
graph = defs.resolve_asset_graph()
specs = {key.to_user_string(): dict(graph.get(key).metadata) for key in graph.get_all_asset_keys()}
name = "edit types left out"
print(json.dumps({asset: said[name].value for asset, said in specs.items() if name in said}))
print(json.dumps([key.name for key in graph.asset_check_keys if key.name == "edit_types_load"]))
"""


@pytest.mark.parametrize("text", ["raise BaseException", "import os; os._exit(1)"])
def test_the_page_of_every_pair_asset_says_it_once_the_location_is_loaded(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "types").mkdir()
    (tmp_path / "types" / "zoom.py").write_text(text)
    profile = tmp_path / "mine.toml"
    profile.write_text('name = "mine"\n[edits]\nfolders = ["types"]\n')
    named = {"IMGEDIT_PROFILE": str(profile), "IMGEDIT_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", SHOWN],
        env=os.environ | named,
        capture_output=True,
        text=True,
        check=True,
    )
    pages, checks = map(json.loads, done.stdout.splitlines())
    assert {"instructions", "edit_pairs", "accepted_pairs"} <= pages.keys()
    assert "source_images" not in pages
    assert f"{tmp_path}/types/zoom.py: cannot be imported" in pages["edit_pairs"]
    assert checks == [CHECK]


def status(instance: dg.DagsterInstance) -> list[str]:
    """What the check says, newest first."""
    key = dg.AssetCheckKey(dg.AssetKey(Instruction.TABLE), CHECK)
    history = instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
    return [each.status.name for each in history]


def test_the_check_fails_before_anything_runs_and_passes_once_mended(
    instance: dg.DagsterInstance,
) -> None:
    report(instance, [])
    assert status(instance) == [], "a sound home is told nothing"
    report(instance, ["zoom.py: cannot be imported"])
    assert status(instance) == ["FAILED"]
    report(instance, [])
    report(instance, [])
    assert status(instance) == ["SUCCEEDED", "FAILED"]
