"""`imgedit view`: the pages of a home, in the browser."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from imgedit_assets.cli import options
from imgedit_assets.cli.quarantine import login
from imgedit_assets.cli.stores import store_with_rows
from imgedit_assets.cli.terminal import out, tell
from models.faults import ImgEditError

if TYPE_CHECKING:
    from imgedit_assets.pages.desk import Desk

LEAST_TOKEN_CHARS = 12


def view(
    *,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port of the pages.")] = 3001,
    host: Annotated[
        str, typer.Option(help="The address to listen on; any but loopback needs --token.")
    ] = "127.0.0.1",
    token: Annotated[
        str,
        typer.Option(
            envvar="IMGEDIT_VIEW_TOKEN",
            help="What whoever opens the pages must come with: they are asked for as /?token=...",
        ),
    ] = "",
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[:PORT]",
            help="Another name that the pages are opened by, such as a proxy's; may be repeated.",
        ),
    ] = None,
    dagster: Annotated[
        str, typer.Option(metavar="URL", help="Where Dagster's UI is, for links to it.")
    ] = "http://127.0.0.1:3000",
    export: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Write the pages as files into a new folder, and serve nothing."
        ),
    ] = None,
    pages: Annotated[
        int, typer.Option(min=3, metavar="N", help="With --export: the most pages to write.")
    ] = 200,
    only: Annotated[
        str,
        typer.Option(
            metavar="QUERY",
            help="With --export: which pairs, as the gallery's address has it behind the '?'.",
        ),
    ] = "",
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address, and open nothing.")
    ] = False,
    profile: options.ProfileName = None,
) -> None:
    """Look at pairs in the browser: the gallery, each sample, the leaderboard, the data set.

    The pages read the same home as the graph, while it runs as well, and ask no other host for
    anything.

        imgedit view
        imgedit view --host 0.0.0.0 --token "$(openssl rand -hex 16)"
        imgedit view --export site --only "state=accepted&sort=best"
    """
    if export:
        _export(_desk(profile, dagster), export, only, pages)
        return
    from resources.addresses import is_loopback, page_address
    from resources.servers import check_port
    from resources.webplaces import HostError, Places

    if (token or not is_loopback(host)) and len(token) < LEAST_TOKEN_CHARS:
        msg = (
            f"whoever reaches {host}:{port} could change the data set: give a --token of "
            f"{LEAST_TOKEN_CHARS} characters or more, such as {secrets.token_urlsafe(16)}"
        )
        raise ImgEditError(msg)
    try:
        places = Places.of(host, port, allow_host or [])
    except HostError as error:
        raise typer.BadParameter(str(error), param_hint="--allow-host") from None
    desk = _desk(profile, dagster)
    check_port(host, port)
    from imgedit_assets.pages.app import make_app
    from resources.site.web import serve

    def ready() -> None:
        address = page_address(host, port)
        out().print(address, markup=False)
        tell("Ctrl-C stops it.")
        if not no_browser:
            typer.launch(f"{address}/?token={quote(token)}" if token else address)

    serve(make_app(desk, places, token=token), host, port, ready=ready)


def _export(desk: "Desk", folder: Path, only: str, pages: int) -> None:
    from imgedit_assets.pages.export import export

    files = export(desk, folder, start=only.lstrip("?"), pages=pages, tell=tell)
    out().print(
        f"{files:,} files in {folder}: open index.html through any web server", markup=False
    )


def _desk(profile: str | None, dagster: str) -> "Desk":
    store_with_rows()
    from resources.instance import enter_home

    enter_home(profile)
    from imgedit_assets.pages.desk import Desk
    from resources.factory import Factory

    factory = Factory.open(profile=profile)
    factory.journal.on_warning = tell
    return Desk(factory=factory, who=login(), profile=profile, dagster=dagster)
