"""A page of another origin, open in the same browser, tries to start a run."""

import functools
import http.server
import shutil
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.dagster_api import DagsterApi

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no chromium on the PATH"),
]

LAUNCH = """
mutation {
  launchRun(executionParams: {
    mode: "default"
    runConfigData: "{CONFIG}"
    selector: {
      repositoryLocationName: "imgedit", repositoryName: "__repository__", jobName: "trace_sample"
    }
  }) { __typename }
}
"""
TRACE = "ops: {sample_trace: {config: {row_id: '0000'}}}"
RUNS = "{ runsOrError { ... on Runs { count } } }"

PAGE = """<!doctype html><title>a page</title>
<iframe name="sink"></iframe>
<form id="form" method="post" target="sink"><input name="query"></form>
"""

# Each answers what it saw, or that it failed.
TRIES = {
    "image": """([there, launch]) => new Promise(done => {
        const image = new Image();
        image.onload = image.onerror = event => done(event.type);
        image.src = there + '/graphql?query=' + encodeURIComponent(launch);
    })""",
    "text": """([there, launch]) => fetch(there + '/graphql', {
        method: 'POST', mode: 'no-cors',
        headers: {'Content-Type': 'text/plain; a=application/json'},
        body: JSON.stringify({query: launch}),
    }).then(answer => answer.type, String)""",
    "json": """([there, launch]) => fetch(there + '/graphql', {
        method: 'POST', headers: {'Content-Type': 'application/json'},
        body: JSON.stringify({query: launch}),
    }).then(answer => answer.text(), String)""",
    "unnamed": """([there, launch]) => fetch(there + '/graphql?query=' + encodeURI(launch), {
        method: 'POST', mode: 'no-cors', referrerPolicy: 'no-referrer',
    }).then(answer => answer.type, String)""",
    "event": """([there]) => fetch(there + '/report_asset_materialization/stolen', {
        method: 'POST', mode: 'no-cors',
    }).then(answer => answer.type, String)""",
    "form": """([there, launch]) => new Promise(done => {
        const form = document.getElementById('form');
        form.action = there + '/graphql?query=' + encodeURIComponent(launch);
        document.querySelector('iframe').onload = event => done(event.type);
        form.submit();
    })""",
    "socket": """([there]) => new Promise(done => {
        const socket = new WebSocket(there.replace('http', 'ws') + '/graphql', 'graphql-ws');
        socket.onopen = socket.onerror = event => done(event.type);
    })""",
    "frame": """([there]) => new Promise(done => {
        const frame = document.createElement('iframe');
        frame.onload = () => done('loaded');
        frame.src = there + '/runs';
        document.body.append(frame);
    })""",
}


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of another site's server."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "index.html").write_text(PAGE)
    serve = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def launch(config: str = TRACE) -> str:
    """The mutation that starts a run of a job, which finds no such row."""
    return LAUNCH.replace("CONFIG", config)


def runs(api: DagsterApi) -> int:
    count: int = api.ask(RUNS)["runsOrError"]["count"]
    return count


def test_no_other_page_starts_a_run(page: Page, api: DagsterApi, site: int) -> None:
    statuses: list[int] = []
    page.on("response", lambda r: statuses.append(r.status) if r.url.startswith(api.url) else None)
    before = runs(api)
    for host in ("127.0.0.1", "localhost", "evil.localhost"):
        page.goto(f"http://{host}:{site}/")
        answers = {name: page.evaluate(code, [api.url, launch()]) for name, code in TRIES.items()}
        assert answers["socket"] == "error"
        assert "launchRun" not in answers["json"]
    assert len(statuses) >= 3 * 5
    assert set(statuses) <= {403, 405, 415}
    assert not api.materialised("stolen")
    assert runs(api) == before
    # It is no fault of the mutation.
    assert api.ask(launch())["launchRun"]["__typename"] == "LaunchRunSuccess"
    assert runs(api) == before + 1


def test_another_name_of_this_machine_is_not_answered(page: Page, api: DagsterApi) -> None:
    for host, status in (("localhost", 200), ("evil.localhost", 421)):
        answer = page.goto(api.url.replace("127.0.0.1", host))
        assert answer is not None
        assert answer.status == status


def test_a_link_from_elsewhere_opens_the_page(page: Page, api: DagsterApi, site: int) -> None:
    page.goto(f"http://evil.localhost:{site}/")
    with page.expect_navigation():
        page.evaluate("there => { location.href = there + '/jobs'; }", api.url)
    expect(page.locator("a[href$='/jobs/everything']")).to_be_visible()


@pytest.mark.parametrize("field", ["home", "profile"])
def test_a_run_cannot_choose_whose_code_it_runs(api: DagsterApi, field: str) -> None:
    before = runs(api)
    chosen = f"resources: {{factory: {{config: {{{field}: '/tmp/theirs'}}}}}}"
    answer = api.ask(launch(f"{TRACE}, {chosen}"))["launchRun"]
    assert answer["__typename"] == "RunConfigValidationInvalid"
    assert runs(api) == before


def test_graphql_s_own_page_still_asks(page: Page) -> None:
    with page.expect_response(lambda r: r.request.method == "POST") as schema:
        page.goto("/graphql")
    assert schema.value.ok
