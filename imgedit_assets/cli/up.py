"""`imgedit up`: Dagster's webserver and daemon, on loopback."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Annotated

import typer

from imgedit_assets.cli import options
from imgedit_assets.cli.terminal import out, tell, tell_left_out

_ENDS = (signal.SIGTERM, signal.SIGHUP)
"""Signals that end the work as Ctrl-C does."""


def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port of the UI.")] = 3000,
    host: Annotated[
        str,
        typer.Option(help="The address to listen on. Dagster has no login, so keep to loopback."),
    ] = "127.0.0.1",
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[:PORT]",
            help="Another name that the UI is opened by, such as a proxy's; may be repeated.",
        ),
    ] = None,
    profile: options.ProfileName = None,
) -> None:
    """Open the graph in the browser: start Dagster's webserver and daemon, until Ctrl-C.

    The UI shows each asset with its contact sheets, checks and rejects. Pick partitions there and
    materialise them. The daemon runs backfills, the nightly schedule and the folder sensor; the
    last two are off until you switch them on.

    Only the UI's own pages, and programs that ask by the right name, are answered: a page of
    another site can start nothing here.
    """
    from resources.addresses import is_loopback, page_address
    from resources.backends import check_roles
    from resources.claims import close_dead_runs
    from resources.edit_types import find_types
    from resources.home import Home, profile_name
    from resources.instance import enter_home, open_instance
    from resources.profile import load_profile
    from resources.servers import check_port, occupied, serving, watch
    from resources.webplaces import HostError, Places

    names = allow_host or []
    try:
        Places.of(host, port, names)
    except HostError as error:
        raise typer.BadParameter(str(error), param_hint="--allow-host") from None
    if not is_loopback(host):
        tell(f"warning: whoever reaches {host}:{port} can run code here, as Dagster has no login")
    home = enter_home(profile)
    from imgedit_assets.checks.edit_types import report

    address = page_address(host, port)
    with _until_stopped(), occupied(home, address):
        check_port(host, port)
        loaded = load_profile(profile_name())
        check_roles(loaded)
        left_out = find_types(loaded.edits, Home.of().folder).problems
        tell_left_out(left_out)
        with open_instance() as instance:
            close_dead_runs(instance)
            report(instance, left_out)
        tell("starting the Dagster webserver and daemon ...")
        with serving(home, host=host, port=port, address=address, allow_hosts=names) as servers:
            out().print(address, markup=False)
            tell("Ctrl-C stops it.")
            watch(servers)


@contextmanager
def _until_stopped() -> Iterator[None]:
    """Take Ctrl-C, SIGTERM and a closed terminal as the end of the work, not as a failure."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    # What is ignored on purpose, as by nohup, stays ignored.
    numbers = [n for n in _ENDS if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    except KeyboardInterrupt:
        # There may be no terminal any more.
        with suppress(OSError):
            tell("stopped")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
