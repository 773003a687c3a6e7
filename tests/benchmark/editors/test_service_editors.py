"""OpenAI's and Gemini's picture services, against a scripted endpoint that speaks for them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmark.runs.folder import OutputLine
from resources.chat.server.script import Script
from resources.chat.server.serve import ScriptedServer
from tests.benchmark.editors.benching import made, predict
from tests.resources.chat.chatting import shared_server

KEY = "a-key-that-nobody-may-see"
ONCE = ("--epochs", 1)
TURNS = 13
SERVICES = ("openai", "gemini")

Serve = Callable[..., str]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    server = shared_server()
    yield server
    server.play(Script())


def args(server: ScriptedServer, service: str, **more: Any) -> str:
    """The editor's arguments."""
    address = server.base_url + ("" if service == "openai" else "beta")
    told = {"base_url": address, "usd_per_m_input": 10, "usd_per_m_output": 40} | more
    return ",".join(f"{key}={value}" for key, value in told.items())


def reasons(found: dict[str, OutputLine]) -> dict[str, str]:
    return {key: line.reason for key, line in found.items() if not line.image}


@pytest.mark.parametrize("service", SERVICES)
def test_every_output_is_made_and_paid_once(
    server: ScriptedServer, data: Path, tmp_path: Path, service: str
) -> None:
    server.play(
        Script(key=KEY, sequence=("rate_limit", "server_error", "drop"), retry_after_s=0.01)
    )
    found = made(tmp_path / "run", data, service, args(server, service), *ONCE)
    assert not reasons(found)
    assert len(found) == TURNS
    assert found["3/1"].usd == pytest.approx((300 * 10 + 1056 * 40) / 1e6)
    image = np.asarray(Image.open(tmp_path / "run" / found["3/1"].image)).astype(int)
    source = np.asarray(Image.open(data / "cat3.png")).astype(int)
    assert np.array_equal(image[0], source[0])
    assert (image[8] != source[8]).any()
    told = server.journal()
    assert (told["requests"], told["billed"]) == (TURNS + 3, TURNS)
    assert made(tmp_path / "run", data, service, args(server, service), *ONCE) == found
    assert server.journal()["requests"] == TURNS + 3
    written = [path.read_bytes() for path in (tmp_path / "run").rglob("*.json*")]
    assert not [text for text in written if KEY.encode() in text]
    spec = json.loads((tmp_path / "run" / "run_spec.json").read_text())
    assert spec["editor"]["params"]["model"] == spec["editor"]["name"] == spec["editor"]["version"]


def test_what_is_refused_is_told_so(server: ScriptedServer, data: Path, tmp_path: Path) -> None:
    server.play(Script(sequence=("refusal", "content_filter", "filtered_request", "bad_request")))
    chosen = (*ONCE, "--sample-id", "1,2,3,4,5")
    found = made(tmp_path / "run", data, "gemini", args(server, "gemini", lanes=1), *chosen)
    assert reasons(found) == {
        **{"1/1": "refused", "2/1": "content_filter"},
        **{"3/1": "content_filter", "4/1": "bad_row"},
    }
    assert "I cannot help with that." in found["1/1"].detail


def test_a_budget_ends_the_run_before_it_is_passed(
    server: ScriptedServer, data: Path, tmp_path: Path
) -> None:
    server.play(Script())
    one = (300 * 10 + 1056 * 40) / 1e6
    given = {"usd_per_m_input": 0, "usd_per_m_output": 0, "usd_per_image": one}
    error = predict(
        tmp_path / "run",
        data,
        "openai",
        args(server, "openai", budget_usd=4.5 * one, **given),
        *ONCE,
    )
    assert "does not cover the next picture" in error
    assert server.journal()["billed"] == 4
    found = made(tmp_path / "run", data, "openai", args(server, "openai", **given), *ONCE)
    assert sum(line.usd for line in found.values()) == pytest.approx(TURNS * one)
    assert server.journal()["billed"] == TURNS


def test_a_dialogue_goes_on_where_it_was(
    server: ScriptedServer, data: Path, tmp_path: Path
) -> None:
    """Its first turn is paid once, and the second is said of it."""
    server.play(Script(sequence=("ok", "bad_request")))
    chosen = (*ONCE, "--sample-id", "12")
    first = made(tmp_path / "run", data, "openai", args(server, "openai"), *chosen)
    assert reasons(first) == {"12/2": "bad_row"}
    again = made(
        tmp_path / "run", data, "openai", args(server, "openai"), *chosen, "--retry-failed"
    )
    assert (again["12/1"], reasons(again)) == (first["12/1"], {})
    assert server.journal()["billed"] == 2
    images = [Image.open(tmp_path / "run" / again[f"12/{turn}"].image) for turn in (1, 2)]
    border = [np.asarray(image)[0] for image in images]
    assert np.array_equal(*border)
    assert (np.asarray(images[0]) != np.asarray(images[1])).any()


def test_a_picture_that_was_paid_and_not_kept_yet_is_not_paid_again(
    server: ScriptedServer, data: Path, tmp_path: Path
) -> None:
    """As after a kill between its coming and the end of its line."""
    server.play(Script())
    run, chosen = tmp_path / "run", (*ONCE, "--sample-id", "1,2")
    price = {"usd_per_m_input": 0, "usd_per_m_output": 0, "usd_per_image": 0.04}
    first = predict(run, data, "openai", args(server, "openai", budget_usd=0.06, **price), *chosen)
    assert "does not cover" in first
    assert server.journal()["billed"] == 1
    (run / "outputs.jsonl").write_text("")
    found = made(run, data, "openai", args(server, "openai", **price), *chosen)
    assert server.journal()["billed"] == 2
    assert [line.usd for line in found.values()] == [0.04, 0.04]
    assert not (run / "paid").exists()


@pytest.mark.parametrize(
    ("service", "more", "script", "said"),
    [
        ("openai", {"key_env": "NO_SUCH_KEY"}, {}, "NO_SUCH_KEY"),
        ("openai", {}, {"key": "another"}, "the key in OPENAI_API_KEY is not valid"),
        ("gemini", {}, {"key": "another"}, "the key in GEMINI_API_KEY is not valid"),
        ("gemini", {"colour": "red"}, {}, "colour"),
        ("openai", {"usd_per_image": "much"}, {}, "--editor-args"),
        (
            "openai",
            {"patience_s": 0.3, "lanes": 1},
            {"faults": {"unavailable": 1.0}},
            "not answered",
        ),
    ],
)
def test_a_service_that_cannot_be_asked_ends_the_run(
    server: ScriptedServer,
    data: Path,
    tmp_path: Path,
    service: str,
    more: dict[str, Any],
    script: dict[str, Any],
    said: str,
) -> None:
    server.play(Script.model_validate({"retry_after_s": 0.01} | script))
    error = predict(tmp_path / "run", data, service, args(server, service, **more), *ONCE)
    assert said in error
    assert KEY not in error
