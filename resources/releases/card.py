"""The dataset card: what a release holds, how it was made, and what is known to be wrong in it."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from resources.markdown import Markup, code, fenced, plain, table_lines
from resources.releases.columns import COLUMNS
from resources.releases.sample import SPLITS, Contents, Layout

_NONE = Markup("-")
"""Stands in a cell where there is nothing to say."""

_LOAD: dict[Layout, str] = {
    "huggingface": (
        'from datasets import load_dataset\n\npairs = load_dataset("{folder}")\n\n'
        "# diffusers' training scripts ask for the names of columns:\n"
        "# --original_image_column source --edited_image_column target\n"
        "# --edit_prompt_column instruction"
    ),
    "webdataset": (
        "import webdataset as wds\n\n"
        'pairs = wds.WebDataset("{folder}/webdataset/train-000000.tar").decode("pil")\n\n'
        "from datasets import load_dataset\n\n"
        "# Extensions tell columns, not formats; one black pixel stands for no image.\n"
        'tars = {{"train": "{folder}/webdataset/train-*.tar"}}\n'
        'pairs = load_dataset("webdataset", data_files=tars, split="train")'
    ),
    "imgedit": (
        "from datasets import load_dataset\n\n"
        'rows = load_dataset("{folder}", "remove")  # any class; paths start at the folder'
    ),
    "folders": (
        "# ai-toolkit\n"
        "folder_path: {folder}/target\ncontrol_path: {folder}/control\ncaption_ext: txt\n\n"
        "# musubi-tuner; or image_jsonl_file, run where its paths start\n"
        'image_directory = "{folder}/target"\ncontrol_directory = "{folder}/control"\n'
        'caption_extension = ".txt"\n\n'
        "# SimpleTuner: instance_data_dir of two backends, the first with conditioning_data\n"
        '{folder}/target: "caption_strategy": "textfile"\n'
        '{folder}/control: "dataset_type": "conditioning"\n\n'
        "# DiffSynth-Studio\n"
        "--dataset_base_path {folder} --dataset_metadata_path {folder}/metadata.csv\n"
        '--data_file_keys "image,edit_image" --extra_inputs "edit_image"'
    ),
}

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M"))

_HUB_LICENCES = frozenset(
    {
        *("apache-2.0", "mit", "cc0-1.0", "cc-by-2.0", "cc-by-3.0", "cc-by-4.0"),
        *("cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "bsd-3-clause", "bsd-2-clause"),
    }
)
"""The Hub's names of the licences that are common among sources."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelRow:
    """One stage: how many came in, how many went on, and why the others did not."""

    stage: str
    rows_in: int
    rows_out: int
    rejects: str
    """By reason, in words: "low_score 12, unsafe 1"; empty where none was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure with its interval, in words that may be printed."""

    name: str
    value: str
    interval: str
    """Of 95 %; empty where none applies."""
    n: int
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One gate before the release, and how near anything came to it."""

    name: str
    rule: str
    result: str
    nearest: str
    """The nearest distances; empty where there was nothing to compare with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """What played a role in the rows of the release."""

    role: str
    backend: str
    """Its name and version."""
    model: str
    """The models that it ran, each with its revision; empty where it has none."""
    about: str
    """What it is; empty where only its author knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """What a card says beyond the counts of the files themselves."""

    name: str
    version: str
    summary: str
    """One paragraph: what the images are and what made the edits."""
    profile: str
    backends: tuple[Backend, ...]
    funnel: tuple[FunnelRow, ...]
    known_errors: tuple[Figure, ...]
    gates: tuple[Gate, ...]
    limits: tuple[str, ...]
    command: str
    """What makes this release again."""
    run_id: str


def dataset_card(
    facts: CardFacts, contents: Contents, layouts: Sequence[Layout], data_files: Sequence[str]
) -> str:
    """The card as Markdown, with the front matter that the Hub and `datasets` read."""
    # Trainers are given the pictures and the instruction alone.
    full = set(layouts) != {"folders"}
    sections = [
        front_matter(facts.name, contents, data_files),
        f"# {plain(facts.name)}\n\n{plain(facts.summary)}\n\n{_held(contents, full=full)}",
        f"## Loading\n\n{_loading(layouts)}",
        f"## Contents\n\n{_counts(contents)}",
        *([f"## Columns\n\n{_table(('column', 'type', 'holds'), _columns())}"] if full else []),
        f"## How it was made\n\n{_made(facts)}",
        f"## What is known to be wrong\n\n{_errors(facts.known_errors)}",
        f"## Gates before release\n\n{_gates(facts.gates)}",
        f"## Licences\n\n{_licences(contents)}",
        f"## Limits\n\n{_list(facts.limits)}",
        f"## Making it again\n\n{fenced(facts.command)}\n\nRun {code(facts.run_id)}.",
    ]
    return "\n\n".join(sections) + "\n"


def _held(contents: Contents, *, full: bool) -> str:
    coded = "has its own coded pixels" if full else "is a PNG of the same pixels"
    return (
        f"Pairs: {contents.total:,}, of {len(contents.images):,} source images; with masks: "
        f"{contents.masked:,}; dialogues: {contents.dialogues:,}. "
        "Splits are by source image: no image is in two. "
        "Targets are stored without loss, so where an edit did not reach, source and target have "
        "equal pixels (a JPEG source as libjpeg-turbo decodes it).\n\n"
        "All pixels are sRGB, and no file is tagged: a source in another colour space, turned by "
        f"EXIF or of an unusual kind was converted and stored without loss; any other {coded}. "
        "Metadata was removed from every file (EXIF with place and camera, XMP, IPTC, comments, "
        "thumbnails); licence and attribution stand in the row."
    )


def _loading(layouts: Sequence[Layout]) -> str:
    snippets = [
        fenced(_LOAD[layout].format(folder="path/to/this"), "" if layout == "folders" else "python")
        for layout in layouts
    ]
    check = "`imgedit verify path/to/this` or `sha256sum -c SHA256SUMS` checks what was copied."
    return "\n\n".join([*snippets, check])


def _counts(contents: Contents) -> str:
    splits = [split for split in SPLITS if split in contents.splits]
    classes = sorted({edit_type for edit_type, _ in contents.pairs})
    rows = [_count_row(name, [contents.pairs[name, split] for split in splits]) for name in classes]
    total = _count_row(Markup("**all**"), [contents.splits[split] for split in splits])
    held = Counter(split for split, _ in contents.images)
    sources = _count_row(Markup("*source images*"), [held[split] for split in splits])
    return _table(("class", *splits, "all"), [*rows, total, sources])


def _count_row(name: str, counts: list[int]) -> tuple[str, ...]:
    return (name, *(f"{count:,}" for count in counts), f"{sum(counts):,}")


def _columns() -> list[tuple[str, ...]]:
    return [(code(column.name), column.kind, column.about) for column in COLUMNS]


def _made(facts: CardFacts) -> str:
    backends = [
        (b.role, code(b.backend), b.model or _NONE, b.about or _NONE) for b in facts.backends
    ]
    funnel = [
        (f.stage, f"{f.rows_in:,}", f"{f.rows_out:,}", f.rejects or _NONE) for f in facts.funnel
    ]
    return "\n\n".join(
        [
            f"Profile {code(facts.profile)}. What played each role in the rows of this release:",
            _table(("role", "backend", "model", "what it is"), backends),
            "What each stage let through:",
            _table(("stage", "in", "out", "rejects"), funnel),
        ]
    )


def _errors(figures: Sequence[Figure]) -> str:
    if not figures:
        return "Nothing was measured on this release: take its scores as unproven."
    rows = [(f.name, f.value, f.interval or _NONE, f"{f.n:,}", f.method) for f in figures]
    return _table(("figure", "value", "95 % interval", "n", "how measured"), rows)


def _gates(gates: Sequence[Gate]) -> str:
    if not gates:
        return "No gate was run."
    rows = [(g.name, g.rule, g.result, g.nearest or _NONE) for g in gates]
    return _table(("gate", "rule", "result", "nearest"), rows)


def _licences(contents: Contents) -> str:
    counts: Counter[tuple[str, str]] = contents.licences
    rows = [
        (licence or "not stated", attribution or _NONE, f"{count:,}")
        for (licence, attribution), count in counts.most_common()
    ]
    note = "The licence of each original holds for its edits; it stands in every row."
    return f"{note}\n\n{_table(('licence', 'attribution', 'pairs'), rows)}"


def _list(items: Sequence[str]) -> str:
    return "\n".join(f"- {plain(item)}" for item in items) or "None stated."


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(table_lines([header, [Markup("---")] * len(header), *rows]))


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
    """One configuration for the pairs or their list, or one for each published class.

    Tars are left out: `datasets` reads a folder with one reader, and only tars whose samples all
    have the same members.
    """
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for path in data_files:
        if match := re.fullmatch(r"data/([a-z]+)-.*", path):
            found["default"][match[1]] = [f"data/{match[1]}-*"]
        elif match := re.fullmatch(r"(?:(validation|test)/)?Parquet/(.*)_part\d+\.parquet", path):
            found[match[2]][match[1] or "train"].append(path)
        elif match := re.fullmatch(r"(?:(validation|test)/)?metadata\.jsonl", path):
            found["default"][match[1] or "train"].append(path)
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
