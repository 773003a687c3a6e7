"""What the leaderboard says of editors that are trained here: by which recipe, on which pairs."""

from collections.abc import Mapping
from typing import Any

from imgedit_assets.artefacts.checkpoint import facts_of
from imgedit_assets.artefacts.staleness import stale
from imgedit_assets.dataset.report_markdown import table
from resources.home import Home
from resources.learners import lacking_package
from resources.profile_benchmark import BenchmarkSettings
from resources.releases.latest import latest_of
from resources.store import Store

HEAD = ("trained editor", "checkpoint", "recipe", "trained on")


def trained_editors(home: Home, settings: BenchmarkSettings) -> dict[str, dict[str, Any]]:
    """What the checkpoints say of themselves, by the benchmark's names; empty of what has none."""
    found = {}
    for entry in settings.editors:
        if entry.trained:
            folder = latest_of(home.editors / entry.trained)
            found[entry.name] = told(facts_of(folder), folder.name) if folder else {}
    return found


def told(facts: Mapping[str, Any], checkpoint: str) -> dict[str, Any]:
    """The facts of a checkpoint in words."""
    data = facts["recipe"]["data"]
    numbers = (f"{n} {facts[n]}" for n in ("pairs", "bad", "sources") if facts.get(n) is not None)
    kept = {k: v for k, v in data.items() if v and k not in ("data", "seed", "bad_frac")}
    filters = (data["data"], *(f"{name} {value}" for name, value in kept.items()), *numbers)
    return {
        "checkpoint": checkpoint,
        "recipe": ", ".join(f"{key} {value}" for key, value in facts["given"].items()),
        "trained on": ", ".join(filters),
        "release": facts.get("release", ""),
    }


def missing_lines(home: Home, settings: BenchmarkSettings) -> list[str]:
    """A line for each editor of the benchmark that was not trained yet, with the remedy."""
    remedy = lacking_package() or "`imgedit run` trains it"
    missing = [name for name, said in trained_editors(home, settings).items() if not said]
    return [f"{name} is missing: it is not trained yet; {remedy}" for name in missing]


def trained_markdown(store: Store, settings: BenchmarkSettings) -> str:
    """The trained editors as a Markdown table; empty where the benchmark has none."""
    editors = trained_editors(store.home, settings)
    old = {held.name for held in stale(store)} if any(editors.values()) else set()
    lines = []
    for name, said in editors.items():
        if said:
            mark = " (stale: it learnt from what is in quarantine)"
            checkpoint = said["checkpoint"] + (mark if said["checkpoint"] in old else "")
            of = f"{said['trained on']}; {said['release']}".removesuffix("; ")
            lines.append([name, checkpoint, said["recipe"], of])
        else:
            lines.append([name, "missing", "", ""])
    return table(HEAD, lines, words=(0, 1, 2, 3)) if lines else ""
