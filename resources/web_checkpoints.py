"""Checkpoints that are published as one file at an address, not in the hub."""

import hashlib
import logging
from functools import partial
from pathlib import Path
from urllib.error import URLError
from urllib.parse import unquote, urlsplit

from models.weights import CheckpointError, Weights
from resources.locks import held

log = logging.getLogger(__name__)

_SHOWN_DIGITS = 16


def is_address(name: str) -> bool:
    """Whether a profile's text names a file of the web."""
    return name.startswith(("https://", "http://"))


def at_address(address: str, folder: Path) -> Weights:
    """A checkpoint at `address` or `address#sha256=<digits>`, downloaded into a folder when needed.

    Raises:
        CheckpointError: It names no file, or the digits are no beginning of a SHA-256.
    """
    url, _, fragment = address.partition("#")
    digits = fragment.removeprefix("sha256=").lower()
    if fragment and (not digits or set(digits) - set("0123456789abcdef")):
        msg = f"{address}: what follows the # must be sha256=<hexadecimal digits>"
        raise CheckpointError(msg)
    place = folder / hashlib.sha256(url.encode()).hexdigest()[:_SHOWN_DIGITS]
    name = Path(unquote(urlsplit(url).path)).name
    if name in ("", "..") or "\0" in name:
        msg = f"{address}: it names no file; give the address of a checkpoint's one file"
        raise CheckpointError(msg)
    file = place / name
    return Weights(
        source=url,
        revision=digits or place.name,
        locate=partial(_downloaded, url, file, digits),
        is_here=file.exists,
    )


def _downloaded(url: str, file: Path, digits: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    with held(file.with_name(f"{file.name}.lock"), f"the download of {url}"):
        if not file.exists():
            _download(url, file, digits)
    return file


def _download(url: str, file: Path, digits: str) -> None:
    """Download beside the place first, so that a killed download leaves nothing half.

    Raises:
        CheckpointError: It cannot be had, or is another file.
    """
    from torch.hub import download_url_to_file

    log.warning("downloading %s", url)
    try:
        download_url_to_file(url, str(file), hash_prefix=digits or None, progress=False)
    except (URLError, OSError) as error:
        msg = f"checkpoint {url} cannot be downloaded ({error}): put it at {file} by hand"
        raise CheckpointError(msg) from None
    except RuntimeError as error:
        msg = f"checkpoint {url} is another file than the profile means: {error}"
        raise CheckpointError(msg) from None
