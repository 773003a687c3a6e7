"""`imgedit up`: Dagster's webserver and daemon, on loopback."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated

import typer

from imgedit_assets.cli import options
from imgedit_assets.cli.terminal import out, tell, tell_left_out

# What to ask when listening on every address.
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port of the UI.")] = 3000,
    host: Annotated[
        str,
        typer.Option(help="The address to listen on. Dagster has no login, so keep to loopback."),
    ] = "127.0.0.1",
    profile: options.ProfileName = None,
) -> None:
    """Open the graph in the browser: start Dagster's webserver and daemon, until Ctrl-C.

    The UI shows each asset with its contact sheets, checks and rejects. Pick partitions there and
    materialise them. The daemon runs backfills, the nightly schedule and the folder sensor; the
    last two are off until you switch them on.
    """
    from resources.backends import check_roles
    from resources.claims import close_dead_runs
    from resources.factory import profile_name
    from resources.instance import enter_home, open_instance
    from resources.profile import load_profile
    from resources.servers import check_port, is_loopback, serving, wait_until_ready, watch

    if not is_loopback(host):
        tell(f"warning: whoever reaches {host}:{port} can run code here, as Dagster has no login")
    check_port(host, port)
    home = enter_home(profile)
    check_roles(load_profile(profile_name()))
    from imgedit_assets.checks.edit_types import report
    from imgedit_assets.partitions import left_out

    tell_left_out(left_out)
    with open_instance() as instance:
        close_dead_runs(instance)
        report(instance, left_out)
    tell("starting the Dagster webserver and daemon ...")
    with _until_stopped(), serving(home, host=host, port=port) as servers:
        asked = _WILDCARDS.get(host, host)
        wait_until_ready(servers, host=asked, port=port)
        out().print(f"http://{f'[{asked}]' if ':' in asked else asked}:{port}", markup=False)
        tell("Ctrl-C stops it.")
        watch(servers)


@contextmanager
def _until_stopped() -> Iterator[None]:
    """Take Ctrl-C and SIGTERM as the end of the work, not as a failure."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        tell("stopped")
    finally:
        signal.signal(signal.SIGTERM, before)
