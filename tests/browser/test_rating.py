"""Rating and reviewing by keys alone, wide and narrow, and what a killed server has kept."""

import http.client
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from imgedit_assets.rating.answers import Mode
from imgedit_assets.rating.campaigns import begin, join, opened, ratings_by
from imgedit_assets.sample.reviews import opened as waiting
from resources.home import HOME_VARIABLE, Home
from resources.schema import Campaign, Rater, Reject, Review, ScoredPair, Version
from resources.store import Store
from tests.browser.dagster_api import wait_until
from tests.browser.test_pages import WIDTHS, sound
from tests.imgedit_assets.judging.studio_pairs import root_version
from tests.imgedit_assets.lineages import blank, chain, write
from tests.imgedit_assets.rating.conftest import made_up
from tests.programs import IMGEDIT, free_port

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no chromium on the PATH"),
]

N = 3
EVIL = "<b>do it</b>"


class Site:
    """`imgedit view` on a home with a campaign of each mode and a queue of reviews."""

    def __init__(self, folder: Path) -> None:
        self.home = Home.of(folder / "home")
        self.store = Store(self.home)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.campaigns = {mode: self._campaign(mode) for mode in Mode}
        self._reviews()
        self.log = folder / "view.log"
        with self.log.open("wb") as sink:
            self.process = subprocess.Popen(
                [*IMGEDIT, "view", "--no-browser", "--port", str(self.port), "--token", "o" * 20],
                env=os.environ | {HOME_VARIABLE: str(self.home.folder)},
                stdout=sink,
                stderr=sink,
            )
        wait_until(self._answers, what="answer of imgedit view", timeout_s=180)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            asked.request("GET", "/static/pages.css")
            return asked.getresponse().status == 200
        except OSError:
            return False

    def _campaign(self, mode: Mode) -> Campaign:
        campaign, items = made_up(mode, n=N, seats=1, overlap=1, n_checks=1)
        for at, name in enumerate("stu"):
            image = np.full((60, 80, 3), 60 + 60 * at, np.uint8)
            self.store.insert(Version, [root_version(name, image)])
        begin(self.store, campaign, items)
        return campaign

    def _reviews(self) -> None:
        """Two pairs that their judge left undecided, of words that are HTML."""
        pair = {
            **dict.fromkeys(("source_version_id", "root_version_id"), "s"),
            **{"target_version_id": "t", "turns": 1, "instruction": EVIL},
        }
        rows = []
        for n in range(2):
            pair["instruction_id"] = f"i{n}"
            rows += chain(f"{n}", edit_pairs=pair, scored_pairs=pair)
        write(self.store, [row for row in rows if row.TABLE != "accepted_pairs"])
        for n, one in enumerate(self.store.select(ScoredPair)):
            self.store.insert(Review, [waiting([one], "not sure")])
            place = {"asset": "accepted_pairs", "partition": one.place.key}
            why = {"reason": "undecided", "parent_ids": (one.id,)}
            self.store.insert(Reject, [blank(Reject, id=f"r{n}", **place, **why)])

    def link(self, mode: Mode, name: str) -> tuple[Rater, str]:
        campaign = self.campaigns[mode]
        rater, token = join(self.store, campaign, name)
        return rater, f"/rate/{campaign.id}?token={token}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("rating"))
    yield made
    if made.process.poll() is None:
        made.process.send_signal(signal.SIGTERM)
        made.process.wait(60)


@pytest.fixture
def page(chromium: Browser, site: Site, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of some width that asks nobody but loopback."""
    width = getattr(request, "param", WIDTHS[0])
    asked: list[str] = []
    errors: list[str] = []
    with chromium.new_context(
        base_url=site.url, viewport={"width": width, "height": 900}
    ) as context:
        context.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        made = context.new_page()
        made.on("request", lambda request: asked.append(request.url))
        made.on("pageerror", lambda error: errors.append(str(error)))
        yield made
        assert {urlsplit(url).hostname for url in asked} == {"127.0.0.1"}
        assert not errors


def at(page: Page, number: int) -> None:
    """Wait for a task, by its place from 0."""
    expect(page.locator('input[name="at"]')).to_have_value(str(number))
    expect(page.locator(".question.now").first).to_be_visible()


@pytest.mark.parametrize("page", WIDTHS[:1], indirect=True)
def test_a_whole_campaign_is_graded_by_keys_and_goes_on_where_it_was(
    page: Page, site: Site
) -> None:
    rater, link = site.link(Mode.SCORES, "ann")
    page.goto(link)
    at(page, 0)
    assert "token" not in page.url
    sound(page)
    page.keyboard.press("g")
    expect(page.get_by_role("dialog", name="Guideline")).to_be_visible()
    page.keyboard.press("g")
    expect(page.get_by_role("dialog", name="Guideline")).to_be_hidden()
    # What is begun stays, also when the page is loaded anew.
    page.keyboard.press("2")
    page.reload()
    expect(page.locator("input:checked")).to_have_count(1)
    page.keyboard.press("5")
    page.keyboard.press("Backspace")
    page.keyboard.press("4")
    page.keyboard.press("3")
    at(page, 1)
    page.keyboard.press("u")
    at(page, 0)
    expect(page.locator("input:checked")).to_have_count(3)
    for key in "111":
        page.keyboard.press(key)
    at(page, 1)
    page.keyboard.press("s")
    tasks = opened(site.store, site.campaigns[Mode.SCORES]).tasks(rater)
    for number in range(2, len(tasks)):
        at(page, number)
        for key in "345":
            page.keyboard.press(key)
    expect(page.get_by_text("Everything is rated")).to_be_visible()
    said = ratings_by(site.store, rater)
    assert len(said) == len(tasks)
    assert said[tasks[0].item.id, 0].answers == ("1", "1", "1")
    assert said[tasks[1].item.id, 0].answers == ()
    last = said[tasks[-1].item.id, tasks[-1].showing]
    assert last.answers == ("3", "4", "5")
    assert last.ms > 0


@pytest.mark.parametrize("page", WIDTHS[1:], indirect=True)
def test_pairs_are_told_by_arrows_and_turns_by_yes_and_no(page: Page, site: Site) -> None:
    rater, link = site.link(Mode.PAIRS, "bob")
    tasks = opened(site.store, site.campaigns[Mode.PAIRS]).tasks(rater)
    page.goto(link)
    at(page, 0)
    sound(page)
    for number, key in enumerate(("ArrowLeft", "ArrowRight", "=", "ArrowDown")):
        at(page, number)
        page.keyboard.press("b")
        page.keyboard.press(key)
    at(page, 4)
    said = ratings_by(site.store, rater)
    left, right = (
        ("second", "first") if task.flipped else ("first", "second") for task in tasks[:2]
    )
    expected = [left[0], right[1], "tie", "neither"]
    assert [said[task.item.id, 0].answers[0] for task in tasks[:4]] == expected
    assert [said[task.item.id, 0].flipped for task in tasks[:4]] == [
        int(task.flipped) for task in tasks[:4]
    ]

    rater, link = site.link(Mode.TURNS, "cy")
    page.goto(link)
    at(page, 0)
    page.keyboard.press("y")
    page.keyboard.press("n")
    at(page, 1)
    (rating,) = ratings_by(site.store, rater).values()
    assert rating.answers == ("yes", "no")


@pytest.mark.parametrize("page", WIDTHS, indirect=True)
def test_the_owner_reads_the_campaign_and_its_keys(page: Page, site: Site) -> None:
    page.goto(f"/campaigns/{site.campaigns[Mode.SCORES].id}?token={'o' * 20}")
    expect(page.get_by_role("heading", name="Agreement")).to_be_visible()
    sound(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys of this page")).to_contain_text("Rate yourself")


@pytest.mark.parametrize("page", WIDTHS[1:], indirect=True)
def test_the_queue_is_decided_by_one_key_and_taken_back_by_another(page: Page, site: Site) -> None:
    page.goto(f"/review?token={'o' * 20}")
    words = page.locator("textarea")
    expect(words).to_have_value(EVIL)
    expect(page.locator("h1 b")).to_have_count(0)
    sound(page)
    page.keyboard.press("f")
    page.keyboard.type(" again")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text(f"Accepted: {EVIL} again")
    page.keyboard.press("r")
    expect(page.get_by_role("status").first).to_contain_text(f"Rejected: {EVIL}")
    expect(page.get_by_text("Nothing is undecided")).to_be_visible()
    page.keyboard.press("u")
    expect(words).to_have_value(EVIL)
    said = {review.status: review for review in site.store.select(Review)}
    assert said.keys() == {"accepted", "open"}
    made = said["accepted"]
    assert (made.fixed, made.why) == (f"{EVIL} again", "the instruction was set right")


def test_what_was_answered_is_kept_when_the_server_is_killed(site: Site) -> None:
    campaign = site.campaigns[Mode.SCORES]
    answered: dict[str, set[int]] = {"dan": set(), "eve": set()}
    links = {name: site.link(Mode.SCORES, name) for name in answered}
    enough = threading.Event()

    def rate(name: str) -> None:
        asked = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
        token = links[name][1].partition("=")[2]
        headers = {
            "Origin": site.url,
            "Cookie": f"imgedit_token={token}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        for number in range(N + 1):
            grades = {f"answer{n}": 1 + (number + n) % 5 for n in range(3)}
            body = urlencode({"at": number, "ms": 5, **grades})
            try:
                asked.request("POST", f"/rate/{campaign.id}", body, headers)
                answer = asked.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                return
            assert answer.status == 303
            answered[name].add(number)
            if all(len(done) >= 2 for done in answered.values()):
                enough.set()

    threads = [threading.Thread(target=rate, args=(name,)) for name in answered]
    for thread in threads:
        thread.start()
    assert enough.wait(120)
    site.process.kill()
    for thread in threads:
        thread.join(120)
    now = opened(Store(site.home), campaign)
    for name, numbers in answered.items():
        rater = links[name][0]
        kept = {(r.item_id, r.showing): r.answers for r in now.by_rater[rater.id]}
        for number in numbers:
            task = now.tasks(rater)[number]
            expected = tuple(str(1 + (number + n) % 5) for n in range(3))
            assert kept[task.item.id, task.showing] == expected
