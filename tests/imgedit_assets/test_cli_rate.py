"""`imgedit rate`: a campaign from its rows to its ratings, on the command line."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner

from imgedit_assets.cli.app import app
from imgedit_assets.rating.campaigns import campaign_named, opened, rater_with
from resources.home import HOME_VARIABLE, Home
from resources.store import Store
from tests.imgedit_assets.lineages import chain, write


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    made = Store(Home.of())
    rows = [row for name in "abcdef" for row in chain(name, edit_pairs={"instruction": name})]
    write(made, rows)
    return made


def rate(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["rate", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_campaign_is_made_linked_answered_elsewhere_and_shown(
    store: Store, tmp_path: Path
) -> None:
    raters = ("--rater", "ann", "--rater", "bob")
    links = json.loads(
        rate("new", "spring", "--of", "edit_pairs", *raters, "--limit", "4", "--json")
    )["links"]
    where = urlsplit(links["ann"])
    campaign = campaign_named(store, "spring")
    assert where.path == f"/rate/{campaign.id}"
    (token,) = parse_qs(where.query)["token"]
    assert getattr(rater_with(store, token), "name", "") == "ann"
    rate("link", "spring", "ann")
    assert rater_with(store, token) is None

    items = opened(store, campaign).items
    assert [bool(item.expected) for item in items].count(False) == 4
    rows = [f"{item.id},{rater},4,{2 + n},3" for n, rater in enumerate("xy") for item in items]
    filled = tmp_path / "filled.csv"
    filled.write_text("\n".join(["item,rater,adherence,quality,preservation", *rows]))
    rate("import", "spring", str(filled))
    shown = json.loads(rate("show", "spring", "--json"))
    assert (shown["rated"], shown["items"]) == (4, 4)
    assert shown["raters"][0]["steady"]["value"] is None
    assert {one["of"]: one["same"]["value"] for one in shown["agreement"]}["quality"] == 1
    assert "x" in rate("show", "spring")
    assert "4 of 4" in rate("list")

    table = tmp_path / "out" / "ratings.csv"
    rate("export", "spring", str(table))
    assert table.read_text().count("\n") == 1 + 2 * len(items)
    again = CliRunner().invoke(app, ["rate", "export", "spring", str(table)])
    assert (again.exit_code, "is there already" in again.stderr) == (1, True)
    assert CliRunner().invoke(app, ["rate", "show", "autumn"]).exit_code == 1
