"""Who is answered by Dagster's webserver: a table of requests, put to the real application."""

import asyncio
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.types import Message
from starlette.websockets import WebSocketDisconnect

from resources.webguard import ENDPOINTS, Guard
from resources.webplaces import HostError, Places
from resources.webserver import guarded_app

HOME = "http://127.0.0.1:3000"
MUTATION = 'mutation { setConcurrencyLimit(concurrencyKey: "stolen", limit: 1) }'
QUERY = "{ version }"
FOREIGN = ("http://evil.example", "http://127.0.0.1:8000", "https://127.0.0.1", "null", "")
CROSS = {"Sec-Fetch-Site": "cross-site"}
LINK = {**CROSS, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as instance:
        yield instance


@pytest.fixture(scope="module")
def workspace(instance: dg.DagsterInstance) -> Iterator[WorkspaceProcessContext]:
    with WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def client(workspace: WorkspaceProcessContext) -> TestClient:
    """Asks a webserver that listens on loopback, as a program does: without an origin."""
    return TestClient(guarded_app(workspace, Places.of("127.0.0.1", 3000)), base_url=HOME)


def asked_as(places: Places, host: str, **headers: str) -> int:
    """The status of a question under a name."""
    client = TestClient(Guard(PlainTextResponse("answered"), places), base_url=HOME)
    named = {"Host": host, **headers}
    return client.post("/graphql", json={"query": QUERY}, headers=named).status_code


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:3000", 200),
        ("localhost:3000", 200),
        ("LocalHost:3000", 200),
        ("[::1]:3000", 200),
        ("[0:0:0:0:0:0:0:1]:3000", 200),
        ("127.0.0.1", 421),
        ("127.0.0.1:8000", 421),
        ("evil.example:3000", 421),
        ("127.0.0.1.evil.example:3000", 421),
        ("localhost.evil.example:3000", 421),
        ("evil.localhost:3000", 421),
        ("0.0.0.0:3000", 421),
        ("192.168.1.5:3000", 421),
        ("127.0.0.1:3000@evil.example", 421),
        ("evil.example/127.0.0.1:3000", 421),
        ("", 421),
    ],
)
def test_on_loopback_only_its_names_are_answered(host: str, status: int) -> None:
    places = Places.of("127.0.0.1", 3000)
    assert asked_as(places, host) == status
    # A page that gives its own name to this machine asks by that name.
    assert asked_as(places, host, Origin=f"http://{host}") == status


@pytest.mark.parametrize("hosts", [[], ["127.0.0.1:3000", "evil.example"], ["a", "localhost:3000"]])
def test_exactly_one_host_is_named(hosts: list[str]) -> None:
    async def never(*_: object) -> None:
        pytest.fail("the request was handed on")

    async def send(message: Message) -> None:
        said.append(message)

    said: list[Message] = []
    headers = [(b"host", host.encode()) for host in hosts]
    scope = {"type": "http", "method": "GET", "path": "/", "headers": headers}
    asyncio.run(Guard(never, Places.of("127.0.0.1", 3000))(scope, never, send))
    assert said[0]["status"] == 421


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("192.168.1.5:3000", "http://192.168.1.5:3000", 200),
        ("[fe80::1]:3000", "http://[fe80::1]:3000", 200),
        ("192.168.1.5:8000", "http://192.168.1.5:8000", 421),
        ("gpu-box:3000", "http://gpu-box:3000", 421),
        ("imgedit.example", "https://imgedit.example", 200),
        ("imgedit.example:3000", "http://imgedit.example:3000", 200),
        ("imgedit.example:444", "https://imgedit.example:444", 421),
        ("tunnel:8080", "http://tunnel:8080", 200),
        ("tunnel:3000", "http://tunnel:3000", 421),
        # A proxy that asks by our own name.
        ("127.0.0.1:3000", "https://imgedit.example", 200),
        ("127.0.0.1:3000", "https://other.example", 403),
        ("192.168.1.5:3000", "http://192.168.1.6:3000", 403),
    ],
)
def test_elsewhere_addresses_and_given_names_are_answered(
    host: str, origin: str, status: int
) -> None:
    places = Places.of("0.0.0.0", 3000, ["imgedit.example", "tunnel:8080"])
    assert asked_as(places, host, Origin=origin) == status


@pytest.mark.parametrize(
    "name", ["", "*", "https://imgedit.example", "a b", "imgedit.example/ui", "::1", "a:b"]
)
def test_a_name_that_is_none_is_told(name: str) -> None:
    with pytest.raises(HostError, match="is no host name"):
        Places.of("127.0.0.1", 3000, [name])


REFUSED = {
    "mutation by GET": ("GET", "/graphql", {"params": {"query": MUTATION}}, 405),
    "the same where a page is wanted": (
        *("GET", "/graphql"),
        {"params": {"query": MUTATION}, "headers": {"Accept": "text/html"}},
        405,
    ),
    "the same behind a query": (
        *("GET", "/graphql"),
        {"params": {"query": f"query a {QUERY} {MUTATION}", "operationName": ""}},
        405,
    ),
    "subscription by GET": (
        *("GET", "/graphql"),
        {"params": {"query": 'subscription { capturedLogs(logKey: ["a"]) { cursor } }'}},
        405,
    ),
    "nested too deep": ("GET", "/graphql", {"params": {"query": "{a" * 5000}}, 405),
    "no JSON": ("POST", "/graphql", {"content": f'{{"query": "{QUERY}"}}'}, 415),
    "text": (
        *("POST", "/graphql"),
        {"content": f'{{"query": "{QUERY}"}}', "headers": {"Content-Type": "text/plain"}},
        415,
    ),
    "text that speaks of JSON": (
        *("POST", "/graphql"),
        {
            "content": f'{{"query": "{QUERY}"}}',
            "headers": {"Content-Type": "text/plain; a=application/json"},
        },
        415,
    ),
    "GraphQL": (
        *("POST", "/graphql"),
        {"content": MUTATION, "headers": {"Content-Type": "application/graphql"}},
        415,
    ),
    "a form": ("POST", "/graphql", {"data": {"query": MUTATION}}, 415),
    "a form with files": ("POST", "/graphql", {"files": {"query": b"{}"}}, 415),
    "mutation in the address": ("POST", "/graphql", {"params": {"query": MUTATION}}, 415),
    "an event without a type": ("POST", "/report_asset_materialization/stolen", {}, 415),
    "an event from a form": (
        *("POST", "/report_asset_materialization/stolen"),
        {"data": {"a": "b"}},
        415,
    ),
    "a query from another site": (
        *("GET", "/graphql"),
        {"params": {"query": QUERY}, "headers": CROSS},
        403,
    ),
    "a query from a page": (
        *("GET", "/graphql"),
        {"params": {"query": QUERY}, "headers": {"Referer": "http://evil.example/page"}},
        403,
    ),
    "a link to the API": ("GET", "/graphql", {"headers": {**LINK, "Accept": "text/html"}}, 403),
    "a neighbour's port": (
        *("GET", "/graphql"),
        {"params": {"query": QUERY}, "headers": {"Sec-Fetch-Site": "same-site"}},
        403,
    ),
    "logs": ("GET", "/logs/a/b.out", {"headers": LINK}, 403),
    "a run's story": ("GET", "/download_debug/a", {"headers": CROSS}, 403),
    "a page in a frame": ("GET", "/runs", {"headers": {**LINK, "Sec-Fetch-Dest": "iframe"}}, 403),
    "a picture": ("GET", "/favicon.png", {"headers": {**CROSS, "Sec-Fetch-Dest": "image"}}, 403),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_pages_can_send_unasked_is_refused(
    client: TestClient, instance: dg.DagsterInstance, case: str
) -> None:
    method, path, more, status = REFUSED[case]
    answer = client.request(method, path, **more)
    assert answer.status_code == status
    assert answer.text.startswith("refused: ")
    assert len(answer.text.splitlines()) == 1
    assert untouched(instance)


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("path", ["/graphql", "/report_asset_materialization/stolen", "/runs"])
def test_a_foreign_origin_is_refused_whatever_it_sends(
    client: TestClient, instance: dg.DagsterInstance, origin: str, path: str
) -> None:
    body = {"query": MUTATION}
    assert client.post(path, json=body, headers={"Origin": origin}).status_code == 403
    asks = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    assert client.options(path, headers=asks).status_code == 403
    assert client.get(path, headers={"Origin": origin}).status_code == 403
    assert untouched(instance)


@pytest.mark.parametrize(
    "headers",
    [
        *({"Origin": origin} for origin in FOREIGN),
        {"Host": "evil.example:3000", "Origin": "http://evil.example:3000"},
        {"Host": "evil.example:3000"},
    ],
)
def test_a_foreign_websocket_is_not_opened(client: TestClient, headers: dict[str, str]) -> None:
    with pytest.raises(WebSocketDisconnect), opened(client, **headers):
        pass


def test_a_mutation_of_our_own_is_done(client: TestClient, instance: dg.DagsterInstance) -> None:
    assert untouched(instance)
    client.post("/graphql", json={"query": MUTATION}, headers={"Origin": HOME}).raise_for_status()
    assert not untouched(instance)
    instance.event_log_storage.delete_concurrency_limit("stolen")
    assert untouched(instance)


@pytest.mark.parametrize("headers", [{}, {"Origin": HOME, "Sec-Fetch-Site": "same-origin"}])
def test_programs_and_our_own_pages_are_answered(
    client: TestClient, headers: dict[str, str]
) -> None:
    assert "data" in client.post("/graphql", json={"query": QUERY}, headers=headers).json()
    typed = {**headers, "Content-Type": "application/json; charset=utf-8"}
    body = f'{{"query": "{QUERY}"}}'
    assert "data" in client.post("/graphql", content=body, headers=typed).json()
    assert "data" in client.get("/graphql", params={"query": QUERY}, headers=headers).json()
    graphiql = client.get("/graphql", headers={**headers, "Accept": "text/html"})
    assert "GraphiQL" in graphiql.text
    with opened(client, **headers) as socket:
        socket.send_json({"type": "connection_init"})
        assert socket.receive_json() == {"type": "connection_ack"}


def test_a_link_to_a_page_may_stand_anywhere(client: TestClient) -> None:
    for headers in (LINK, {"Referer": "http://wiki.example/our-graph"}):
        answer = client.get("/assets/edit_pairs", params={"query": "a*"}, headers=headers)
        assert answer.status_code == 200


def test_no_page_is_shown_in_a_stranger_s_frame(client: TestClient) -> None:
    headers = client.get("/runs").headers
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    policies = headers.get_list("Content-Security-Policy")
    assert "frame-ancestors 'self'" in policies
    assert any("script-src" in policy for policy in policies)


def test_every_endpoint_of_dagster_is_known(workspace: WorkspaceProcessContext) -> None:
    """A release of Dagster that adds one must be looked at."""
    from dagster_webserver.app import create_app_from_workspace_process_context

    routes = create_app_from_workspace_process_context(workspace).routes
    static = {"root_static"} | {r.name for r in routes if isinstance(r, Mount)}
    first = {r.path.split("/")[1] for r in routes if r.name not in static}  # type: ignore[attr-defined]
    assert first - {"", "{path:path}", "server_info", "dagit_info"} == ENDPOINTS


def opened(client: TestClient, **headers: str) -> WebSocketTestSession:
    # The client has a name of its own for WebSockets.
    named = {"Host": "127.0.0.1:3000", **headers}
    return client.websocket_connect("/graphql", subprotocols=["graphql-ws"], headers=named)


def untouched(instance: dg.DagsterInstance) -> bool:
    """Whether nothing was changed by any request."""
    limits = instance.event_log_storage.get_concurrency_keys()
    return not limits and not instance.all_asset_keys()
