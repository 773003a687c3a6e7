"""Editors ranked by pairs of their outputs, asked in both orders, and nothing asked twice."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmark.runs.folder import AnswerLine, lines
from models.faults import ImgEditError
from resources.chat.server.script import Script
from resources.chat.server.serve import scripted_server
from tests.benchmark.editors.benching import predict, write_suite
from tests.benchmark.runs.test_runs import bench


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path_factory.getbasetemp() / "benchmark-home"))


def ranking(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "ranking.json").read_text())
    return found


def test_the_metric_judge_puts_the_better_editor_first_in_both_orders(tmp_path: Path) -> None:
    for name in ("copy-input", "oracle"):
        chosen = ("--editor", name, "--limit", 1, "--epochs", 1)
        bench("run", *chosen, "--no-trial", "--output-path", tmp_path / name)
    runs, out = (tmp_path / "copy-input", tmp_path / "oracle"), tmp_path / "pairs"
    bench("pairs", *runs, "--output-path", out)
    found = ranking(out)
    assert [*found["ranking"]["strengths"]] == ["oracle", "copy-input"]
    assert (found["questions"], found["same_in_both_orders"]) == (2, 1.0)
    told = [json.loads(row.text)["winner"] for row in lines(out / "judge/metric.jsonl", AnswerLine)]
    assert told == ["second", "first"]
    assert bench("rank", out / "votes.csv").splitlines()[0].startswith("oracle")
    bench("report", *runs, "--pairs", out, "--output-path", tmp_path / "report")
    assert "Ranking by pairs · judge metric" in (tmp_path / "report" / "report.md").read_text()


def test_a_chat_judge_is_asked_each_pair_once_and_not_about_what_is_plain(tmp_path: Path) -> None:
    data = write_suite(tmp_path / "data")
    given = ("--limit", "3", "--epochs", 1)
    for name in ("copy-input", "blank", "random-image"):
        assert not predict(tmp_path / name, data, name, "", *given)
    made = tmp_path / "blank" / "outputs.jsonl"
    rows = [json.loads(row) for row in made.read_text().splitlines()]
    rows[0] |= {"image": "", "digest": "", "reason": "refused"}
    made.write_text("".join(json.dumps(row) + "\n" for row in rows))
    runs = [tmp_path / name for name in ("copy-input", "blank", "random-image")]
    with scripted_server(Script()) as server:
        args = f"model=m,base_url={server.base_url},key_env=,usd_per_m_input=2,usd_per_m_output=8"
        asked = (
            *("pairs", *runs, "--data", data, "--output-path", tmp_path / "out"),
            *("--judge", "chat", "--judge-args", args),
        )
        with pytest.raises(ImgEditError, match="--cost-limit"):
            bench(*asked, "--cost-limit", 0.02)
        assert 0 < server.journal()["billed"] < 14
        bench(*asked, "--cost-limit", 1)
        assert server.journal()["billed"] == 14  # 3 pairs, 3 cases, both orders; 4 are plain.
        bench(*asked)
        assert server.journal()["billed"] == 14
    votes = (tmp_path / "out" / "votes.csv").read_text().splitlines()
    assert len(votes) == 1 + 18
    lost = [row for row in votes if "blank,copy-input,second" in row]
    assert lost
    assert ranking(tmp_path / "out")["without_answer"] == 0
    stats = json.loads((tmp_path / "out" / "stats.json").read_text())
    assert (stats["judges"]["m"]["n"], stats["models"][0]["requests"]) == (14, 14)


def test_runs_of_two_suites_are_no_pairs(tmp_path: Path) -> None:
    data = write_suite(tmp_path / "data")
    predict(tmp_path / "one", data, "blank", "", "--limit", "1", "--epochs", 1)
    with pytest.raises(ImgEditError, match="two runs or more"):
        bench("pairs", tmp_path / "one", "--data", data, "--output-path", tmp_path / "out")
