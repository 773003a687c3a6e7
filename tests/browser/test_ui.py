"""The Dagster UI as a user meets it: the graph, a backfill by hand, its pictures, its checks."""

import re
import shutil
from collections.abc import Sequence
from itertools import product
from math import prod
from pathlib import Path
from shutil import copy
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import MADE_BEFORE
from tests.browser.dagster_api import DagsterApi, wait_until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no chromium on the PATH"),
]

GROUPS = (
    *("sources", "images", "regions", "instructions", "pairs"),
    *("judge", "editor", "dataset", "benchmark", "inspection"),
)
JOBS = (
    *("everything", "backfill", "images_to_regions", "regions_to_pairs", "dataset"),
    *("benchmark", "benchmark_suites", "benchmark_editors", "benchmark_leaderboard"),
    *("judge_lessons", "judges", "editors", "filtering_study_report"),
)
PAIR_ASSETS = (
    *("instructions", "dialogues", "edit_pairs"),
    *("scored_pairs", "retried_pairs", "accepted_pairs"),
)
EDIT_TYPES = ("object_extraction", "remove", "replace")
"""Neighbours in the registry: Dagster makes one run of each shard's."""
SHARDS = ("studio-0000", "studio-0001")

RESIZE = Path(__file__).parents[1] / "graph" / "edit_types" / "resize.py"

BACKFILL_TIMEOUT_S = 600


def test_the_lineage_page_shows_the_groups_and_asks_no_other_host(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.goto("/asset-groups")
    for group in GROUPS:
        expect(page.get_by_text(group, exact=True).first).to_be_visible()
    page.goto("/assets/edit_pairs")
    expect(page.get_by_text("contact sheet").first).to_be_visible()
    # Data and blob addresses have no host: they are made by the page itself.
    assert {urlsplit(url).hostname for url in asked} - {None} == {"127.0.0.1"}


def test_nobody_is_asked_to_subscribe(page: Page, api: DagsterApi) -> None:
    page.goto("/")
    expect(page.get_by_role("link", name="Lineage")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert not api.ask("{ shouldShowNux }")["shouldShowNux"]


def test_the_jobs_are_listed(page: Page) -> None:
    page.goto("/jobs")
    for job in JOBS:
        expect(page.locator(f"a[href$='/jobs/{job}']")).to_be_visible()


@pytest.mark.parametrize(
    "kind_and_name", ["schedules/nightly", "sensors/watch_folder", "sensors/fill_missing"]
)
def test_automation_is_off_until_switched_on(page: Page, kind_and_name: str) -> None:
    page.goto("/automation")
    link = page.locator(f"a[href$='/{kind_and_name}']")
    expect(link).to_be_visible()
    switch = row_of(link).get_by_role("checkbox").last
    expect(switch).to_be_enabled()
    expect(switch).not_to_be_checked()


def test_an_asset_shows_both_its_checks(page: Page) -> None:
    page.goto("/assets/edit_pairs?view=checks")
    expect(page.get_by_text("Checks (2)")).to_be_visible()
    page.get_by_text("intact", exact=True).first.click()
    expect(page.get_by_text("This is a blocking asset check.")).to_be_visible()
    page.get_by_text("rejects", exact=True).first.click()
    expect(page.get_by_text("faults in").first).to_be_visible()
    expect(page.get_by_text("Passed", exact=True)).to_be_visible()


def test_two_shards_and_three_edit_types_by_hand(page: Page, api: DagsterApi) -> None:
    before = api.materialised("accepted_pairs")
    select_assets(page, PAIR_ASSETS)
    backfill = launch_backfill(page, edit_type=EDIT_TYPES, shard=SHARDS)
    wait_for_backfill(api, backfill)

    wanted = {f"{edit_type}|{shard}" for edit_type, shard in product(EDIT_TYPES, SHARDS)}
    assert len(wanted) == 6
    assert api.materialised("accepted_pairs") - before == wanted

    page.goto("/assets/edit_pairs?view=partitions")
    page.get_by_text("object_extraction", exact=True).first.click()
    page.get_by_text("studio-0001", exact=True).first.click()
    expect(page.get_by_text("object_extraction|studio-0001").first).to_be_visible()
    page.get_by_text("[Show Markdown]").click()
    sheet = page.get_by_role("dialog").locator("img")
    expect(sheet).to_be_visible()
    wait_until(lambda: painted_width(sheet) > 0, what="contact sheet", timeout_s=30)


def test_a_new_edit_type_is_added_and_filled(page: Page, api: DagsterApi) -> None:
    before = {asset: api.materialised(asset) for asset in PAIR_ASSETS}
    copy(RESIZE, api.folder / "edit_types")
    page.goto("/locations")
    # The names of buttons hold those of their icons; "Reload all" is another.
    page.get_by_role("button", name=re.compile("Reload$")).click()
    fresh = {f"resize|{shard}" for shard in SHARDS}
    wait_until(lambda: fresh <= api.partitions("edit_pairs"), what="new partitions", timeout_s=60)
    for asset in PAIR_ASSETS:
        assert fresh.isdisjoint(api.materialised(asset))

    select_assets(page, PAIR_ASSETS)
    wait_for_backfill(api, launch_backfill(page, edit_type=("resize",), shard=SHARDS))
    for asset in PAIR_ASSETS:
        assert api.materialised(asset) - before[asset] == fresh


def test_a_bad_sample_is_traced_from_its_partition(page: Page, api: DagsterApi) -> None:
    news: list[str] = []
    page.on("websocket", lambda s: s.on("framereceived", lambda frame: news.append(str(frame))))
    page.goto(f"/assets/accepted_pairs?view=partitions&partition={MADE_BEFORE}%7C{SHARDS[0]}")
    # The links of few samples are shown in their row; of many, behind a button.
    row = page.locator("tr").filter(has_text=re.compile("^samples"))
    row.get_by_role("link").first.click()
    page.get_by_role("button", name="Launch Run").click()
    page.wait_for_url(re.compile("/runs/"))
    expect(page.get_by_text("Success", exact=False).first).to_be_visible()
    wait_until(lambda: api.traced() != "", what="trace", timeout_s=90)
    assert "data:image/jpeg;base64," in api.traced()
    # What the run did came while it ran, unasked.
    assert any("pipelineRunLogs" in frame for frame in news)


def select_assets(page: Page, names: Sequence[str]) -> None:
    """Tick assets in the catalog and ask for their materialisation."""
    page.goto("/assets")
    # From the top: the list holds only the rows in view, and scrolls down to each.
    for name in sorted(names):
        box = page.get_by_test_id(f"checkbox-{name}")
        page.locator("label").filter(has=box).click()
    page.get_by_role("button", name=f"Materialize selected ({len(names)})").click()


def launch_backfill(page: Page, **wanted: Sequence[str]) -> str:
    """Pick keys of each dimension in the dialog and launch; the backfill's id."""
    dialog = page.get_by_role("dialog").filter(has_text="Partition selection")
    for dimension, keys in wanted.items():
        expect(dialog.get_by_text(dimension, exact=True)).to_be_visible()
        dialog.get_by_text("Select a partition").nth(0).click()
        for key in keys:
            page.get_by_role("menuitem").filter(has_text=re.compile(f"^({key})+$")).click()
        page.get_by_placeholder("Filter partitions").press("Escape")
    count = prod(len(keys) for keys in wanted.values())
    expect(dialog.get_by_text(f"{count} partitions", exact=True)).to_be_visible()
    with page.expect_response(
        lambda r: "LaunchPartitionBackfill" in (r.request.post_data or "")
    ) as launched:
        dialog.get_by_role("button", name="Launch backfill").click()
    backfill_id: str = launched.value.json()["data"]["launchPartitionBackfill"]["backfillId"]
    # The page of a backfill asks for news all the time, which takes from what it waits for.
    page.goto("about:blank")
    return backfill_id


def wait_for_backfill(api: DagsterApi, backfill_id: str) -> None:
    """Return once a backfill and all its runs have succeeded."""

    def succeeded() -> bool:
        found = api.backfill(backfill_id)
        assert "FAILED" not in found["status"], found
        return bool(found["status"] == "COMPLETED_SUCCESS")

    wait_until(succeeded, what="end of the backfill", timeout_s=BACKFILL_TIMEOUT_S)


def row_of(link: Locator) -> Locator:
    """The row of a list that a link stands in: the nearest element that has a checkbox."""
    return link.locator("xpath=ancestor::*[.//input[@type='checkbox']][1]")


def painted_width(image: Locator) -> int:
    """The width of a decoded picture, in pixels; 0 as long as nothing can be shown."""
    width: int = image.evaluate("image => image.naturalWidth")
    return width
