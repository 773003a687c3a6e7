"""`imgedit rejects`: what was rejected, one by one."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from imgedit_assets.cli import options
from imgedit_assets.cli.stores import store_with_rows
from imgedit_assets.cli.terminal import out, print_json, table
from resources.schema import ASSET_ROWS, Reject


def rejects(
    reason: Annotated[
        str | None, typer.Argument(help="A reason, as `imgedit status` counts them; default all.")
    ] = None,
    asset: Annotated[str | None, typer.Option(metavar="NAME", help="Of one asset only.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The most to show.")] = 50,
    json: options.Json = False,
) -> None:
    """List what was rejected: which file or object, by what, why, and the row it came from.

    The last column is for `imgedit lineage`; a file that could not be read has none.

        imgedit rejects not_an_image
        imgedit rejects --asset scored_pairs --limit 200
    """
    from resources.filters import quoted

    given = {"reason": reason, "asset": asset}
    filters = [f"{column} = {quoted(value)}" for column, value in given.items() if value]
    store, where = store_with_rows(), " AND ".join(filters) or None
    found, of = store.select(Reject, where, limit=limit), store.count(Reject, where)
    found.sort(key=lambda reject: (reject.asset, reject.reason, reject.subject))
    if json:
        print_json({"rejects": [asdict(reject) for reject in found], "of": of})
        return
    made = table(
        f"Rejects ({len(found):,} of {of:,})",
        *("asset", "reason"),
        folded=["about", "detail", "from"],
    )
    for reject in found:
        about = map(escape, (reject.subject, reject.detail, ", ".join(_rows(reject))))
        made.add_row(reject.asset, reject.reason, *about)
    out().print(made)


def _rows(reject: Reject) -> Sequence[str]:
    """The rows that it would have been made from; the parents of a source's row are none."""
    return reject.parent_ids[:1] if ASSET_ROWS[reject.asset].PARENTS else ()
