"""Links from a materialisation to single samples: to their pages, and to the Launchpad."""

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from resources.home import pages_url
from resources.markdown import plain
from resources.schema import ASSET_ROWS, BenchmarkScore, Reject, Row, ScoredRow

TRACE_ASSET = "sample_trace"
TRACE_JOB = "trace_sample"
LOCATION = "imgedit"

AT_EACH_END = 3
SHORT_CHARS = 70


def sample_links(rows: Sequence[Row]) -> str | None:
    """Markdown links to the worst and the best of what has a score; of other rows, to a few.

    Args:
        rows: The rows of one partition.

    Returns:
        None where there are no rows.
    """
    judged = (row for row in rows if isinstance(row, ScoredRow | BenchmarkScore))
    scored = sorted(judged, key=lambda row: row.score)
    if not scored:
        return "\n".join(f"- {trace_link(row.id)}" for row in rows[:AT_EACH_END]) or None
    worst, best = scored[:AT_EACH_END], scored[AT_EACH_END:][-AT_EACH_END:]
    parts = [_list("Worst", worst), _list("Best", best[::-1])]
    return "\n\n".join(part for part in parts if part)


def reject_lines(rejects: Sequence[Reject]) -> str:
    """A Markdown line for each reject: why, what it was about, and what it would be made from."""
    return "\n".join(f"- {_reject_line(reject)}" for reject in rejects)


def _reject_line(reject: Reject) -> str:
    about = f"**{reject.reason}** {plain(reject.subject)}: {plain(_short(reject.detail))}"
    # Those of a source's items are no rows.
    rows = reject.parent_ids if ASSET_ROWS[reject.asset].PARENTS else ()
    return ", from ".join([about, *map(trace_link, rows[:1])])


def trace_link(row_id: str) -> str:
    """Markdown links to the Launchpad, filled in to trace a row, and to its page."""
    return f"[`{row_id}`]({trace_url(row_id)}) [page]({pages_url()}/sample/{row_id})"


def trace_url(row_id: str) -> str:
    """The page of the UI that is about to trace a row: one click launches it."""
    config = f"ops:\n  {TRACE_ASSET}:\n    config:\n      row_id: {row_id}\n"
    query = urlencode({"mode": "default", "config": config}, quote_via=quote)
    return f"/locations/{LOCATION}/jobs/{TRACE_JOB}/playground/setup?{query}"


def run_url(run_id: str) -> str:
    """A run's page of the UI."""
    return f"/runs/{quote(run_id)}"


def partition_url(asset: str, partition: str) -> str:
    """A partition's page of the UI."""
    query = urlencode({"view": "partitions", "partition": partition}, quote_via=quote)
    return f"/assets/{asset}?{query}"


def _list(title: str, rows: Sequence[ScoredRow | BenchmarkScore]) -> str:
    lines = [
        f"- {row.score:.2f} {plain(_short(row.instruction))} {trace_link(row.id)}" for row in rows
    ]
    return "\n".join([f"**{title}**", "", *lines]) if lines else ""


def _short(text: str) -> str:
    return text if len(text) <= SHORT_CHARS else text[: SHORT_CHARS - 1].rstrip() + "…"
