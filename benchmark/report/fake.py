"""The table of fake scores, of those runs that a detector of edits was asked about."""

from collections.abc import Sequence

from benchmark.forensics.figures import FakeFigures, in_words
from benchmark.report.figures import Table
from benchmark.report.runs import ReportedRun, read_file

_NOTE = (
    "Recall: outputs that count as edited. False positives: untouched sources that do. A recall is "
    "worth what it exceeds them by. In brackets 95 % Wilson intervals."
)


def fake_table(runs: Sequence[ReportedRun]) -> Table | None:
    """Recall beside the false-positive rate, of all and by task; None where nothing was asked.

    Raises:
        ImgEditError: A file is not what `fake` writes.
    """
    rows = []
    for run in runs:
        if not run.folder.fake.exists():
            continue
        found = read_file(run.folder.fake, FakeFigures, "fake")
        detector = f"{found.detector['name']} {found.detector['version']}, {found.threshold:g}"
        for task, score in {"all": found.overall, **found.tasks}.items():
            shares = (in_words(score.recall), in_words(score.false_positive_rate))
            rows.append((run.label, detector, task, *shares))
    head = ("run", "detector, threshold", "task", "recall", "false positives")
    return Table(title="Fake score", head=head, rows=rows, note=_NOTE) if rows else None
