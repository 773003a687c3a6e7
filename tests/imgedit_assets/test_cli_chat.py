"""`imgedit ledger` and `imgedit fake-endpoint` as a user types them."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from imgedit_assets.cli.app import app
from resources.chat.completions import Reply
from resources.chat.ledger import Ledger


def reply(key: str, model: str, usd: float | None) -> Reply:
    return Reply(
        key=key, url="https://example.org/v1", model=model, text="{}", refusal="", finish="stop",
        tokens_in=1000, tokens_cached=400, tokens_out=10, usd=usd, created=0.0,
    )  # fmt: skip


def test_the_ledger_tells_what_each_model_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path))
    opened = Ledger(tmp_path / "ledger")
    opened.put(reply("a", "judge", 0.5), reply("b", "judge", 0.25), reply("c", "writer", 0.125))
    opened.count_saved("https://example.org/v1", "judge", requests=7, usd=2.0)
    opened.close()
    told = json.loads(CliRunner().invoke(app, ["ledger", "--json"]).stdout)
    assert told["total"] == {"usd": 0.875, "requests": 3}
    assert [(m["model"], m["requests"], m["tokens_cached"]) for m in told["models"]] == [
        ("judge", 2, 800),
        ("writer", 1, 400),
    ]
    assert (told["models"][0]["saved_requests"], told["models"][0]["saved_usd"]) == (7, 2.0)
    shown = CliRunner().invoke(app, ["ledger"], env={"COLUMNS": "160"}).stdout
    assert "judge" in shown
    assert "0.8750" in shown


def test_the_ledger_tells_which_costs_are_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path))
    opened = Ledger(tmp_path / "ledger")
    opened.put(reply("a", "judge", 0.5), reply("b", "judge", None), reply("c", "writer", 0.25))
    opened.close()
    told = json.loads(CliRunner().invoke(app, ["ledger", "--json"]).stdout)
    assert [(m["usd"], m["unpriced"]) for m in told["models"]] == [(0.5, 1), (0.25, 0)]
    shown = CliRunner().invoke(app, ["ledger"], env={"COLUMNS": "160"}).stdout
    assert "0.5000 + ?" in shown
    assert "1 replies came without a count of tokens: their cost is unknown" in shown


def test_an_empty_ledger_is_no_error_and_makes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path / "home"))
    done = CliRunner().invoke(app, ["ledger"])
    assert done.exit_code == 0
    assert "Nothing has been asked" in done.stdout
    assert not (tmp_path / "home").exists()


def test_the_fake_endpoint_serves_its_script_until_ctrl_c(tmp_path: Path) -> None:
    from openai import OpenAI

    script = tmp_path / "script.toml"
    script.write_text('[[answers]]\nprompt = "colour"\ntext = "blue"\n')
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["fake-endpoint", "--port", str(port), "--script", str(script)]
    process = subprocess.Popen(
        [sys.executable, "-c", "from imgedit_assets.cli import main; main()", *command],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url == f"http://127.0.0.1:{port}/v1"
        with OpenAI(base_url=url, api_key="none", max_retries=8) as sdk:
            asked = [{"role": "user", "content": "Which colour?"}]
            made = sdk.chat.completions.create(model="m", messages=asked)
        assert made.choices[0].message.content == "blue"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
