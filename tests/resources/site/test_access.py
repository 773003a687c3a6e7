import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from resources.site.access import Access, Visitor
from resources.webplaces import Places

OWN = "http://127.0.0.1:3001"
TOKEN = "a token of the owner"
RATER = "ann's token; and more"


def _who(request: Request) -> JSONResponse:
    visitor = request.state.visitor or Visitor(name="")
    return JSONResponse([visitor.name, visitor.campaign, str(request.url.query)])


def client(token: str = "") -> TestClient:
    routes = [Route("/{path:path}", _who, methods=["GET", "POST"])]
    raters = {("birds", RATER): "ann"}
    app = Access(
        Starlette(routes=routes),
        places=Places.of("127.0.0.1", 3001),
        owner="me",
        token=token,
        raters=lambda campaign, token: raters.get((campaign, token)),
    )
    return TestClient(app, base_url=OWN, follow_redirects=False)


def test_whoever_reaches_loopback_is_the_owner_but_by_its_own_name() -> None:
    assert client().get("/gallery").json() == ["me", "", ""]
    assert client().get("/gallery", headers={"Host": "evil.example:3001"}).status_code == 421


@pytest.mark.parametrize(
    ("origin", "status"),
    [(OWN, 200), ("http://evil.example", 403), ("null", 403), ("http://127.0.0.1:3000", 403)],
)
def test_only_own_pages_write(origin: str, status: int) -> None:
    assert client().post("/quarantine", headers={"Origin": origin}).status_code == status
    assert client().post("/quarantine").status_code == 403


def test_a_token_opens_once_and_then_stands_in_no_address() -> None:
    asked = client(TOKEN)
    assert asked.get("/gallery").status_code == 401
    assert asked.get("/gallery", params={"token": TOKEN[:-1]}).status_code == 401
    assert asked.get("/static/pages.css").status_code != 401
    arrived = asked.get("/gallery", params={"token": TOKEN, "sort": '"><b>'})
    assert TOKEN not in arrived.text
    assert "<b>" not in arrived.text
    cookie = arrived.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert asked.get("/gallery").json()[0] == "me"


def test_a_rater_sees_their_campaign_alone() -> None:
    asked = client(TOKEN)
    assert asked.get("/rate/birds/", params={"token": RATER}).status_code == 200
    assert asked.get("/rate/birds/next").json()[:2] == ["ann", "birds"]
    for path in ("/rate/cats/", "/rate/birdsong/", "/gallery", "/sample/3f9a", "/image/3f9a"):
        assert asked.get(path).status_code == 401, path
    assert asked.get("/rate/cats/", params={"token": RATER}).status_code == 401


def test_every_answer_keeps_other_hosts_out() -> None:
    policy = client().get("/gallery").headers["content-security-policy"]
    assert policy.startswith("default-src 'self'")
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("value", ["", '"', "a b", "\x7f", "ü", "[]", "=;;"])
def test_a_broken_cookie_is_no_token(value: str) -> None:
    sent = {"Cookie": f"imgedit_token={value}".encode("latin-1")}
    assert client(TOKEN).get("/gallery", headers=sent).status_code == 401
    assert client().get("/gallery", headers=sent).status_code == 200
