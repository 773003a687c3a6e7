"""The YAML at the head of a dataset card, which tells `datasets` where the splits are."""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Literal

import yaml

from resources.releases.contents import Contents
from resources.releases.sample import SPLITS

Layout = Literal["huggingface", "webdataset", "imgedit"]

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M"))
_HUB_LICENCES = frozenset(
    {
        *("apache-2.0", "mit", "cc0-1.0", "cc-by-2.0", "cc-by-3.0", "cc-by-4.0"),
        *("cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "bsd-3-clause", "bsd-2-clause"),
    }
)
"""The Hub's names of the licences that are common among sources."""


def front_matter(name: str, contents: Contents, data_files: Sequence[str]) -> str:
    """The head of a card, for data files by their paths in the release."""
    head: dict[str, Any] = {
        "pretty_name": name,
        **_licence(contents),
        "language": ["en"],
        "task_categories": ["image-to-image"],
        "tags": ["image-editing", "instruction-based-editing", "mask"],
        "size_categories": [next((s for n, s in _SIZES if contents.total < n), "1M<n<10M")],
    }
    if configs := _configs(data_files):
        head["configs"] = configs
    return f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---"


def _licence(contents: Contents) -> dict[str, str]:
    names = {licence.lower() for licence, _ in contents.licences}
    if len(names) == 1 and names <= _HUB_LICENCES:
        return {"license": names.pop()}
    title = "not stated" if names == {""} else "several, see the column licence"
    return {"license": "other", "license_name": title, "license_link": "README.md#licences"}


def _configs(data_files: Sequence[str]) -> list[dict[str, Any]]:
    """One configuration for the pairs, or one for each class of the published layout.

    Tars are left out: `datasets` reads a folder with one reader, and only tars whose samples all
    have the same members.
    """
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for path in data_files:
        if match := re.fullmatch(r"data/([a-z]+)-.*", path):
            found["default"][match[1]] = [f"data/{match[1]}-*"]
        elif match := re.fullmatch(r"(?:(validation|test)/)?Parquet/(.*)_part\d+\.parquet", path):
            found[match[2]][match[1] or "train"].append(path)
    names = sorted(found, key=lambda name: (name != "default", name))
    return [
        {
            "config_name": name,
            **({"default": True} if name == names[0] else {}),
            "data_files": [
                {"split": split, "path": found[name][split]}
                for split in SPLITS
                if split in found[name]
            ],
        }
        for name in names
    ]
