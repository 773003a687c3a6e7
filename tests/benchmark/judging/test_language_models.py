"""Language models as judges, from a command's words to answers that are kept and paid once."""

import json
from pathlib import Path

import pytest

from models.faults import ImgEditError
from resources.chat.ledger import Ledger
from resources.chat.server.script import Script
from resources.chat.server.serve import scripted_server
from tests.benchmark.runs.test_runs import bench


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path_factory.getbasetemp() / "benchmark-home"))


def test_a_run_stops_at_its_cost_limit_and_goes_on_without_paying_twice(tmp_path: Path) -> None:
    with scripted_server(Script()) as server:
        given = (
            *("run", "--output-path", tmp_path, "--limit", 4, "--epochs", 1, "--judge", "chat"),
            "--no-trial",
            "--judge-args",
            f"model=m,base_url={server.base_url},key_env=,usd_per_m_input=2,usd_per_m_output=8",
        )
        with pytest.raises(ImgEditError, match="--cost-limit"):
            bench(*given, "--cost-limit", 0.02)
        paid = server.journal()["billed"]
        assert 0 < paid < 4
        bench(*given, "--cost-limit", 1)
        assert server.journal()["billed"] == 4
        told = bench(*given)
    assert "copy-input: outputs: 0 of 4 to come\nm: answers: 0 of 4 to come, at most 0.00" in told
    (spending,) = Ledger(tmp_path / "judge" / "ledger").spending()
    stats = json.loads((tmp_path / "stats.json").read_text())
    (model,) = stats["models"]
    assert (model["model"], model["requests"], model["tokens_in"]) == ("m", 4, spending.tokens_in)
    assert stats["judges"]["m"]["usd"] == pytest.approx(spending.usd, rel=0.01)


def test_no_more_connections_than_asked_for(tmp_path: Path) -> None:
    script = Script.model_validate({"latency_s": 0.05})
    with scripted_server(script) as server:
        given = ("run", "--output-path", tmp_path, "--limit", 6, "--epochs", 1, "--judge", "chat")
        args = f"model=m,base_url={server.base_url},key_env="
        bench(*given, "--judge-args", args, "--no-trial", "--max-connections", 2)
        assert server.journal()["most_in_flight"] == 2


def test_refusals_and_broken_answers_are_told_apart(tmp_path: Path) -> None:
    # Two cases are asked, and each once again: in any order one second answer is wrong, one right.
    script = Script.model_validate({"sequence": ["refusal", *["wrong_schema"] * 3]})
    with scripted_server(script) as server:
        given = (
            *("run", "--output-path", tmp_path, "--limit", 3, "--epochs", 1, "--judge", "chat"),
            "--no-trial",
            "--judge-args",
            f"model=m,base_url={server.base_url},key_env=,max_in_flight=1",
            *("--fail-on-error", 1),
        )
        bench(*given)
    counts = json.loads((tmp_path / "results.json").read_text())["counts"]
    assert (counts["refused"], counts["unparsable"], counts["scored"]) == (1, 1, 1)


def test_a_model_on_a_device_here_judges(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("llguidance")
    from models.zoo.vlms import BUILDERS

    (tmp_path / "tiny").mkdir()
    BUILDERS["qwen2.5-vl"](tmp_path / "tiny")
    args = f"weights={tmp_path / 'tiny'},min_pixels=3136,max_pixels=12544"
    folder = tmp_path / "out"
    bench(
        *("run", "--output-path", folder, "--limit", 1, "--epochs", 1),
        *("--judge", "local", "--judge-args", args, "--no-trial"),
    )
    figures = json.loads((folder / "results.json").read_text())
    assert (figures["judge"], figures["counts"]["scored"]) == ("tiny", 1)


def test_the_judge_of_a_profile_judges_with_its_own_words(tmp_path: Path) -> None:
    """EditScore's two questions, each answered with two scores to 25."""
    said = '{"reasoning": "So it is.", "score": [20, 25]}'
    script = Script.model_validate({"answers": [{"prompt": ".", "text": said}]})
    folder, profile = tmp_path / "out", tmp_path / "editscore.toml"
    given = ("run", "--output-path", folder, "--limit", 1, "--epochs", 1)
    judge = ("--judge", "profile", "--judge-args", f"profile={profile},label=editscore")
    with scripted_server(script) as server:
        profile.write_text(
            'name = "es"\n[chats.es]\nbackend = "openai"\nmodel = "m"\n'
            f'base_url = "{server.base_url}"\nkey_env = ""\n'
            '[roles.judge]\nbackend = "editscore"\nchat = "es"\n'
        )
        with pytest.raises(ImgEditError, match="does not put a good edit above"):
            bench(*given, *judge)
        bench(*given, *judge, "--no-trial")
    (sample,) = (json.loads(row) for row in (folder / "samples.jsonl").read_text().splitlines())
    assert (sample["judge"], sample["status"]) == ("editscore", "scored")
    # 20 of 25 is 4.2 of 1 to 5, which caps the 5 of what stayed.
    assert sample["criteria"] == {"adherence": 4.2, "quality": 4.2, "preservation": 4.2}
    assert sample["reason"].startswith("EditScore 8.00 of 10")
    judged = json.loads((folder / "run_spec.json").read_text())["judges"]
    assert judged[0]["kind"] == "trained judge"


def test_a_key_that_is_not_set_is_told_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ImgEditError, match="OPENAI_API_KEY"):
        bench(
            "run", "--output-path", tmp_path / "run", "--judge", "chat", "--judge-args", "model=m"
        )
    assert not (tmp_path / "run" / "images").exists()
