"""OpenAI's `/v1/images`, and Gemini's `generateContent`: pictures, painted from the request."""

import base64
import hashlib
import io
import time
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from resources.chat.server.http import Exchange
from resources.chat.server.script import Behaviour

DEFAULT_SIDE_PX = 256
MOST_SIDE_PX = 2048
_READ_TOKENS = 300
_PAINTED_TOKENS = 1056
"""What a square of medium quality took with OpenAI's first."""


async def generate(exchange: Exchange) -> None:
    """Answer with a smooth picture whose colours follow from the prompt."""
    fields = exchange.fields
    size = _size(str(fields.get("size", "")))
    if not fields.get("prompt") or size is None:
        await exchange.answer_error(400, "give a prompt, and a size such as 512x512")
        return
    prompts = [f"{fields['prompt']}/{at}" for at in range(int(fields.get("n") or 1))]
    await exchange.answer_json(_answer([_painted(prompt, size) for prompt in prompts]))


def edit(exchange: Exchange, behaviour: Behaviour) -> dict[str, Any]:
    """The picture that was sent, tinted inside its middle as the prompt says.

    Raises:
        ValueError: None was sent.
    """
    del behaviour
    form = exchange.form()
    prompt = form.get("prompt", b"").decode("utf-8", "replace")
    usage = {"input_tokens": _READ_TOKENS, "output_tokens": _PAINTED_TOKENS}
    return _answer([_tinted(form.get("image", b""), prompt)]) | {"usage": usage}


def generate_content(exchange: Exchange, behaviour: Behaviour) -> dict[str, Any]:
    """The same in Gemini's form; a refusal is a text in place of a picture.

    Raises:
        ValueError: No picture was sent.
    """
    contents = exchange.fields.get("contents") or [{}]
    parts = contents[0].get("parts", [])
    prompt = " ".join(str(part["text"]) for part in parts if "text" in part)
    sent = next((part["inlineData"]["data"] for part in parts if "inlineData" in part), "")
    told: list[dict[str, Any]] = [{"text": "I cannot help with that."}]
    finish = "IMAGE_SAFETY" if behaviour is Behaviour.CONTENT_FILTER else "STOP"
    if behaviour not in (Behaviour.REFUSAL, Behaviour.CONTENT_FILTER):
        painted = _answer([_tinted(base64.b64decode(sent), prompt)])["data"][0]["b64_json"]
        told = [{"text": "Here it is."}, {"inlineData": {"mimeType": "image/png", "data": painted}}]
    return {
        "candidates": [{"content": {"role": "model", "parts": told}, "finishReason": finish}],
        "usageMetadata": {
            "promptTokenCount": _READ_TOKENS,
            "candidatesTokenCount": _PAINTED_TOKENS,
        },
    }


def _tinted(data: bytes, prompt: str) -> Image.Image:
    try:
        source = Image.open(io.BytesIO(data)).convert("RGB")
    except (UnidentifiedImageError, OSError):
        msg = "image: not a picture"
        raise ValueError(msg) from None
    width, height = source.size
    mask = Image.new("L", source.size)
    mask.paste(160, (width // 4, height // 4, width - width // 4, height - height // 4))
    return Image.composite(_painted(prompt, source.size), source, mask)


def _size(text: str) -> tuple[int, int] | None:
    if text in ("", "auto"):
        return DEFAULT_SIDE_PX, DEFAULT_SIDE_PX
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        return None
    size = int(width), int(height)
    return size if all(1 <= side <= MOST_SIDE_PX for side in size) else None


def _painted(prompt: str, size: tuple[int, int]) -> Image.Image:
    """A slope between four colours that are a digest of the prompt."""
    corners = np.frombuffer(hashlib.sha256(prompt.encode()).digest()[:12], np.uint8)
    return Image.fromarray(corners.reshape(2, 2, 3)).resize(size, Image.Resampling.BILINEAR)


def _answer(images: list[Image.Image]) -> dict[str, Any]:
    data = []
    for image in images:
        buffer = io.BytesIO()
        image.save(buffer, "PNG", compress_level=1)
        data.append({"b64_json": base64.b64encode(buffer.getvalue()).decode("ascii")})
    return {"created": int(time.time()), "data": data, "output_format": "png"}
