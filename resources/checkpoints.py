"""Checkpoints by the names that profiles give them: a folder, a repository of the hub, or the zoo.

```
weights = "/data/sdxl"                                  a folder, or a file
weights = "zoo:sdxl-inpaint"                            a debug-size checkpoint (`imgedit zoo`)
weights = "apple/DFN5B-CLIP-ViT-H-14-378@<commit>"      a repository of the hub
weights = "h94/IP-Adapter:models/image_encoder"         a folder of it, or a file
weights = "https://host/head.pth#sha256=<digits>"       a file of the web
```

A repository without a commit is pinned to the one that was found first, in `checkpoints.json` of
the home: rows then keep their recipes when its owner uploads something else.
"""

import hashlib
import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import unquote, urlsplit

from models.faults import FaultError, Reason
from models.weights import CheckpointError, Weights
from resources.locks import held
from resources.private import make_home
from resources.reading import parse_json, read_regular

log = logging.getLogger(__name__)

ZOO = "zoo:"
_OTHER_LIBRARIES = ("*.msgpack", "*.onnx*", "*openvino*", "*.h5", "*.tflite", "*.fp16.*")
_SINGLE_FILES = ("sd_xl_*.safetensors", "flux1-*.safetensors", "flux-2-*.safetensors")
UNREAD = (*_OTHER_LIBRARIES, *_SINGLE_FILES)
"""Files of a repository that are not downloaded: copies for other libraries and in half precision,
and whole pipelines in one file at the top, are tens of GB that nothing here reads."""
_MOST_PINS_BYTES = 2**20
_FOLDER_DIGITS = 16
_REPOSITORY = re.compile(
    r"^(?P<repo>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?(:(?P<inside>[\w.+/-]+))?$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoints:
    """Finds checkpoints for one home."""

    home: Path

    @property
    def zoo(self) -> Path:
        """Where `imgedit zoo` writes."""
        return self.home / "zoo"

    def find(self, name: str) -> Weights:
        """What a profile's text stands for; nothing is downloaded before it is needed.

        Raises:
            CheckpointError: It is not there, or the text is not understood.
        """
        if name.startswith(ZOO):
            return self._of_zoo(name)
        if is_address(name):
            return _at_address(name, self.home / "checkpoints")
        path = Path(name).expanduser()
        if path.is_absolute() or name.startswith((".", "~")) or path.exists():
            return Weights.at(path)
        if not (parts := _REPOSITORY.match(name)):
            msg = f"{name!r} is no folder, no zoo:NAME and no hub repository (owner/name@revision)"
            raise CheckpointError(msg)
        repo, inside = parts["repo"], parts["inside"] or ""
        revision = parts["revision"] or self._pinned(repo)
        return Weights(
            source=name,
            revision=revision,
            locate=partial(_downloaded, repo, revision, inside),
            is_here=partial(_is_downloaded, repo, revision, inside),
        )

    def _of_zoo(self, name: str) -> Weights:
        path = self.zoo / name.removeprefix(ZOO)
        if not path.exists():
            msg = f"{path} is not there: run `imgedit zoo` to write the debug-size checkpoints"
            raise CheckpointError(msg)
        return Weights.at(path)

    def _pinned(self, repo: str) -> str:
        pins = self.home / "checkpoints.json"
        make_home(self.home)
        with held(pins.with_name(f"{pins.name}.lock"), f"{pins}"):
            known = _known_pins(pins)
            if repo not in known:
                known[repo] = _newest(repo)
                # Moved into place, so that a killed process leaves no half of it.
                written = pins.with_suffix(".new")
                written.write_text(json.dumps(known, indent=1, sort_keys=True), "utf-8")
                written.replace(pins)
        return known[repo]


def _known_pins(file: Path) -> dict[str, str]:
    """The revisions that were noted; none where nothing was."""
    try:
        known = parse_json(read_regular(file, max_bytes=_MOST_PINS_BYTES))
        problem = "" if _are_pins(known) else "it is no table of repositories with their revisions"
    except FaultError as error:
        if error.fault.reason == Reason.MISSING_FILE:
            return {}
        problem = error.fault.detail
    except ValueError as error:
        problem = str(error)
    if problem:
        msg = (
            f"{file} is damaged: {problem}. Put a backup of it back, or remove it: each checkpoint "
            "is then taken at its newest revision, and rows made with another are made anew"
        )
        raise CheckpointError(msg)
    pins: dict[str, str] = known
    return pins


def _are_pins(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())


def _newest(repo: str) -> str:
    from huggingface_hub import HfApi, try_to_load_from_cache

    try:
        info = _asked(repo, "main", partial(HfApi().model_info, repo, timeout=20))
        return str(info.sha)
    except CheckpointError:
        # Without the network, what was downloaded before will do: its folder is named by commit.
        for file in ("config.json", "model_index.json", "README.md"):
            if isinstance(cached := try_to_load_from_cache(repo, file), str):
                return Path(cached).parent.name
        raise


def _downloaded(repo: str, revision: str, inside: str) -> Path:
    if not _is_downloaded(repo, revision, inside):
        log.warning("downloading %s into the hub's cache; `imgedit doctor` tells its size", repo)
    return Path(_asked(repo, revision, partial(_fetch, repo, revision, inside)))


def _is_downloaded(repo: str, revision: str, inside: str) -> bool:
    try:
        _asked(repo, revision, partial(_fetch, repo, revision, inside, local_files_only=True))
    except CheckpointError:
        return False
    return True


def _fetch(repo: str, revision: str, inside: str, *, local_files_only: bool = False) -> Path:
    """The file or folder inside a repository, as the hub's own cache keeps it."""
    from huggingface_hub import hf_hub_download, snapshot_download

    if Path(inside).suffix:
        file = hf_hub_download(repo, inside, revision=revision, local_files_only=local_files_only)
        return Path(file)
    folder = snapshot_download(
        repo,
        revision=revision,
        allow_patterns=[f"{inside}/*"] if inside else None,
        ignore_patterns=list(UNREAD),
        local_files_only=local_files_only,
    )
    return Path(folder) / inside


def _asked(repo: str, revision: str, ask: Callable[[], Any]) -> Any:  # noqa: ANN401 - the hub's answer
    """Ask the hub; its errors in words with the remedy.

    Raises:
        CheckpointError: The hub cannot be reached, or does not hand it out.
    """
    import httpx2
    from huggingface_hub import errors

    try:
        return ask()
    except errors.GatedRepoError:
        remedy = f"accept the licence on the page of {repo}, then set HF_TOKEN to a token of yours"
        problem = "is gated"
    except errors.RevisionNotFoundError:
        problem, remedy = f"has no revision {revision!r}", "correct what follows the @"
    except errors.RepositoryNotFoundError:
        problem, remedy = "does not exist, or is private", "correct its name, or set HF_TOKEN"
    except errors.RemoteEntryNotFoundError:
        problem, remedy = "lacks that file", "correct what follows the colon"
    except (errors.EntryNotFoundError, errors.HfHubHTTPError, httpx2.HTTPError, OSError) as error:
        problem = f"cannot be downloaded ({type(error).__name__})"
        remedy = "connect to the hub once, or give the path of a folder that holds it"
    msg = f"checkpoint {repo} {problem}: {remedy}"
    raise CheckpointError(msg) from None


def is_address(name: str) -> bool:
    """Whether a profile's text names a file of the web."""
    return name.startswith(("https://", "http://"))


def _at_address(address: str, folder: Path) -> Weights:
    """A checkpoint at `address` or `address#sha256=<digits>`, downloaded into a folder when needed.

    Raises:
        CheckpointError: It names no file, or the digits are no beginning of a SHA-256.
    """
    url, _, fragment = address.partition("#")
    digits = fragment.removeprefix("sha256=").lower()
    if fragment and (not digits or set(digits) - set("0123456789abcdef")):
        msg = f"{address}: what follows the # must be sha256=<hexadecimal digits>"
        raise CheckpointError(msg)
    place = folder / hashlib.sha256(url.encode()).hexdigest()[:_FOLDER_DIGITS]
    name = Path(unquote(urlsplit(url).path)).name
    if name in ("", "..") or "\0" in name:
        msg = f"{address}: it names no file; give the address of a checkpoint's one file"
        raise CheckpointError(msg)
    file = place / name
    return Weights(
        source=url,
        revision=digits or place.name,
        locate=partial(_had, url, file, digits),
        is_here=file.exists,
    )


def _had(url: str, file: Path, digits: str) -> Path:
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
