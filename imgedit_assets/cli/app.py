"""The commands of `imgedit`, and what the user is told when one fails."""

import errno
import logging
from importlib.metadata import version
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from benchmark.cli import app as benchmark
from imgedit_assets.cli import (
    agree,
    chat,
    forget,
    inspect,
    plan,
    prune,
    quarantine,
    rate,
    rejects,
    release,
    review,
    run,
    search,
    up,
    view,
    zoo,
)
from imgedit_assets.cli.interrupts import INTERRUPTED, line_for, say_no_more
from imgedit_assets.cli.terminal import tell
from models.faults import ImgEditError

HELP = """
Turn a pool of images into scored image-editing pairs, as a Dagster asset graph.

```
imgedit run                      studio scenes, package photographs
imgedit run --images ~/photos    a folder of your own
imgedit up                       look at everything in the browser
imgedit status                   what there is, and what was rejected
imgedit lineage 3f9a             where one sample came from
```

Everything is kept under IMGEDIT_HOME (default: `.imgedit` in the current folder). Running again
does only what is not done yet.
"""


class ClearErrors(TyperGroup):
    """Commands whose errors are one line with the remedy, and an exit code that tells the truth."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's own
        """Accept `--debug` behind the command's name as well."""
        return super().parse_args(ctx, sorted(args, key=lambda arg: arg != "--debug"))

    def make_context(self, *args: Any, **settings: Any) -> Any:  # noqa: ANN401 - typer's own
        """Read the command line."""
        try:
            return super().make_context(*args, **settings)
        except KeyboardInterrupt:
            _interrupted("")

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer's own context
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            _interrupted(ctx.invoked_subcommand or "")
        except (ImgEditError, OSError) as error:
            if ctx.params.get("debug") or not (line := _in_one_line(error)):
                raise
            tell(f"error: {line}")
            raise typer.Exit(1) from None


def _interrupted(command: str) -> NoReturn:
    say_no_more()
    tell(line_for(command))
    raise typer.Exit(INTERRUPTED) from None


def _in_one_line(error: Exception) -> str:
    """What the user is told; empty for what only a traceback explains."""
    if isinstance(error, ImgEditError):
        return str(error)
    if not isinstance(error, OSError):
        return ""
    remedies = {
        errno.ENOSPC: "free some space, then run again; finished work is kept",
        errno.EDQUOT: "free some of your quota, then run again; finished work is kept",
        errno.EACCES: "give yourself permission, or set IMGEDIT_HOME to a folder of your own",
        errno.EROFS: "set IMGEDIT_HOME to a writable folder",
    }
    if error.errno not in remedies:
        return ""
    where = f" {error.filename}" if error.filename else ""
    return f"{error.strerror}:{where}: {remedies[error.errno]}"


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("imgedit-factory"))
        raise typer.Exit


WAITING = "resources.retrying"
"""The logger whose warnings whoever started a command is to see: that it waits for a store."""


class _Teller(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """One line on standard error."""
        tell(record.getMessage())


_TELLER = _Teller()

app = typer.Typer(
    cls=ClearErrors,
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Show the whole traceback of an error; may also stand last."),
    ] = False,
) -> None:
    """Options of every command."""
    del version
    # Without a handler of ours, Python would write warnings of libraries among the progress.
    handler = logging.StreamHandler() if debug else logging.NullHandler()
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    if not debug:
        logging.getLogger(WAITING).addHandler(_TELLER)


app.command("run")(run.run)
app.command("backfill")(run.backfill)
app.command("import", epilog=release.LIMITS)(release.import_)
app.command("export")(release.export)
app.command("forget")(forget.forget)
app.command("prune")(prune.prune)
app.command("verify", epilog=release.LIMITS)(release.verify)
app.command("up")(up.up)
app.command("view")(view.view)
app.command("status")(inspect.status)
app.command("plan")(plan.plan)
app.command("rejects")(rejects.rejects)
app.command("render")(inspect.render)
app.command("lineage")(inspect.lineage)
app.command("figures")(inspect.figures)
app.command("search")(search.search)
app.command("quarantine")(quarantine.quarantine)
app.command("agree")(agree.agree)
app.command("review")(review.review)
app.command("doctor")(inspect.doctor)
app.command("ledger")(chat.ledger)
app.command("fake-endpoint")(chat.fake_endpoint)
app.command("zoo")(zoo.zoo)
app.add_typer(rate.app, name="rate")
app.add_typer(benchmark, name="bench")
