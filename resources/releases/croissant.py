"""Croissant 1.0 metadata: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.0.html."""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from resources.reading import parse_json
from resources.releases.columns import COLUMNS, Column
from resources.releases.sample import Contents

CROISSANT = "croissant.json"

_ENCODINGS = {
    ".parquet": "application/x-parquet",
    ".tar": "application/x-tar",
    ".jsonl": "application/jsonlines",
    ".csv": "text/csv",
}
_TYPES = {
    "image": "sc:ImageObject",
    "string": "sc:Text",
    "strings": "sc:Text",
    "int": "sc:Integer",
    "boxes": "sc:Integer",
    "float": "sc:Float",
}


def croissant(
    root: Path,
    *,
    name: str,
    version: str,
    summary: str,
    contents: Contents,
    digests: Mapping[str, str],
    published_at: str,
) -> str:
    """The metadata as JSON-LD, for the files of a release by path with their SHA-256."""
    containers = {p: d for p, d in digests.items() if Path(p).suffix in _ENCODINGS}
    shards = [path for path in containers if path.startswith("data/")]
    document = {
        "@context": json.loads((files(__package__) / "croissant_context.json").read_text("utf-8")),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": name,
        "description": summary,
        "version": version,
        "datePublished": published_at,
        "license": sorted({licence or "not stated" for licence, _ in contents.licences}),
        "creator": {"@type": "sc:Organization", "name": name},
        "creditText": sorted({credit for _, credit in contents.licences if credit}),
        "citeAs": f"{name}, version {version}, {published_at}",
        "url": "README.md",
        "isLiveDataset": False,
        "distribution": [
            *(_file(root, path, digest) for path, digest in containers.items()),
            *([_shard_set()] if shards else []),
        ],
        "recordSet": [_record_set()] if shards else [],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _file(root: Path, path: str, digest: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": path,
        "name": path,
        "contentUrl": path,
        "contentSize": f"{(root / path).stat().st_size} B",
        "encodingFormat": _ENCODINGS[Path(path).suffix],
        "sha256": digest,
    }


def _shard_set() -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": "parquet-shards",
        "name": "parquet-shards",
        "includes": "data/*.parquet",
        "encodingFormat": "application/x-parquet",
    }


def _record_set() -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": "pairs",
        "name": "pairs",
        "description": "One record for each pair; the turns of a dialogue are pairs.",
        "key": {"@id": "pairs/id"},
        "field": [_field(column) for column in COLUMNS],
    }


def _field(column: Column) -> dict[str, Any]:
    source: dict[str, Any] = {
        "fileSet": {"@id": "parquet-shards"},
        "extract": {"column": column.name},
    }
    if column.kind == "image":
        source["transform"] = {"jsonPath": "bytes"}
    field = {
        "@type": "cr:Field",
        "@id": f"pairs/{column.name}",
        "name": column.name,
        "description": column.about,
        "dataType": _TYPES[column.kind],
        "source": source,
    }
    return {**field, "repeated": True} if column.kind in ("strings", "boxes") else field


def stated_files(text: bytes) -> dict[str, tuple[str, int]]:
    """SHA-256 and bytes of the files that a document of ours names.

    Raises:
        ValueError: It is not such a document.
    """
    try:
        objects: Sequence[Any] = parse_json(text)["distribution"]
        return {
            item["contentUrl"]: (item["sha256"], int(item["contentSize"].removesuffix(" B")))
            for item in objects
            if item["@type"] == "cr:FileObject"
        }
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        msg = f"no Croissant document of a release: {error!r}"
        raise ValueError(msg) from error
