"""The leaderboard's report: what `imgedit bench report` writes of runs, of the rows of the store.

Each editor on each suite is laid out as the folder of a run, with no more pictures than are shown.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from benchmark.beside import beside
from benchmark.forensics.figures import FakeFigures, task_shares
from benchmark.protocols.protocol import Status, protocol_hash
from benchmark.report.pictures import worst_and_best
from benchmark.report.runs import read_runs
from benchmark.report.write import write_report
from benchmark.runs.folder import FakeLine, RunFolder, SampleLine, write_json, write_lines
from benchmark.runs.score import status_of
from benchmark.runs.spec import RunSpec, write_spec
from benchmark.session import figures_of
from benchmark.suites.studio.pictures import as_png
from imgedit_assets.editing.board import trained_editors
from imgedit_assets.leaderboard import Standing, unmarked
from imgedit_assets.stages.contest import PROTOCOL, new_editor, new_judge, plain
from imgedit_assets.stages.verdicts import sample_lines
from models.faults import ImgEditError, Reason
from models.images import encode_jpeg
from resources.factory import Factory
from resources.object_store import keep_report
from resources.schema import (
    BenchmarkCase,
    BenchmarkOutput,
    BenchmarkScore,
    FakeScore,
    Partition,
    Reject,
)

SHELF = "reports/leaderboard"
"""Under the home."""

_AT_ONCE = 2
_PICTURE_PX = 288
"""Long side: as large as the page shows them."""


def publish_report(factory: Factory, found: Sequence[Standing]) -> Path | None:
    """Write the report of some standings: `report.html`, and the same as Markdown and CSV.

    Returns:
        The page; None where there is no verdict.

    Raises:
        ImgEditError: The report's folder cannot be written.
    """
    shelf = factory.home.folder / SHELF
    judged = [standing for standing in found if standing.judged_by]
    if not judged:
        return None
    try:
        shelf.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=shelf) as aside:
            folders = [Path(aside, s.editor, s.suite) for s in judged]
            for standing, folder in zip(judged, folders, strict=True):
                _lay_out(factory, standing, RunFolder(folder))
            runs = read_runs(folders)
            write_report(runs, runs[0], shelf)
    except OSError as error:
        msg = f"cannot write {shelf}: {error.strerror}; make it writable, then run again"
        raise ImgEditError(msg) from error
    keep_report(factory.home, shelf)
    return shelf / "report.html"


def _lay_out(factory: Factory, standing: Standing, folder: RunFolder) -> None:
    rows = unmarked(factory.store, _rows(factory, BenchmarkScore, standing))
    judge = _judge(rows)[0]
    samples = [
        replace(line, judge=judge, image=_image(folder, line) if target else "")
        for line, target in zip(sample_lines(rows), rows["target_version_id"], strict=True)
    ]
    samples += _failures(factory, standing, judge)
    write_lines(folder.samples, samples)
    if fakes := _fakes(factory, standing):
        write_json(folder.fake, asdict(fakes))
    write_json(folder.results, {**figures_of(samples, PROTOCOL, judge), **beside(folder, samples)})
    outputs = _rows(factory, BenchmarkOutput, standing)
    stats = {"editor": {"outputs": _spent(outputs)}, "judges": {judge: _spent(rows)}}
    write_json(folder.stats, stats)
    write_spec(folder, _spec(factory, standing, rows))
    _keep_pictures(factory, folder, rows, samples)


def _fakes(factory: Factory, standing: Standing) -> FakeFigures | None:
    """What the detector of edits said, as `bench fake` keeps it; None where it was not asked."""
    rows = unmarked(factory.store, _rows(factory, FakeScore, standing))
    if rows.is_empty() or rows["threshold"].n_unique() > 1:
        return None
    name, detector_version = rows["detector"][0].rsplit(" ", 1)
    lines = [
        FakeLine(
            id=row["case_id"],
            epoch=epoch,
            turn=row["turn"],
            task=row["task"],
            cluster=row["cluster"],
            of=row["id"],
            probability=probability,
        )
        for row in rows.iter_rows(named=True)
        for epoch, probability in (
            (row["epoch"], row["probability"]),
            (0, row["source_probability"]),
        )
    ]
    overall, tasks = task_shares(lines, rows["threshold"][0])
    return FakeFigures(
        detector={"name": name, "version": detector_version, "params": {}},
        threshold=rows["threshold"][0],
        overall=overall,
        tasks=tasks,
        missing=standing.counts[Status.MISSING],
        unscored=0,
    )


def _judge(rows: pl.DataFrame) -> list[str]:
    """Name and version of who judged."""
    said: str = rows["judge"][0]
    return said.rsplit(" ", 1)


def _image(folder: RunFolder, line: SampleLine) -> str:
    path = folder.image(line.id, line.epoch, line.turn)
    return path.relative_to(folder.path).as_posix()


def _rows(
    factory: Factory,
    record: type[BenchmarkScore | BenchmarkOutput | FakeScore],
    standing: Standing,
) -> pl.DataFrame:
    of_editor, of_suite = pl.col("editor") == standing.editor, pl.col("suite") == standing.suite
    return factory.store.frame(record.TABLE).filter(of_editor & of_suite)


def _failures(factory: Factory, standing: Standing, judge: str) -> list[SampleLine]:
    """What the judge failed at: lines without a score."""
    keys = {"editor": standing.editor, "suite": standing.suite}
    outputs = {o.id: o for o in factory.store.current(BenchmarkOutput, **keys)}
    rejects = factory.store.select(Reject, Partition.of(BenchmarkScore, **keys).where)
    return [
        SampleLine(
            id=output.case_id,
            suite=output.suite,
            epoch=output.epoch,
            turn=output.turn,
            task=output.task,
            cluster=output.cluster,
            instruction=output.instruction,
            judge=judge,
            status=str(status_of(Reason(reject.reason))),
            reason=reject.detail,
        )
        for reject in rejects
        if (output := outputs.get(reject.parent_ids[0]))
    ]


def _spent(rows: pl.DataFrame) -> dict[str, float]:
    seconds, usd = (float(rows[column].to_numpy().sum()) for column in ("seconds", "cost_usd"))
    return {"n": rows.height, "seconds": seconds, "usd": usd}


def _spec(factory: Factory, standing: Standing, rows: pl.DataFrame) -> RunSpec:
    settings = factory.profile.benchmark
    judge = new_judge(factory)
    name, judge_version = _judge(rows)
    cases = factory.store.current(BenchmarkCase, suite=standing.suite)
    return RunSpec(
        suite=standing.suite,
        revision=cases[0].revision,
        editor={"name": standing.editor, **_editor(factory, standing.editor)},
        seed=settings.seed,
        turns="iterative",
        epochs=rows["epoch"].n_unique(),
        ids=[case.case_id for case in cases],
        cases=len(cases),
        of=len(cases),
        protocol={
            "name": PROTOCOL.name,
            "hash": protocol_hash(PROTOCOL),
            "params": plain(PROTOCOL.params()),
        },
        judges=[
            {
                "name": name,
                "version": judge_version,
                "kind": rows["judge_kind"][0],
                "params": plain(judge.params()),
            }
        ],
        package=version("imgedit-factory"),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _editor(factory: Factory, name: str) -> dict[str, object]:
    """Version and parameters; of one that is trained here, recipe and data, and nothing loaded."""
    if told := trained_editors(factory.home, factory.profile.benchmark).get(name):
        return {"version": told["checkpoint"], "params": told}
    editor = new_editor(factory, name)
    return {"version": editor.version, "params": plain(editor.params())}


def _keep_pictures(
    factory: Factory, folder: RunFolder, rows: pl.DataFrame, samples: Sequence[SampleLine]
) -> None:
    """Small copies of what the page shows."""
    targets = {
        (row["case_id"], row["epoch"], row["turn"]): row["target_version_id"]
        for row in rows.iter_rows(named=True)
    }
    sources = {
        case.case_id: case.version_id
        for case in factory.store.current(BenchmarkCase, suite=rows["suite"][0])
    }

    def keep(sample: SampleLine) -> None:
        target = targets[sample.id, sample.epoch, sample.turn]
        _write(folder.path / sample.image, as_png(factory.thumbnail(target, _PICTURE_PX)))
        source = factory.thumbnail(sources[sample.id], _PICTURE_PX)
        _write(folder.source(sample.id), encode_jpeg(source))

    worst, best = worst_and_best(samples)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(keep, [*worst, *best]))


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
