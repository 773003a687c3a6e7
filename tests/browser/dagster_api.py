"""What the browser tests ask Dagster itself, through GraphQL."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2

POLL_S = 0.5

READY = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"
PARTITIONS = """
query ($path: [String!]!) {
  assetOrError(assetKey: {path: $path}) {
    ... on Asset { assetMaterializations(limit: 1000) { partition } }
  }
}
"""
TRACE = """
{
  assetOrError(assetKey: {path: ["sample_trace"]}) {
    ... on Asset {
      assetMaterializations(limit: 1) {
        metadataEntries { ... on MarkdownMetadataEntry { mdStr } }
      }
    }
  }
}
"""
KEYS = """
query ($asset: AssetKeyInput!) {
  assetNodeOrError(assetKey: $asset) { ... on AssetNode { partitionKeys } }
}
"""
BACKFILL = """
query ($id: String!) {
  partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill { status error { message } runs { id status } }
  }
}
"""


class DagsterApi:
    """A webserver's GraphQL."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        """Where its home and profile lie."""
        self._http = httpx2.Client(base_url=url, timeout=60, trust_env=False)

    def ask(self, query: str, **variables: Any) -> Any:
        """The data of an answer."""
        asked = {"query": query, "variables": variables}
        answer = self._http.post("/graphql", json=asked).raise_for_status().json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def is_ready(self) -> bool:
        """Whether the webserver answers and has loaded the definitions."""
        try:
            return bool(self.ask(READY)["repositoriesOrError"].get("nodes"))
        except httpx2.TransportError:
            return False

    def materialised(self, asset: str) -> set[str]:
        """The partitions of an asset that have been materialised."""
        found = self.ask(PARTITIONS, path=[asset])["assetOrError"]
        return {event["partition"] for event in found.get("assetMaterializations", ())}

    def traced(self) -> str:
        """The Markdown of the last trace; empty where there is none."""
        found = self.ask(TRACE)["assetOrError"]
        events = found.get("assetMaterializations", ())
        return "".join(e.get("mdStr", "") for event in events for e in event["metadataEntries"])

    def partitions(self, asset: str) -> set[str]:
        """Every partition key of an asset."""
        return set(self.ask(KEYS, asset={"path": [asset]})["assetNodeOrError"]["partitionKeys"])

    def backfill(self, backfill_id: str) -> dict[str, Any]:
        """A backfill's status, error and runs."""
        found: dict[str, Any] = self.ask(BACKFILL, id=backfill_id)["partitionBackfillOrError"]
        return found


def wait_until(holds: Callable[[], bool], *, what: str, timeout_s: float) -> None:
    """Return once something holds."""
    give_up_at = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < give_up_at, f"no {what} in {timeout_s:.0f} s"
        time.sleep(POLL_S)
