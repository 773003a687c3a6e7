"""`imgedit ledger` and `imgedit fake-endpoint`: what chat models cost, and one that is free."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgedit_assets.cli import options
from imgedit_assets.cli.terminal import out, print_json, table, tell
from models.faults import ImgEditError

if TYPE_CHECKING:
    from rich.table import Table

    from resources.chat.ledger import Spending

PORT = 8377


def ledger(json: options.Json = False) -> None:
    """Say what chat models have cost: requests, tokens and USD of each, and what was spared.

    Every reply that was paid for is kept in the ledger and never asked for again; "saved" counts
    the answers that were taken from it. Batches cost half.
    """
    from resources.chat.ledger import FILE, Ledger
    from resources.home import Home

    folder = Home.of().ledger
    spending: list[Spending] = []
    if (folder / FILE).is_file():
        opened = Ledger(folder)
        spending = opened.spending()
        opened.close()
    if json:
        total = {"usd": sum(s.usd for s in spending), "requests": sum(s.requests for s in spending)}
        print_json({"total": total, "models": [asdict(s) for s in spending]})
    elif spending:
        out().print(_spending_table(spending))
        if unpriced := sum(s.unpriced for s in spending):
            line = f"{unpriced:,} replies came without a count of tokens: their cost is unknown"
            out().print(f"{line}, and in no sum.", markup=False)
    else:
        out().print("Nothing has been asked of a chat model yet.")


def _spending_table(spending: "Sequence[Spending]") -> "Table":
    from rich.markup import escape

    numbers = ("requests", "tokens in", "cached", "tokens out", "USD", "saved", "saved USD")
    made = table("Chat models", "model", numbers=numbers, folded=["at"])
    for s in spending:
        counts = (s.requests, s.tokens_in, s.tokens_cached, s.tokens_out)
        cells = [f"{count:,}" for count in counts]
        saved = (f"{s.saved_requests:,}", f"{s.saved_usd:,.4f}")
        usd = f"{s.usd:,.4f}" + (" + ?" if s.unpriced else "")
        made.add_row(escape(s.model), *cells, usd, *saved, escape(s.url))
    made.add_section()
    total, spared = sum(s.usd for s in spending), sum(s.saved_usd for s in spending)
    requests = f"{sum(s.requests for s in spending):,}"
    made.add_row("all", requests, "", "", "", f"{total:,.4f}", "", f"{spared:,.4f}")
    return made


def fake_endpoint(
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="The port to listen on; loopback only.")
    ] = PORT,
    script: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            metavar="FILE",
            help="A TOML file that says how it behaves; without one it answers at once, and well.",
        ),
    ] = None,
) -> None:
    """Run an OpenAI-compatible server that makes its answers up, and fails as you tell it to.

    For trying a profile before it costs money, and for seeing what a run does when an endpoint
    misbehaves. Chat completions (streamed or not), images, files, batches and models are served.
    Replies have the form that is asked for, and the same question gets the same reply.

        imgedit fake-endpoint --port 8377 --script storm.toml

    In the profile:

        [chats.judge]
        model = "any name"
        base_url = "http://127.0.0.1:8377/v1"
        key_env = ""

    In storm.toml, all of it optional:

        latency_s = 0.2                # median; latency_sigma = 0.5 spreads it
        faults = { rate_limit = 0.05, server_error = 0.05, cut_off = 0.05 }
        sequence = ["ok", "hang"]      # what the first requests meet
        retry_after_s = 1.0            # what rate_limit and unavailable ask for
        most_in_flight = 32            # more at once meet rate_limit
        usage = "null"                 # or "missing": no count of tokens
        [[answers]]                    # fixed replies for prompts that match
        prompt = "remove the (cat|dog)"
        reply = { score = 4.5 }        # replaces fields of the made-up reply

    Behaviours: ok, rate_limit, server_error, unavailable, bad_request, filtered_request, drop,
    cut_off, hang, slow_drip, invalid_json, wrong_schema, refusal, content_filter, length. GET
    /journal tells what was asked and delivered.
    """
    from resources.chat.server.script import Script, read_script
    from resources.chat.server.serve import LOOPBACK, serve

    told = read_script(script) if script else Script()
    out().print(f"http://{LOOPBACK}:{port}/v1", markup=False)
    tell("answers are made up; Ctrl-C stops it")
    try:
        serve(told, port=port)
    except KeyboardInterrupt:
        raise typer.Exit from None
    except OSError as error:
        msg = f"the server stopped: {error}"
        raise ImgEditError(msg) from error
