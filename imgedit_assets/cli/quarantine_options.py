"""The options of `imgedit quarantine`."""

from typing import Annotated

import typer

RowId = Annotated[
    str | None,
    typer.Argument(help="A row's or version's id, or a unique beginning (4 digits or more)."),
]
Recipe = Annotated[
    str | None, typer.Option(metavar="ID", help="All rows that a recipe made, instead.")
]
Source = Annotated[
    str | None, typer.Option(metavar="URI", help="All that was made of one source, instead.")
]
Run = Annotated[str | None, typer.Option(metavar="ID", help="All rows that one run made, instead.")]
Why = Annotated[str, typer.Option(help="The reason; it stands beside every reject.")]
Who = Annotated[str | None, typer.Option(help="Who says so.", show_default="your login name")]
Undo = Annotated[str | None, typer.Option(metavar="ID", help="End a quarantine, by its own id.")]
Listed = Annotated[bool, typer.Option("--list", help="Show all quarantines.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be taken out; change nothing.")
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output, nothing else.")
]
