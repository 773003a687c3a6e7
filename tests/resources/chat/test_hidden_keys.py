"""A key of the environment stands in no output and no file, whatever an endpoint makes of it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from imgedit_assets.cli.app import app
from models.faults import Fault
from resources.chat.settings import ChatError, ChatSettings
from resources.factory import Factory
from resources.recipes import Recipe
from tests.resources.chat.chatting import KEY, chatting, question, questions

ECHO = {"text": json.dumps({"label": "good", "score": 1.0, "words": [f"your key is {KEY}"]})}


def nowhere(folder: Path, *told: object) -> None:
    """Assert that the key is in no text and no file."""
    kept = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    assert KEY.encode() not in kept
    assert not any(KEY in str(each) for each in told)


def test_a_reply_that_repeats_the_key_is_kept_without_it(tmp_path: Path) -> None:
    script = {"answers": [{"prompt": "case", **ECHO}]}
    with chatting(tmp_path, script) as (client, _):
        (answer,) = client.answer(questions(1))
    assert answer.words == ["your key is ***"]
    nowhere(tmp_path, answer)


def test_a_reply_that_is_nothing_but_the_key_is_a_fault_without_it(tmp_path: Path) -> None:
    script = {"answers": [{"prompt": "case", "text": KEY}]}
    with chatting(tmp_path, script, max_retries=0) as (client, _):
        (answer,) = client.answer(questions(1))
    assert isinstance(answer, Fault)
    nowhere(tmp_path, answer)


def test_a_batch_that_repeats_the_key_is_kept_without_it(tmp_path: Path) -> None:
    script = {"answers": [{"prompt": "case", **ECHO}]}
    with chatting(tmp_path, script, batch=True, batch_poll_s=0.05) as (client, _):
        (answer,) = client.answer(questions(1))
    assert answer.words == ["your key is ***"]
    nowhere(tmp_path, answer)


def test_an_endpoint_without_keys_may_say_none(tmp_path: Path) -> None:
    script = {"answers": [{"prompt": "case", "reply": {"words": ["none"]}}]}
    with chatting(tmp_path, script, key_env="") as (client, _):
        (answer,) = client.answer([question("case")])
    assert answer.words == ["none"]


def test_doctor_and_recipe_do_not_know_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path / "home"))
    profile = tmp_path / "mine.toml"
    profile.write_text(
        'name = "mine"\n[chats.paid]\nbackend = "openai"\nmodel = "m"\n'
        'base_url = "http://127.0.0.1:9/v1"\nmax_retries = 0\npatience_s = 0\ntimeout_s = 1\n'
        '[roles.judge]\nbackend = "chat"\nchat = "paid"\n'
    )
    factory = Factory.open(profile=str(profile))
    judge = factory.backend("judge", ready=False)
    recipe = Recipe(stage="s", version="1", backend=judge.name, params=dict(judge.params()))
    with pytest.raises(ChatError) as failed:
        factory.chat("paid").answer(questions(1))
    factory.close()
    shown = CliRunner().invoke(app, ["doctor", "--profile", str(profile)])
    plain = CliRunner().invoke(app, ["doctor", "--profile", str(profile), "--json"])
    assert plain.exit_code == 0
    nowhere(tmp_path, shown.output, plain.output, recipe.to_json(), failed.value, repr(factory))


@pytest.mark.parametrize(
    "settings",
    [
        {"key_env": KEY},
        {"base_url": f"https://user:{KEY}@example.invalid/v1"},
        {"base_url": f"ftp://user:{KEY}@example.invalid/v1"},
        {"base_url": f"https://example.invalid/v1?key={KEY}"},
        {"base_url": KEY},
        {"base_url": f"user:{KEY}@example.invalid"},
    ],
)
def test_settings_with_a_key_are_refused_without_showing_it(settings: dict[str, str]) -> None:
    with pytest.raises(ChatError) as refused:
        ChatSettings(model="m", **settings)
    assert KEY not in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"budget_usd": float("nan")}, "budget_usd is nan"),
        ({"budget_usd": -1.0}, "budget_usd is -1"),
        ({"usd_per_m_input": float("inf")}, "usd_per_m_input is inf"),
        ({"timeout_s": 0.0}, "timeout_s is 0"),
        ({"max_in_flight": 10**9}, "max_in_flight is 1000000000; give 1 to 10000"),
        ({"max_retries": -1}, "max_retries is -1"),
        ({"jpeg_quality": 0}, "jpeg_quality"),
        ({"min_image_pixels": 2**21}, "min_image_pixels is 2097152, max_image_pixels 1048576"),
        ({"base_url": "http://[::1"}, "no http or https address"),
        ({"base_url": "http://host:99999/v1"}, "no http or https address"),
    ],
)
def test_numbers_and_addresses_that_cannot_be_meant_are_refused(
    settings: dict[str, object], says: str
) -> None:
    with pytest.raises(ChatError, match=says):
        ChatSettings(**{"model": "m", **settings})
