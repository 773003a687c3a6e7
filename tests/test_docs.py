"""What the code says of the documents."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
CITED = re.compile(r"docs/paper\.md\b([^.;)\n]*)")


def test_what_is_cited_of_the_paper_stands_there() -> None:
    text = (ROOT / "docs" / "paper.md").read_text("utf-8")
    titles = set(re.findall(r"^#+ (.+)$", text, flags=re.M))
    cited = {
        title
        for package in ("models", "resources", "benchmark", "imgedit_assets")
        for path in (ROOT / package).rglob("*.py")
        for rest in CITED.findall(path.read_text("utf-8"))
        for title in re.findall(r'"([^"]+)"', rest)
    }
    assert cited
    assert cited <= titles
