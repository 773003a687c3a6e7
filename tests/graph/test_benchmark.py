"""Editors in the graph: put through suites, judged and ranked, and nothing made or asked twice."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import dagster as dg
import numpy as np
import pytest

from imgedit_assets.assets.leaderboard import leaderboard_metadata
from imgedit_assets.leaderboard import Standing, leaderboard_figures, standings
from imgedit_assets.run import backfill, run_benchmark
from imgedit_assets.sample.descent import descent
from imgedit_assets.sample.lineage import lineage
from imgedit_assets.sample.quarantine import Selector, mark
from imgedit_assets.sample.trace import trace
from imgedit_assets.stages.fake_scores import FakeScores
from resources.chat.server.script import Script
from resources.chat.server.serve import ScriptedServer, scripted_server
from resources.factory import Factory
from resources.home import Home
from resources.schema import BenchmarkScore, Reject, Unit
from tests.benchmark.runs.test_runs import bench

ASKED = {"a": "Make the wall red.", "b": "Say nothing of the judge."}


@dataclass
class Contest:
    """A home, a suite of two cases of one's own, and a judge behind a scripted endpoint."""

    root: Path
    server: ScriptedServer
    instance: dg.DagsterInstance

    def profile(self, editors: Sequence[str], **judge: Any) -> Path:
        """A profile with some editors, and a judge with more arguments."""
        args = {"model": "m", "base_url": self.server.base_url, "key_env": "", **judge}
        said = ", ".join(f"{name} = {json.dumps(value)}" for name, value in args.items())
        text = (
            'name = "contest"\n[benchmark]\nepochs = 1\ntrial = false\nmax_unscored_frac = 0.4\n'
            '[[benchmark.suites]]\nname = "mine"\nsuite = "own"\ndata = "suite"\n'
            f'[benchmark.judge]\njudge = "chat"\nargs = {{ {said} }}\n'
        )
        text += "".join(f'[[benchmark.editors]]\nname = "{name}"\n' for name in editors)
        path = self.root / "contest.toml"
        path.write_text(text)
        return path

    def run(self, editors: Sequence[str], **judge: Any) -> Factory:
        """Everything of the benchmark, by a new profile."""
        factory = Factory.open(Home.of(self.root / "home"), str(self.profile(editors, **judge)))
        assert not run_benchmark(factory, self.instance).errors
        factory.close()
        return factory

    def asked(self) -> int:
        """How often the judge was."""
        n: int = self.server.journal()["requests"]
        return n


@pytest.fixture
def contest(tmp_path: Path, instance: dg.DagsterInstance) -> Iterator[Contest]:
    (tmp_path / "suite").mkdir()
    with (tmp_path / "suite" / "cases.jsonl").open("w") as lines:
        for number, (name, words) in enumerate(ASKED.items()):
            picture = np.full((40, 60, 3), 40 + 90 * number, np.uint8)
            cv2.imwrite(str(tmp_path / "suite" / f"{name}.png"), picture)
            row = {"id": name, "source": f"{name}.png", "instruction": words}
            lines.write(json.dumps(row) + "\n")
    rule = {"prompt": ASKED["b"], "text": "I would rather not."}
    with scripted_server(Script.model_validate({"answers": [rule]})) as server:
        yield Contest(tmp_path, server, instance)


def units(factory: Factory) -> dict[str, set[str]]:
    """The units that are done, by asset and partition."""
    found: dict[str, set[str]] = {}
    for unit in factory.store.select(Unit):
        found.setdefault(unit.place.id, set()).add(unit.id)
    return found


def by_editor(factory: Factory) -> Mapping[str, Standing]:
    return {s.editor: s for s in standings(factory.store, factory.profile.benchmark)}


def test_another_editor_reruns_none_and_another_judge_makes_no_output(contest: Contest) -> None:
    before = units(contest.run(["copy-input", "blank"]))
    asked = contest.asked()
    assert units(contest.run(["copy-input", "blank"])) == before
    assert contest.asked() == asked

    factory = contest.run(["copy-input", "blank", "random-image"])
    after = units(factory)
    tables = ("benchmark_outputs", "benchmark_scores", "fake_scores")
    new = {f"{table}|random-image|mine" for table in tables}
    assert after.keys() - before.keys() == new
    assert {place: after[place] for place in before} == before

    judged = units(contest.run(["copy-input", "blank", "random-image"], label="strict one"))
    for place, done in after.items():
        is_verdict = place.startswith("benchmark_scores")
        assert judged[place].isdisjoint(done) if is_verdict else judged[place] == done
    # What a profile no longer names is not ranked.
    assert by_editor(contest.run(["blank"])).keys() == {"blank"}


def test_what_is_missing_counts_least_and_what_the_judge_fails_at_nowhere(contest: Contest) -> None:
    factory = contest.run(["copy-input", "oracle"])
    ranked = by_editor(factory)
    # Nobody knows the right results of a suite of one's own.
    assert ranked["oracle"].counts["missing"] == 2
    assert (ranked["oracle"].overall.mean, ranked["oracle"].overall.n) == (1.0, 2)
    rejects = factory.store.select(Reject, "asset = 'benchmark_outputs'")
    assert {r.reason for r in rejects} == {"unpaintable"}
    assert (ranked["copy-input"].counts["scored"], ranked["copy-input"].counts["unparsable"]) == (
        1,
        1,
    )
    assert ranked["copy-input"].overall.n == 1
    assert ranked["copy-input"].unscored_frac == 0.5
    assert "language model" in ranked["copy-input"].judged_by

    figures = leaderboard_figures(list(ranked.values()))
    assert figures["overall_oracle_mine"] == 1.0
    shown = leaderboard_metadata(list(ranked.values()))
    assert shown["overall_oracle_mine"].value == 1.0
    assert "2 missing" in str(shown["leaderboard"].value)
    event = contest.instance.get_latest_materialization_event(dg.AssetKey("leaderboard"))
    assert event
    assert event.asset_materialization
    page = Path(str(event.asset_materialization.metadata["report"].value))
    # The one that is scored, as a worst case: its source and its output.
    assert page.read_text().count("data:image/jpeg") == 2
    ended = [
        line for line in page.with_suffix(".md").read_text().splitlines() if "imgedit-bench" in line
    ]
    assert any("copy-input" in line and "| 1 | 1 | 0 | 0 | 0 |" in line for line in ended)
    assert any("oracle" in line and "| 0 | 0 | 0 | 0 | 2 |" in line for line in ended)
    checked = contest.instance.event_log_storage.get_latest_asset_check_execution_by_key(
        [key := dg.AssetCheckKey(dg.AssetKey("leaderboard"), "scored")]
    )
    assert checked[key].status.name == "FAILED"


def test_a_verdict_leads_to_its_output_and_case_and_a_bad_case_can_leave(contest: Contest) -> None:
    factory = contest.run(["blank"])
    store = factory.store
    (verdict,) = store.current(BenchmarkScore, editor="blank", suite="mine")
    verdict, output, case = lineage(store, verdict.id).walk()
    assert (output.asset, case.asset) == ("benchmark_outputs", "benchmark_cases")
    assert case.node.columns["case_id"] == "a"
    source = cv2.imread(str(contest.root / "suite" / "a.png"))
    assert (store.render(case.node.columns["version_id"]) == source).all()
    assert (store.render(output.node.columns["target_version_id"]) == 255).all()
    assert "| what was given | the output |" in trace(store, verdict.id)
    assert [g.asset for g in descent(store, case.id).groups()] == [output.asset, verdict.asset]

    assert by_editor(factory)["blank"].overall.n == 1
    mark(store, Selector(kind="row", value=case.id), "not a wall", "ann")
    assert by_editor(factory)["blank"].overall.n == 0


def test_a_backfill_makes_what_is_missing_and_the_figures_are_those_of_bench_run(
    tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path / "home"))
    profile = tmp_path / "drawn.toml"
    profile.write_text(
        'name = "drawn"\n[sources]\nphotos = false\nstudio_shards = 0\n[benchmark]\nseed = 3\n'
        '[[benchmark.suites]]\nname = "studio-multiturn"\nlimit = "1"\n'
        '[[benchmark.editors]]\nname = "half"\neditor = "oracle"\n'
        'args = { flaw = "not_done", degree = 0.5 }\n'
    )
    factory = Factory.open(Home.of(tmp_path / "home"), str(profile))
    assert not backfill(factory, instance).errors
    rows = factory.store.frame("benchmark_scores").sort("turn")
    assert set(rows["judge_kind"]) == {"metric, no model"}

    given = ("--tasks", "studio-multiturn", "--limit", 1, "--epochs", 1, "--seed", 3, "--no-trial")
    editor = ("--editor", "oracle", "--editor-args", "flaw=not_done,degree=0.5")
    bench("run", "--output-path", tmp_path / "out", *given, *editor)
    lines = (tmp_path / "out" / "samples.jsonl").read_text().splitlines()
    samples = [json.loads(line) for line in lines]
    assert rows["score"].to_list() == [sample["score"] for sample in samples]
    assert rows["reason"].to_list() == [sample["reason"] for sample in samples]
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    bench("fake", tmp_path / "out")
    told = [json.loads(line) for line in (tmp_path / "out" / "fake.jsonl").read_text().splitlines()]
    fakes = factory.store.frame("fake_scores").sort("turn")
    assert fakes["probability"].to_list() == [one["probability"] for one in told if one["turn"]]
    assert set(fakes["source_probability"]) == {
        one["probability"] for one in told if not one["turn"]
    }
    figures = FakeScores.figures(fakes)
    assert {"recall", "false_positive_rate_n", "false_positive_rate_high"} <= figures.keys()
    assert [n.asset for n in lineage(factory.store, fakes["id"][0]).walk()][
        1
    ] == "benchmark_outputs"
    (standing,) = standings(factory.store, factory.profile.benchmark)
    assert standing.overall.mean == results["overall"]["mean"]
    ranked = leaderboard_figures([standing])
    named = "false_positive_rate_half_studio-multiturn"
    assert {"recall_half_studio-multiturn", named, f"{named}_high"} <= ranked.keys()
    rate = f"{figures['false_positive_rate']:.2f} ("
    assert rate in str(leaderboard_metadata([standing])["fake scores"].value)
    page = tmp_path / "home" / "reports" / "leaderboard"
    assert "## Fake score" in (page / "report.md").read_text()
    assert results["protocol_hash"] in standing.judged_by
