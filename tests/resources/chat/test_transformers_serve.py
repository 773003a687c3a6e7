"""The client against a server that is not ours: `transformers serve` with a debug-size model."""

import base64
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import httpx2
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("uvicorn")
pytest.importorskip("fastapi", reason="serving needs: pip install fastapi opentelemetry-api")

from models.chat.chat_model import ChatRequest, Message
from models.chat.replies import StrictReply
from models.faults import Fault, Reason
from models.geometry import Rgb
from models.zoo.vlms import write_qwen25_vl
from resources.chat.client import ChatClient
from resources.chat.ledger import Ledger

STARTS_WITHIN_S = 120

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server on loopback."""

    url: str
    model: str
    log: Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`transformers serve` in a process of its own, until the tests are done."""
    home = tmp_path_factory.mktemp("serve")
    (folder := home / "qwen2.5-vl").mkdir()
    write_qwen25_vl(folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = home / "log"
    command = [Path(sys.executable).with_name("transformers"), "serve", folder]
    options = ["--device", "cpu", "--dtype", "float32", "--host", "127.0.0.1", "--port", str(port)]
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(home / "hub"), "OMP_NUM_THREADS": "1"}
    with (
        log.open("w") as written,
        subprocess.Popen(
            [*map(str, command), *options],
            stdout=written,
            stderr=subprocess.STDOUT,
            env=os.environ | offline,
            cwd=home,
        ) as process,
    ):
        try:
            root = f"http://127.0.0.1:{port}"
            wait_until_up(root, process, log)
            yield Server(url=f"{root}/v1", model=str(folder), log=log)
        finally:
            process.terminate()


def wait_until_up(root: str, process: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < ends:
        assert process.poll() is None, log.read_text()
        try:
            if httpx2.get(f"{root}/health", timeout=5).is_success:
                return
        except httpx2.TransportError:
            time.sleep(0.2)
    pytest.fail(f"not up after {STARTS_WITHIN_S} s: {log.read_text()}")


def picture(seed: int) -> Rgb:
    return np.random.default_rng(seed).integers(0, 256, (84, 112, 3), np.uint8)


def uri(image: Rgb) -> str:
    _, png = cv2.imencode(".png", image[..., ::-1])
    return f"data:image/png;base64,{base64.b64encode(png.tobytes()).decode()}"


def test_the_official_sdk_is_answered_about_text_and_images(server: Server) -> None:
    from openai import OpenAI

    sdk = OpenAI(base_url=server.url, api_key="none", max_retries=0, timeout=60)

    def answer(*images: Rgb) -> tuple[str, int]:
        shown = [{"type": "image_url", "image_url": {"url": uri(image)}} for image in images]
        reply = sdk.chat.completions.create(
            model=server.model,
            messages=[{"role": "user", "content": [{"type": "text", "text": "What?"}, *shown]}],  # type: ignore[list-item, misc]
            max_completion_tokens=12,
            temperature=0,
        )
        assert reply.usage
        assert reply.usage.completion_tokens <= 12
        return reply.choices[0].message.content or "", reply.usage.prompt_tokens

    (text, words), (one, seen), (other, _) = answer(), answer(picture(1)), answer(picture(2))
    # 84 x 112 px are 3 x 4 merged patches, between a start and an end.
    assert seen == words + 12 + 2
    assert len({text, one, other}) == 3


class Seen(StrictReply):
    """What is in an image."""

    colour: str


def test_our_client_counts_a_model_that_ignores_the_schema(server: Server, tmp_path: Path) -> None:
    """This server has no strict decoding: every reply is asked for twice, paid, and a fault."""
    client = ChatClient(
        ledger=tmp_path,
        model=server.model,
        base_url=server.url,
        key_env="",
        timeout_s=60,
        max_retries=0,
        max_image_pixels=112 * 112,
        usd_per_m_input=1.0,
        usd_per_m_output=1.0,
    )
    requests = [
        ChatRequest(
            messages=(Message(role="user", parts=("Which colour?", picture(seed))),),
            reply=Seen,
            max_tokens=8,
        )
        for seed in range(3)
    ]
    try:
        answers = client.answer(requests)
        spent = Ledger(tmp_path).spent_usd(client.url, client.model)
        assert [a.reason for a in answers if isinstance(a, Fault)] == [Reason.BAD_REPLY] * 3
        posts = server.log.read_text().count("POST /v1/chat/completions")
        assert client.answer(requests) == answers
        assert server.log.read_text().count("POST /v1/chat/completions") == posts
        assert Ledger(tmp_path).spent_usd(client.url, client.model) == spent > 0
    finally:
        client.close()
