"""The scripted server, as the official SDK sees it."""

import base64
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from resources.chat.server.answers import answer_text, made_up
from resources.chat.server.script import Behaviour, Rule, Script, ScriptError, read_script
from resources.chat.server.serve import ScriptedServer
from tests.resources.chat.chatting import shared_server

openai = pytest.importorskip("openai")

ASKED = [{"role": "user", "content": "Say something of the red kettle."}]
FORM = {
    "type": "object",
    "properties": {
        "label": {"type": "string", "enum": ["a", "b"]},
        "score": {"type": "number", "description": "1 to 5; halves are allowed."},
        "count": {"type": "integer", "minimum": 7, "maximum": 9},
        "names": {"type": "array", "items": {"type": "string"}, "minItems": 2},
        "maybe": {"anyOf": [{"type": "null"}, {"type": "boolean"}]},
        "inner": {"type": "object", "properties": {"x": {"const": 3}}},
    },
}


@pytest.fixture
def server() -> ScriptedServer:
    return shared_server()


@pytest.fixture
def sdk(server: ScriptedServer) -> Iterator[Any]:
    with openai.OpenAI(base_url=server.base_url, api_key="none", max_retries=0) as client:
        yield client


def test_streamed_and_whole_replies_are_the_same(sdk: Any, server: ScriptedServer) -> None:
    server.play(Script(answers=(Rule(prompt="kettle", text="Red, round, and hot to the touch."),)))
    whole = sdk.chat.completions.create(model="m", messages=ASKED)
    with sdk.chat.completions.create(model="m", messages=ASKED, stream=True) as events:
        chunks = list(events)
    streamed = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert streamed == whole.choices[0].message.content == "Red, round, and hot to the touch."
    assert chunks[-1].usage == whole.usage.model_copy(
        update={"prompt_tokens_details": chunks[-1].usage.prompt_tokens_details}
    )


def test_who_left_while_it_stood_still_is_not_billed(server: ScriptedServer) -> None:
    server.play(Script(latency_s=2.0, latency_sigma=0.0))
    with openai.OpenAI(base_url=server.base_url, api_key="none", max_retries=0, timeout=4.0) as sdk:
        with ThreadPoolExecutor(8) as callers:
            asked = [
                callers.submit(sdk.chat.completions.create, model="m", messages=ASKED)
                for _ in range(8)
            ]
            while server.journal()["requests"] < 8:
                time.sleep(0.01)
            server.process.send_signal(signal.SIGSTOP)
            try:
                failed = [type(a.exception()) for a in asked if a.exception()]
            finally:
                server.process.send_signal(signal.SIGCONT)
        time.sleep(0.5)
    assert set(failed) == {openai.APITimeoutError}
    # On a busy machine some may have been answered before it was stopped.
    assert server.journal()["billed"] == len(asked) - len(failed)


def test_its_client_asks_no_proxy() -> None:
    code = "from resources.chat.server.serve import Script, scripted_server\n"
    code += "with scripted_server(Script()) as server: server.journal()"
    kept = {name: value for name, value in os.environ.items() if name.lower() != "no_proxy"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=kept | {"http_proxy": "http://127.0.0.1:9"},
        cwd=Path(__file__).parents[3],
        check=False,
        timeout=30,
    )
    assert done.returncode == 0


def test_a_stream_that_is_cut_off_is_not_billed(sdk: Any, server: ScriptedServer) -> None:
    server.play(Script(sequence=(Behaviour.CUT_OFF,)))
    with (
        sdk.chat.completions.create(model="m", messages=ASKED, stream=True) as events,
        pytest.raises(openai.APIConnectionError),
    ):
        list(events)
    assert server.journal()["billed"] == 0


def test_what_happens_to_a_request_does_not_depend_on_the_others() -> None:
    script = Script(seed=3, faults={Behaviour.DROP: 0.3, Behaviour.HANG: 0.2})
    names = [f"request {i}" for i in range(2000)]
    first = [script.behaviour(i, name, 0) for i, name in enumerate(names)]
    backwards = [script.behaviour(i, name, 0) for i, name in enumerate(reversed(names))]
    assert first == backwards[::-1]
    assert first.count(Behaviour.DROP) == pytest.approx(600, rel=0.15)
    assert first.count(Behaviour.HANG) == pytest.approx(400, rel=0.15)


def test_made_up_answers_are_of_the_form_and_always_the_same() -> None:
    values = [made_up(FORM, "a red kettle", str(seed)) for seed in range(50)]
    for value in values:
        assert value["label"] in ("a", "b")
        assert 1 <= value["score"] <= 5
        assert value["score"] * 2 == int(value["score"] * 2)
        assert 7 <= value["count"] <= 9
        assert len(value["names"]) >= 2
        assert set(" ".join(value["names"]).split()) <= {"red", "kettle"}
        assert isinstance(value["maybe"], bool)
        assert value["inner"] == {"x": 3}
    assert values == [made_up(FORM, "a red kettle", str(seed)) for seed in range(50)]
    assert len({json.dumps(value) for value in values}) > 10


def test_a_rule_replaces_fields() -> None:
    rules = [Rule(prompt="^never", text="no"), Rule(prompt="kettle", reply={"score": 4.5})]
    answer = json.loads(answer_text(FORM, "a red kettle", "1", rules))
    assert answer["score"] == 4.5
    assert answer["label"] in ("a", "b")


def test_generated_images_follow_from_the_prompt(sdk: Any) -> None:
    def painted(prompt: str) -> Image.Image:
        made = sdk.images.generate(model="m", prompt=prompt, size="512x512")
        return Image.open(io.BytesIO(base64.b64decode(made.data[0].b64_json)))

    one, again, other = painted("a"), painted("a"), painted("b")
    assert one.size == (512, 512)
    assert one.tobytes() == again.tobytes() != other.tobytes()


def test_edited_images_keep_their_borders(sdk: Any) -> None:
    source = Image.new("RGB", (80, 60), (10, 200, 30))
    buffer = io.BytesIO()
    source.save(buffer, "PNG")
    edited = sdk.images.edit(
        model="m", image=("a.png", buffer.getvalue(), "image/png"), prompt="red"
    )
    result = Image.open(io.BytesIO(base64.b64decode(edited.data[0].b64_json)))
    assert result.size == source.size
    assert result.getpixel((1, 1)) == (10, 200, 30)
    assert result.getpixel((40, 30)) != (10, 200, 30)


def test_an_image_that_is_none_is_refused(sdk: Any) -> None:
    with pytest.raises(openai.BadRequestError, match="not a picture"):
        sdk.images.edit(model="m", image=("a.png", b"nothing", "image/png"), prompt="red")


def test_models_are_listed(sdk: Any, server: ScriptedServer) -> None:
    server.play(Script(models=("one", "two")))
    assert [model.id for model in sdk.models.list()] == ["one", "two"]
    with pytest.raises(openai.NotFoundError, match="no model three"):
        sdk.chat.completions.create(model="three", messages=ASKED)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("latency_s = -1", "latency_s"),
        ("faults = { explode = 0.1 }", "explode"),
        ("faults = { drop = 0.7, hang = 0.7 }", "more than 1 in all"),
        ("wrong = 1", "wrong"),
        ("[[answers]]\nprompt = '('", "no regular expression"),
        ("= 1", "not TOML"),
        ("latency_s = nan", "latency_s: .*finite"),
        ("faults = { drop = nan }", "drop: .*finite"),
        ("latency_sigma = 1e6", "latency_sigma"),
        ("x = " + "[" * 100_000, "nests too deep"),
        ("a." * 300_000 + "a = 1", "nests too deep"),
    ],
)
def test_a_script_that_is_not_understood_says_where(tmp_path: Path, text: str, told: str) -> None:
    (path := tmp_path / "script.toml").write_text(text)
    with pytest.raises(ScriptError, match=told):
        read_script(path)


@pytest.mark.timeout(10)
def test_a_script_that_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "script.toml")
    with pytest.raises(ScriptError, match="not a regular file"):
        read_script(tmp_path / "script.toml")
