"""A server on a home with little in it, and a page of a real browser."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.dagster_api import DagsterApi, wait_until
from tests.programs import IMGEDIT, PAIRS_ALONE, free_port

FEW_PROFILE = """
name = "few"
[sources]
studio_shards = 2
scenes_per_shard = 1
clips_per_shard = 1
photos = false
[edits]
folders = ["{types}"]
"""
TYPES = "edit_types"
"""The folder of edit types of one's own; empty at first."""
MADE_BEFORE = "style_transfer"
"""The edit type that is there before the browser opens; its shards' regions are, too."""


UI_TIMEOUT_MS = 60_000
CHROMIUM_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
)


# Ended with the package: the event loop of Playwright would be in the way of later tests.
@pytest.fixture(scope="package")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DagsterApi]:
    """`imgedit up` on a home with two shards and the pairs of one edit type."""
    folder = tmp_path_factory.mktemp("browser")
    profile, log = folder / "few.toml", folder / "up.log"
    (folder / TYPES).mkdir()
    profile.write_text(FEW_PROFILE.format(types=folder / TYPES) + PAIRS_ALONE)
    env = os.environ | {"IMGEDIT_HOME": str(folder / "home"), "IMGEDIT_PROFILE": str(profile)}
    run = subprocess.run(
        [*IMGEDIT, "run", "--edit-types", MADE_BEFORE], env=env, capture_output=True, check=False
    )
    assert run.returncode == 0, run.stderr.decode()
    port = free_port()
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [*IMGEDIT, "up", "--port", str(port)], env=env, stdout=sink, stderr=sink
        )
    try:
        yield answering(DagsterApi(f"http://127.0.0.1:{port}", folder), process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def answering(api: DagsterApi, process: "subprocess.Popen[bytes]", log: Path) -> DagsterApi:
    """The same, once it answers."""

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        return api.is_ready()

    wait_until(answers, what="answer of the webserver", timeout_s=180)
    return api


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(CHROMIUM_FLAGS)
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, api: DagsterApi) -> Iterator[Page]:
    """An empty page whose addresses begin at the server."""
    expect.set_options(timeout=UI_TIMEOUT_MS)
    with chromium.new_context(base_url=api.url, viewport={"width": 1500, "height": 950}) as context:
        context.set_default_timeout(UI_TIMEOUT_MS)
        yield context.new_page()
