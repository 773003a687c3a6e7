"""`imgedit rate`: campaigns in which people grade, compare or check pictures."""

from json import dumps, loads
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgedit_assets.cli import options
from imgedit_assets.cli.quarantine import login
from imgedit_assets.cli.stores import store_with_rows
from imgedit_assets.cli.terminal import out, print_json, table, tell
from models.faults import ImgEditError

if TYPE_CHECKING:
    from benchmark.agreement import Proportion
    from resources.schema import Campaign
    from resources.store import Store

app = typer.Typer(help="Have people grade, compare or check results.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Its name, or its id.")]
Address = Annotated[str, typer.Option(metavar="URL", help="Where raters reach `imgedit view`.")]
HERE = "http://127.0.0.1:3001"


@app.command("new")
def new(
    *,
    name: Annotated[str, typer.Argument(help="What to call it.")],
    mode: Annotated[
        str,
        typer.Option(help="scores (1 to 5 on three criteria), pairs, or turns (yes or no)."),
    ] = "scores",
    of: Annotated[
        str,
        typer.Option(help="The asset whose rows are rated, such as benchmark_outputs."),
    ] = "scored_pairs",
    rater: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Who rates; may be repeated.")
    ] = None,
    overlap: Annotated[int, typer.Option(min=1, help="How many raters see each item.")] = 2,
    only: Annotated[
        str, typer.Option(metavar="A,B", help="Only these edit types; of outputs, suites.")
    ] = "",
    editors: Annotated[str, typer.Option(metavar="A,B", help="Only these editors' outputs.")] = "",
    ids: Annotated[str, typer.Option(metavar="A,B", help="Only these rows, by whole ids.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="The most to rate, drawn by the seed.")] = 100,
    repeats: Annotated[
        float, typer.Option(min=0, max=1, help="Share of a rater's items shown twice, unsaid.")
    ] = 0.1,
    checks: Annotated[
        float, typer.Option(min=0, max=1, help="Attention checks, for each item of a rater.")
    ] = 0.1,
    guideline: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="What raters are told, as Markdown."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Draws rows, order and sides.")] = 0,
    who: Annotated[
        str | None, typer.Option(help="Who asks.", show_default="your login name")
    ] = None,
    address: Address = HERE,
    profile: options.ProfileName = None,
    json: options.Json = False,
) -> None:
    """Make a campaign of rows, and a link for each of its raters.

    Raters see neither who made a result nor what a judge said of it. Open `imgedit view` for them
    and give each their link.

        imgedit rate new spring --rater ann --rater bob --limit 60
        imgedit rate new duel --mode pairs --of benchmark_outputs --editors e1,oracle --rater ann
        imgedit rate new turns --mode turns --of accepted_pairs --rater ann
    """
    from imgedit_assets.rating.answers import Mode
    from imgedit_assets.rating.items import Wanted
    from imgedit_assets.rating.making import Settings, make_campaign
    from resources.factory import Factory
    from resources.reading import read_regular

    if mode not in set(Mode):
        msg = f"{mode!r} is none of {', '.join(Mode)}"
        raise typer.BadParameter(msg, param_hint="--mode")
    store = store_with_rows()
    factory, raters = Factory.open(profile=profile), rater or [login()]
    campaign, items = make_campaign(
        factory,
        Wanted(
            mode=Mode(mode),
            asset=of,
            ids=options.names([ids]),
            only=options.names([only]),
            editors=options.names([editors]),
            limit=limit,
            seed=seed,
        ),
        Settings(
            name=name,
            who=who or login(),
            seats=len(raters),
            overlap=overlap,
            repeat_frac=repeats,
            check_frac=checks,
            guideline=read_regular(guideline).decode("utf-8", "replace") if guideline else "",
        ),
    )
    n_checks = sum(bool(item.expected) for item in items)
    tell(f"{name}: {len(items) - n_checks} to rate, {n_checks} attention checks")
    _links(store, campaign, raters, address, json=json)


@app.command("link")
def link(
    name: Name,
    raters: Annotated[list[str], typer.Argument(metavar="RATER...", help="Who is to rate.")],
    address: Address = HERE,
    json: options.Json = False,
) -> None:
    """Make a link for raters; one who has a link already gets another, and the old one ends."""
    from imgedit_assets.rating.campaigns import campaign_named

    store = store_with_rows()
    _links(store, campaign_named(store, name), raters, address, json=json)


def _links(
    store: "Store", campaign: "Campaign", raters: list[str], address: str, *, json: bool
) -> None:
    from imgedit_assets.rating.campaigns import join

    links = {}
    for rater in raters:
        made, token = join(store, campaign, rater)
        links[made.name] = f"{address.rstrip('/')}/rate/{campaign.id}?token={token}"
    if json:
        print_json({"campaign": campaign.id, "links": links})
        return
    for rater, url in links.items():
        out().print(f"{rater}: {url}", markup=False, soft_wrap=True)


@app.command("list")
def list_(json: options.Json = False) -> None:
    """List the campaigns, and how far they are."""
    from rich.markup import escape

    from imgedit_assets.rating.campaigns import campaigns, opened
    from imgedit_assets.rating.standing import standing

    store = store_with_rows()
    made = table("Campaigns", "name", "mode", "id", numbers=("rated", "ratings", "raters"))
    listed = []
    for campaign in campaigns(store):
        now = opened(store, campaign)
        at = standing(now)
        rated = f"{at.rated:,} of {at.items:,}"
        cells = (rated, f"{len(now.ratings):,}", str(len(now.raters)))
        made.add_row(escape(campaign.name), campaign.mode, campaign.id[:12], *cells)
        listed.append({"id": campaign.id, "name": campaign.name, "rated": at.rated, "of": at.items})
    if json:
        print_json({"campaigns": listed})
    elif listed:
        out().print(made)
    else:
        out().print("There is no campaign yet: `imgedit rate new` makes one.")


@app.command("show")
def show(name: Name, json: options.Json = False) -> None:
    """Show progress, agreement, and how each rater does."""
    from dataclasses import asdict

    from rich.markup import escape

    from imgedit_assets.rating.campaigns import campaign_named, opened
    from imgedit_assets.rating.standing import standing

    store = store_with_rows()
    now = opened(store, campaign_named(store, name))
    at = standing(now)
    if json:
        paces = [{**asdict(pace), "rater": pace.rater.name} for pace in at.paces]
        agreement = [asdict(one) for one in at.agreement]
        said = {"items": at.items, "rated": at.rated, "raters": paces, "agreement": agreement}
        # What is not defined is null: JSON has no word for it.
        print_json(loads(dumps(said), parse_constant=lambda _: None))
        return
    made = table(
        f"{now.campaign.name}: {at.rated:,} of {at.items:,} rated, {at.shared:,} by two or more",
        "rater",
        numbers=("done", "skipped", "median s"),
        folded=("checks", "steady", "left", "as others"),
    )
    for pace in at.paces:
        seconds = "-" if isnan(pace.median_s) else f"{pace.median_s:.1f}"
        shares = map(_share, (pace.checks, pace.steady, pace.left, pace.same))
        careless = "" if pace.is_careful else " (fails attention checks)"
        done = f"{pace.done:,} of {pace.planned:,}"
        made.add_row(escape(pace.rater.name + careless), done, str(pace.skipped), seconds, *shares)
    out().print(made)
    for one in at.agreement:
        alpha = "not defined" if isnan(one.alpha) else f"{one.alpha:.2f}"
        out().print(f"{one.of}: alpha {alpha}, the same {_share(one.same)}", markup=False)


def _share(share: "Proportion") -> str:
    if not share.n:
        return "-"
    return f"{share.value:.2f} ({share.low:.2f} to {share.high:.2f}), n {share.n}"


@app.command("export")
def export(
    name: Name,
    to: Annotated[
        Path, typer.Argument(metavar="PATH", help="A CSV, or with --label-studio a folder.")
    ],
    label_studio: Annotated[
        bool, typer.Option("--label-studio", help="Tasks for Label Studio, with their pictures.")
    ] = False,
    prefix: Annotated[
        str,
        typer.Option(help="Where PATH lies below Label Studio's document root."),
    ] = "",
) -> None:
    """Write the ratings as a CSV that other commands read, or everything for Label Studio."""
    from imgedit_assets.rating.campaigns import campaign_named, opened
    from imgedit_assets.rating.label_studio import write_label_studio
    from imgedit_assets.rating.tables import as_table
    from models.images import encode_jpeg

    store = store_with_rows()
    now = opened(store, campaign_named(store, name))
    if to.exists() and (not to.is_dir() or any(to.iterdir()) or not label_studio):
        msg = f"{to} is there already: name another place"
        raise ImgEditError(msg)
    if label_studio:
        n = write_label_studio(
            now, to, lambda version: encode_jpeg(store.render(version), 95), prefix=prefix
        )
        tell(f"{n} tasks in {to}: import tasks.json into a project with the labels of config.xml")
        return
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(as_table(now), encoding="utf-8")
    tell(f"{len(now.ratings)} ratings in {to}")


@app.command("import")
def import_(
    name: Name,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A CSV, or Label Studio's JSON, of this campaign."),
    ],
) -> None:
    """Take in ratings given elsewhere; what a rater said of an item before is replaced."""
    from imgedit_assets.rating.campaigns import campaign_named, keep, opened
    from imgedit_assets.rating.label_studio import read_label_studio
    from imgedit_assets.rating.tables import from_table

    store = store_with_rows()
    now = opened(store, campaign_named(store, name))
    read = read_label_studio if file.suffix.lower() == ".json" else from_table
    found = read(store, now, file)
    keep(store, found)
    raters = len({rating.rater_id for rating in found})
    tell(f"{len(found)} ratings of {raters} raters are in campaign {now.campaign.name}")
