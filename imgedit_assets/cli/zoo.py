"""`imgedit zoo`: debug-size checkpoints of every architecture."""

from pathlib import Path
from typing import Annotated

import typer

from imgedit_assets.cli.terminal import err, out
from models.faults import ImgEditError


def zoo(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="Where to; by default the home, where `--profile debug` looks for them."
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="NAME", help="Only this checkpoint; may be repeated."),
    ] = None,
) -> None:
    """Write a tiny checkpoint of every architecture, as a hub download would lie there.

    They have random weights, so what they answer means nothing; they show that the whole path of
    the production models works on this machine:

        imgedit zoo
        imgedit run --profile debug --studio 1 --no-photos

    Checkpoints that are there already stay as they are.
    """
    from rich.progress import Progress

    from models.zoo.build import build_zoo, builders
    from resources.backends import missing_package
    from resources.checkpoints import Checkpoints
    from resources.devices.quiet import hush
    from resources.home import Home
    from resources.private import make_home

    home = Home.of().folder
    hush(home)
    where = folder or Checkpoints(home=home).zoo
    if folder is None:
        make_home(home)
    try:
        known = builders()
    except ImportError as error:
        raise ImgEditError(missing_package(error)) from error
    names = tuple(only or known)
    with Progress(console=err(), transient=True) as progress:
        task = progress.add_task("writing", total=len(names))
        for name, _ in build_zoo(where, names):
            progress.update(task, advance=1, description=name)
    megabytes = sum(f.stat().st_size for f in where.rglob("*") if f.is_file()) / 1e6
    out().print(f"{len(names)} checkpoints, {megabytes:.1f} MB, in {where}", markup=False)
