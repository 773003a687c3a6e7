"""Raters see one task after the other and nothing else; the owner sees how they do."""

import re
from html import unescape

import numpy as np
import pytest
from starlette.testclient import TestClient

from imgedit_assets.pages.app import make_app
from imgedit_assets.pages.desk import Desk
from imgedit_assets.rating.answers import Mode
from imgedit_assets.rating.campaigns import join, opened
from imgedit_assets.rating.items import Wanted
from imgedit_assets.rating.making import Settings, make_campaign
from resources.factory import Factory
from resources.home import Home
from resources.schema import Campaign, EditPair, Version
from resources.store import Store
from resources.webplaces import Places
from tests.imgedit_assets.judging.studio_pairs import root_version
from tests.imgedit_assets.lineages import chain, write
from tests.imgedit_assets.pages.homes import HTML, OWN

OWNER = "the owner's own token"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    factory = Factory.open(Home.of(tmp_path_factory.mktemp("pages")))
    put_small_pairs(factory.store, "abcd")
    return Desk(factory=factory, who="me", dagster="")


def put_small_pairs(store: Store, names: str) -> None:
    """Pairs of pictures of one colour."""
    colours = {name: np.full((24, 32, 3), 40 * n, np.uint8) for n, name in enumerate(names)}
    store.insert(Version, [root_version(f"v{name}", image) for name, image in colours.items()])
    rows = []
    for name in names:
        pair = {
            "instruction": f"Make it {name} <b>",
            "root_version_id": "va",
            "source_version_id": "va",
            "target_version_id": f"v{name}",
            "turns": 1,
        }
        rows += chain(name, edit_pairs={**pair, "painter": "painter9"}, scored_pairs=pair)
    write(store, rows)


def visit(desk: Desk, path: str = "", token: str = OWNER) -> TestClient:
    app = make_app(desk, Places.of("127.0.0.1", 3001), token=OWNER)
    client = TestClient(app, base_url=OWN, headers={"Origin": OWN})
    client.get(path or "/campaigns", params={"token": token})
    return client


@pytest.fixture(scope="module")
def campaign(desk: Desk) -> Campaign:
    wanted = Wanted(mode=Mode.SCORES, asset="edit_pairs", limit=2)
    settings = Settings(
        name=HTML, who="me", seats=2, check_frac=0.5, repeat_frac=0.5, guideline=f"# Hi\n\n{HTML}"
    )
    return make_campaign(desk.factory, wanted, settings)[0]


def pictures(page: str) -> list[str]:
    return re.findall(r'<img src="([^"]+)"', page)


def test_a_rater_is_led_from_task_to_task_and_back_where_they_were(
    desk: Desk, campaign: Campaign
) -> None:
    ann, token = join(desk.store, campaign, f"ann {HTML}")
    path = f"/rate/{campaign.id}"
    client = visit(desk, path, token)
    tasks = opened(desk.store, campaign).tasks(ann)
    assert len(tasks) == 5
    for at, task in enumerate(tasks):
        page = client.get(path).text
        assert HTML not in page
        assert task.item.instructions[0] in unescape(page)
        shown = pictures(page)
        assert shown == [f"{path}/0/{at}/0/{which}" for which in ("source", "result")]
        known = {*task.item.row_ids, *task.item.pair_ids, "painter9", '"va"', "/va"}
        assert not any(secret in page for secret in known)
        assert all(client.get(address).status_code == 200 for address in shown)
        said = {"at": at, "answer0": 4, "answer1": 5, "answer2": 3, "ms": 1200, "note": "so"}
        assert client.post(path, data=said, follow_redirects=False).status_code == 303
        # Whoever comes back, from another browser too, goes on where they were.
        assert f'value="{at + 1}"' in visit(desk, path, token).get(path).text
    assert "Everything is rated" in client.get(path).text
    again = client.get(f"{path}?at=1").text
    assert again.count("checked") == 3
    client.post(path, data={"at": 1, "skip": 1})
    ratings = opened(desk.store, campaign).ratings
    assert sorted(rating.answers for rating in ratings) == [(), *[("4", "5", "3")] * 4]
    assert client.post(path, data={"at": 0, "answer0": 4}).status_code == 409
    for number in ("²", "-1", "9" * 5000):
        assert client.post(path, data={"at": number, "skip": 1}).status_code == 404


def test_a_rater_sees_their_campaign_and_nothing_else(desk: Desk, campaign: Campaign) -> None:
    _, token = join(desk.store, campaign, "bob")
    other, _ = make_campaign(
        desk.factory, Wanted(mode=Mode.SCORES, asset="edit_pairs"), Settings(name="b", who="me")
    )
    path = f"/rate/{campaign.id}"
    client = visit(desk, path, token)
    (pair, *_) = desk.store.select(EditPair)
    version = pair.target_version_id
    for closed in (
        *("/", "/gallery", "/campaigns", f"/campaigns/{campaign.id}", "/review"),
        *(f"/image/{version}", f"/thumb/320/{version}", f"/sample/{pair.id}"),
        *(f"/rate/{other.id}", f"/rate/{other.id}/0/0/0/source"),
    ):
        assert client.get(closed).status_code == 401, closed
    assert client.post("/review", data={"review": "x"}).status_code == 401
    # Those of another rater's tasks: a seat is no secret, but its pictures are not theirs.
    assert client.get(f"{path}/0/0/0/source").status_code == 404
    assert client.get(f"{path}/1/0/0/none").status_code == 404
    assert client.post(path, data={"at": 0}, headers={"Origin": "http://a.b"}).status_code == 403


def test_the_owner_sees_how_raters_do_invites_more_and_may_rate(
    desk: Desk, campaign: Campaign
) -> None:
    client = visit(desk)
    assert HTML not in client.get("/campaigns").text
    page = client.get(f"/campaigns/{campaign.id}").text
    assert "attention checks" in page
    assert HTML not in page
    link = re.search(
        r"<code>(http[^<]+)</code>",
        client.post(f"/campaigns/{campaign.id}", data={"name": "cy"}).text,
    )
    assert link is not None
    stranger = TestClient(client.app, base_url=OWN)
    assert stranger.get(f"/rate/{campaign.id}").status_code == 401
    assert stranger.get(unescape(link[1])).status_code == 200
    assert stranger.get(f"/rate/{campaign.id}").status_code == 200
    table = client.get(f"/campaigns/{campaign.id}/ratings.csv").text
    assert table.startswith("item,showing,counts,rater,pair")
    before = len(opened(desk.store, campaign).raters)
    assert "me" in client.get(f"/rate/{campaign.id}").text
    assert len(opened(desk.store, campaign).raters) == before
    client.post(f"/rate/{campaign.id}", data={"at": 0, "skip": 1})
    assert opened(desk.store, campaign).raters[-1].name == "me"
