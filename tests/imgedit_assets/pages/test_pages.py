"""The pages over a small home, asked without a browser."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient
from typer.testing import CliRunner

from imgedit_assets.cli.app import app
from imgedit_assets.pages.desk import Desk
from imgedit_assets.pages.export import ExportError, export
from resources.schema import Quarantine
from tests.imgedit_assets.pages.homes import (
    AFTER,
    BAD,
    GOOD,
    HTML,
    TURNS,
    client,
    inside,
    small_home,
)

DAGSTER = 'href="http://127.0.0.1:3000'


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with pytest.MonkeyPatch.context() as patch:
        yield small_home(tmp_path_factory.mktemp("pages") / "home", patch)


@pytest.fixture
def pages(desk: Desk) -> TestClient:
    return client(desk)


def shown(text: str) -> list[str]:
    """The pairs of a gallery, in their order."""
    return re.findall(r'data-id="(\w+)"', text)


def test_the_address_filters_and_orders(pages: TestClient) -> None:
    assert shown(pages.get("/").text) == [BAD, TURNS[1], TURNS[0], GOOD]
    for query, expected in {
        "sort=best&min=4": [GOOD, TURNS[0]],
        "state=accepted": [GOOD],
        "state=low_score&max=2.2": [BAD],
        "text=TURN 2": [TURNS[1]],
        "sort=worst&disagree=0": [BAD, GOOD],
        "run=run-edit_pairs&type=remove&sort=best": [GOOD, TURNS[0], TURNS[1], BAD],
        "type=add": [],
    }.items():
        assert shown(pages.get(f"/gallery?{query}").text) == expected, query
    text = pages.get("/gallery?type=remove").text
    assert "low score (3)" in text
    assert pages.get("/gallery?shows=a+dog").text.count("no image is embedded") == 1


@pytest.mark.parametrize("query", ["min=low", "sort=DROP", "after=x~y"])
def test_an_address_that_says_nothing_sensible_is_told_so(pages: TestClient, query: str) -> None:
    answer = pages.get(f"/gallery?{query}")
    assert answer.status_code == 409
    assert "That cannot be shown" in answer.text


@pytest.mark.parametrize(
    "path",
    [
        *("/gallery", f"/sample/{BAD}", f"/sample/{GOOD}", "/quarantines", "/leaderboard"),
        "/leaderboard/compare?suite=studio-basic&a=oracle&b=copy-input",
        f"/quarantine?kind=source&value=file:///{HTML}.png&row={HTML}".replace("&", "%26").replace(
            "%26value", "&value"
        ),
    ],
)
def test_what_others_wrote_is_text(pages: TestClient, path: str) -> None:
    text = pages.get(path).text
    assert "<img src=x" not in text
    assert HTML not in text
    assert not re.search(r'\b(?:href|src)="(?:https?:|//|javascript:)', text.replace(DAGSTER, ""))


def test_a_sample_tells_all_of_a_pair(pages: TestClient) -> None:
    text = pages.get(f"/sample/{BAD}").text
    for told in ("metric 5", "oracle", "failed by 0.75", "<dd>77</dd>", "source images", "run-edi"):
        assert told in text, told
    assert set(shown(text)) == {GOOD, *TURNS}
    assert f'href="/sample/{TURNS[1]}?' in text  # the next in the order of the worst
    turn = pages.get(f"/sample/{TURNS[1]}").text
    assert turn.index("as it came") < turn.index("turn 1</a>") < turn.index("<b>turn 2</b>")
    assert pages.get("/sample/ffffffff").status_code == 404
    # Another row, by its beginning.
    assert "masks <code>" in pages.get("/sample/" + pages_row(text, "masks")).text


def pages_row(text: str, asset: str) -> str:
    """The row of an asset in a drawn lineage."""
    found = re.search(rf"<title>{asset} (\w+)", text)
    assert found
    return found[1]


def test_pictures_are_served_by_id_alone(pages: TestClient) -> None:
    def pixels(path: str) -> np.ndarray:
        return np.asarray(Image.open(io.BytesIO(pages.get(path).content)))

    assert (pixels(f"/image/{AFTER}")[inside()] == 200).all()
    assert (pixels(f"/mask/{BAD}")[..., 3] > 0).tolist() == inside().tolist()
    assert pixels(f"/thumb/320/{AFTER}").shape == (40, 60, 3)
    for path in ("/image/..%2f..%2fetc%2fpasswd", f"/thumb/77/{AFTER}", "/image/ffff", "/mask/x'"):
        assert pages.get(path).status_code == 404, path
    assert pages.get("/dataset/..%2fstatistics.json").status_code == 404


def test_a_quarantine_is_foreseen_done_and_undone(desk: Desk, pages: TestClient) -> None:
    ahead = pages.get("/quarantine", params={"kind": "row", "value": GOOD}).text
    assert "<b>1</b> accepted pair would leave: remove 1" in ahead
    assert not desk.store.select(Quarantine)
    asked = {"kind": "run", "value": "run-masks", "as": "json"}
    assert pages.post("/quarantine", data=asked).status_code == 409
    assert pages.post("/quarantine", data={**asked, "kind": "x", "why": "y"}).status_code == 409
    assert pages.get("/quarantine", params=asked).status_code == 200
    assert not desk.store.select(Quarantine)
    made = pages.post("/quarantine", data={**asked, "why": HTML}).json()
    (mark,) = desk.store.select(Quarantine)
    assert (mark.id, mark.why, mark.who) == (made["id"], HTML, "ann")
    assert HTML not in pages.get(f"/sample/{GOOD}").text
    pages.post("/quarantines/undo", data={"id": mark.id})
    assert desk.store.select(Quarantine)[0].undone_by == "ann"


def test_the_files_of_an_export_link_each_other(desk: Desk, tmp_path: Path) -> None:
    site = tmp_path / "site"
    export(desk, site, start="sort=best", pages=9, tell=print)
    files = {file.relative_to(site).as_posix() for file in site.rglob("*") if file.is_file()}
    assert {"index.html", "gallery.html", f"sample/{GOOD}.html", "static/pages.css"} <= files
    for page in site.rglob("*.html"):
        text = page.read_text()
        assert "<form" not in text
        for link in re.findall(r'\b(?:href|src|data-(?:before|after|mask))="([^"#]+)', text):
            assert not urlsplit(link).scheme, link
            # The made-up rows have regions of no size.
            made = "/picture/" in link or (page.parent / link).resolve().is_file()
            assert made, (page, link)
    with pytest.raises(ExportError, match="holds something"):
        export(desk, site, start="", pages=9, tell=print)


@pytest.mark.parametrize("token", [(), ("--token", "short")])
def test_another_address_than_loopback_needs_a_token(
    token: tuple[str, ...], desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGEDIT_HOME", str(desk.factory.home.folder))
    answer = CliRunner().invoke(app, ["view", "--host", "0.0.0.0", *token])
    assert answer.exit_code == 1
    assert "give a --token of 12 characters or more" in answer.output
