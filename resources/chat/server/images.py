"""`/v1/images/generations` and `/v1/images/edits`: small pictures, painted from the request."""

import base64
import hashlib
import io
import time
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from resources.chat.server.http import Exchange

DEFAULT_SIDE_PX = 256
MOST_SIDE_PX = 2048


async def generate(exchange: Exchange) -> None:
    """Answer with a smooth picture whose colours follow from the prompt."""
    fields = exchange.fields
    size = _size(str(fields.get("size", "")))
    if not fields.get("prompt") or size is None:
        await exchange.answer_error(400, "give a prompt, and a size such as 512x512")
        return
    prompts = [f"{fields['prompt']}/{at}" for at in range(int(fields.get("n") or 1))]
    await exchange.answer_json(_answer([_painted(prompt, size) for prompt in prompts]))


async def edit(exchange: Exchange) -> None:
    """Answer with the picture that was sent, tinted inside its middle as the prompt says."""
    form = exchange.form()
    try:
        source = Image.open(io.BytesIO(form.get("image", b""))).convert("RGB")
    except (UnidentifiedImageError, OSError):
        await exchange.answer_error(400, "image: not a picture", "invalid_image")
        return
    prompt = form.get("prompt", b"").decode("utf-8", "replace")
    width, height = source.size
    tint = _painted(prompt, source.size)
    mask = Image.new("L", source.size)
    mask.paste(160, (width // 4, height // 4, width - width // 4, height - height // 4))
    await exchange.answer_json(_answer([Image.composite(tint, source, mask)]))


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
