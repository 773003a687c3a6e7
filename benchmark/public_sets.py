"""Published sets of edits that people, or judges, have compared: read from folders as they lie.

| name | of | files |
|---|---|---|
| `editscore` | EditScore's EditReward-Bench | `*.arrow` or `*.parquet`: `key`, `task_type`, `dimension`, `instruction`, `input_image`, `output_images`, the better first |
| `tiger` | TIGER-Lab's EditReward-Bench | `*.parquet`: `id`, `dataset`, `instruction`, `source_image`, `candidate_1` and `_2`, `comparison_type`, `ranking` |
| `genai` | TIGER-Lab's GenAI-Bench, image editing | `*.parquet`: `instruct_prompt`, `source_image`, `left_output_image`, `right_output_image`, `vote_type` |
| `vcreward` | VCReward-Bench of GEditBench v2 | `metadata.jsonl`: `key`, `task`, `instruction`, `source_image`, `edited_images`, `winner` |
| `editreward_data` | EditReward-Data, to learn from | `*.parquet`: `instruction`, `source_img`, `left_` and `right_output_image`, and their scores of 1 to 4; or `train.json` of its training guide |
| `editscore_data` | EditScore-Reward-Data, to learn from | `*.json`: `conversations` and `images` in ShareGPT's layout |

The columns are those of the publishers' cards, loaders and training guides, as of 2026-10.
"""  # noqa: E501 - a table

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.cases import Picture
from benchmark.suites.listing import demand_none, found_in
from benchmark.suites.pictures import Pictures
from benchmark.suites.rows import Row, table
from models.faults import ImgEditError
from models.judge.judgement import Judgement
from resources.reading import open_regular, parse_json, read_regular


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Results of one instruction, and which of them people prefer."""

    key: str
    group: str
    """What belongs together: of a ranking of four results all six comparisons."""
    task: str
    criterion: str
    """What they were compared by: `score`, `adherence` or `preservation`."""
    instruction: str
    source: Picture
    results: tuple[Picture, ...]
    worth: tuple[int, ...]
    """More is better; equal is a tie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedEdit:
    """One edit with the scores that it was given, on our scale."""

    key: str
    task: str
    instruction: str
    source: Picture
    cluster: str
    """Of the source picture: lessons about one are not divided."""
    edited: Picture
    label: Judgement


Reader = Callable[[Path, Row, str, Pictures], Iterator[Any]]


def compared(name: str, folder: Path, pictures: Pictures) -> Iterator[Compared]:
    """The comparisons of a published bench, one at a time.

    Raises:
        ImgEditError: It is none of `BENCHES`, or its files are not as published.
    """
    yield from _read(name, folder, pictures, BENCHES)
    demand_none(pictures.problems, folder, _REMEDY)


def rated_edits(name: str, folder: Path, pictures: Pictures) -> Iterator[RatedEdit]:
    """The edits of a published preference set, one at a time; what is there twice counts once.

    Raises:
        ImgEditError: It is none of `RATED`, or its files are not as published.
    """
    read = _read(name, folder, pictures, RATED)
    edits: Iterable[RatedEdit] = _joined([*read], pictures) if name == "editscore_data" else read
    known = set[str]()
    for edit in edits:
        if edit.key not in known:
            known.add(edit.key)
            yield edit
    demand_none(pictures.problems, folder, _REMEDY)


def _read(
    name: str, folder: Path, pictures: Pictures, known: Mapping[str, tuple[str, Reader]]
) -> Iterator[Any]:
    """Rows that cannot be read are noted among the pictures' problems."""
    if name not in known:
        msg = f"no published set is called {name!r}: choose one of {', '.join(known)}"
        raise ImgEditError(msg)
    patterns, reader = known[name]
    files = sorted(file for pattern in patterns.split() for file in folder.rglob(pattern))
    if not files:
        msg = f"{name}: no {patterns.replace(' ', ' and no ')} below {folder}; {found_in(folder)}"
        raise ImgEditError(msg)
    for file in files:
        for where, row in _rows(file):
            try:
                yield from reader(file.parent, row, where, pictures)
            except (KeyError, ValueError, TypeError, IndexError) as error:
                said = f"no {error}" if isinstance(error, KeyError) else str(error)
                pictures.problems.append(f"{where}: {said}")


def _rows(file: Path) -> Iterator[tuple[str, Row]]:
    if file.suffix == ".arrow":
        import polars as pl

        # `datasets` writes streams under this suffix.
        with open_regular(file) as stream:
            frame = pl.read_ipc_stream(stream)
        for number, row in enumerate(frame.iter_rows(named=True)):
            yield f"{file.name}, row {number}", row
    elif file.suffix == ".json":
        rows = parse_json(read_regular(file, max_bytes=_MOST_JSON))
        for number, row in enumerate(rows if isinstance(rows, list) else [rows]):
            yield f"{file.name}, entry {number + 1}", row
    else:
        yield from table(file)


_MOST_JSON = 2**30
_REMEDY = "Give the folder as it is published."
_DIMENSIONS = {"overall": "score", "prompt_following": "adherence", "consistency": "preservation"}
_VOTES = {"leftvote": (1, 0), "rightvote": (0, 1)}
"""A vote for neither, or that both are bad, is a tie."""


def _editscore(at: Path, row: Row, where: str, pictures: Pictures) -> Iterator[Compared]:
    yield Compared(
        key=f"{' '.join(row['key'])} {row['dimension']}",
        group=where,
        task=str(row["task_type"]),
        criterion=_DIMENSIONS[row["dimension"]],
        instruction=str(row["instruction"]),
        source=pictures.of(row["input_image"], at, where)[0],
        results=tuple(pictures.of(cell, at, where)[0] for cell in row["output_images"]),
        worth=(1, 0),
    )


def _tiger(at: Path, row: Row, where: str, pictures: Pictures) -> Iterator[Compared]:
    first, second = str(row["comparison_type"]).split("vs")
    better, sign, worse = re.fullmatch(r"(\w)([>=])(\w)", row["ranking"]).groups()  # type: ignore[union-attr]
    if {better, worse} != {first, second}:
        msg = f"{row['ranking']} is no order of {row['comparison_type']}"
        raise ValueError(msg)
    yield Compared(
        key=str(row["id"]),
        group=f"{row['dataset']} {str(row['id']).partition('_')[0]}",
        task=str(row["dataset"]),
        criterion="score",
        instruction=str(row["instruction"]),
        source=pictures.of(row["source_image"], at, where)[0],
        results=tuple(pictures.of(row[f"candidate_{n}"], at, where)[0] for n in (1, 2)),
        worth=(0, 0) if sign == "=" else (int(better == first), int(better == second)),
    )


def _genai(at: Path, row: Row, where: str, pictures: Pictures) -> Iterator[Compared]:
    sides = ("left_output_image", "right_output_image")
    yield Compared(
        key=where,
        group=where,
        task="",
        criterion="score",
        instruction=str(row["instruct_prompt"]),
        source=pictures.of(row["source_image"], at, where)[0],
        results=tuple(pictures.of(row[side], at, where)[0] for side in sides),
        worth=_VOTES.get(str(row["vote_type"]), (0, 0)),
    )


def _vcreward(at: Path, row: Row, where: str, pictures: Pictures) -> Iterator[Compared]:
    winner = str(row["winner"]).split()[-1].upper()
    if winner not in {"A", "B", "TIE"}:
        msg = f"the winner is {row['winner']!r}, not Image A, Image B or Tie"
        raise ValueError(msg)
    yield Compared(
        key=str(row["key"]),
        group=str(row["key"]),
        task=str(row["task"]),
        criterion="preservation",
        instruction=str(row["instruction"]),
        source=pictures.of(row["source_image"], at, where)[0],
        results=tuple(pictures.of(name, at, where)[0] for name in row["edited_images"]),
        worth=(int(winner == "A"), int(winner == "B")),
    )


def _editreward_data(at: Path, row: Row, where: str, pictures: Pictures) -> Iterator[RatedEdit]:
    """Of two scores, following the instruction stands for preservation too, which nobody rated."""
    if "path_src" in row:
        sides = [(f"path{n}", f"model{n}_dim1_score", f"model{n}_dim2_score") for n in (1, 2)]
        source, said = row["path_src"], row["prompt"]
    else:
        sides = [
            (
                f"{s}_output_image",
                f"{s}_instruction_following_score",
                f"{s}_quality_aesthetic_score",
            )
            for s in ("left", "right")
        ]
        source, said = row["source_img"], row["instruction"]
    picture, cluster = pictures.of(source, at, where)
    for image, first, second in sides:
        edited, which = pictures.of(row[image], at, where)
        followed, quality = (_scaled(float(row[name]), 1, 4) for name in (first, second))
        yield RatedEdit(
            key=f"{cluster} {which} {said}",
            task="",
            instruction=str(said),
            source=picture,
            cluster=cluster,
            edited=edited,
            label=Judgement(
                adherence=followed,
                quality=quality,
                preservation=followed,
                reason=f"people gave {row[first]:g} and {row[second]:g} of 4",
            ).capped(),
        )


_EDITREWARD = ("output_image", "instruction_following_score", "quality_aesthetic_score")

_ASKED = re.compile(r"Editing instruction:\s*(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Half:
    """One answer about an edit: of source and edit, or of the edit alone."""

    images: tuple[str, ...]
    instruction: str
    scores: tuple[float, float]
    reason: str
    at: Path
    where: str


def _editscore_data(at: Path, row: Row, where: str, pictures: Pictures) -> Iterator[_Half]:
    del pictures
    asked, answer = (str(turn["value"]) for turn in row["conversations"][-2:])
    said = json.loads(answer[answer.index("{") : answer.rindex("}") + 1])
    images = tuple(str(image) for image in row["images"])
    told = _ASKED.search(asked)
    if len(images) > 1 and told is None:
        msg = 'a question about two pictures says no "Editing instruction:"'
        raise ValueError(msg)
    first, second = (float(score) for score in said["score"])
    yield _Half(
        images=images,
        instruction=told[1].strip() if told else "",
        scores=(first, second),
        reason=" ".join(str(said["reasoning"]).split()),
        at=at,
        where=where,
    )


def _joined(halves: Sequence[_Half], pictures: Pictures) -> Iterator[RatedEdit]:
    """The edits that both questions were asked about, joined by the edited picture's path."""
    quality = {half.images[-1]: half for half in halves if len(half.images) == 1}
    for half in halves:
        if len(half.images) < 2 or half.images[-1] not in quality:
            continue
        source, cluster = pictures.of(half.images[0], half.at, half.where)
        craft = min(quality[half.images[-1]].scores)
        adherence, preservation = (_scaled(score, 0, 25) for score in half.scores)
        yield RatedEdit(
            key=f"{cluster} {half.images[-1]} {half.instruction}",
            task="",
            instruction=half.instruction,
            source=source,
            cluster=cluster,
            edited=pictures.of(half.images[-1], half.at, half.where)[0],
            label=Judgement(
                adherence=adherence,
                quality=_scaled(craft, 0, 25),
                preservation=preservation,
                reason=half.reason,
            ).capped(),
        )


def _scaled(score: float, least: float, most: float) -> float:
    """A score of a scale of theirs on ours, of 1 to 5."""
    if not least <= score <= most:
        msg = f"a score is {score:g}, not from {least:g} to {most:g}"
        raise ValueError(msg)
    return 1 + 4 * (score - least) / (most - least)


BENCHES: Mapping[str, tuple[str, Reader]] = {
    "editscore": ("*.arrow *.parquet", _editscore),
    "tiger": ("*.parquet", _tiger),
    "genai": ("*.parquet", _genai),
    "vcreward": ("metadata.jsonl", _vcreward),
}
"""By name: the files to look for, and what reads a row."""

RATED: Mapping[str, tuple[str, Reader]] = {
    "editreward_data": ("*.parquet train.json", _editreward_data),
    "editscore_data": ("*.json", _editscore_data),
}
