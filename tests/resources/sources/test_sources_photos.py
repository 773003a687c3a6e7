"""The photographs of installed packages and what is written of them."""

import re
import subprocess
import sys

import pytest

from models.faults import FaultError, Reason
from models.images import read_header
from resources.sources.fetch import Fetcher
from resources.sources.item import SourceItem
from resources.sources.photos import PackagePhotos
from resources.sources.read import read

ITEMS = list(PackagePhotos().items())


def test_the_core_packages_bring_eight() -> None:
    packages = {"skimage", "sklearn", "matplotlib"}
    assert len([i for i in ITEMS if i.uri.split("/")[2] in packages]) == 8
    assert len({i.uri for i in ITEMS}) == len(ITEMS)


@pytest.mark.parametrize("item", ITEMS, ids=lambda i: i.uri)
def test_boxes_lie_in_the_picture_and_nouns_in_the_caption(item: SourceItem) -> None:
    with Fetcher() as fetcher:
        header = read_header(read(item, fetcher))
    for thing in item.annotation.objects:
        x0, y0, x1, y1 = thing.box
        assert 0 <= x0 < x1 <= header.width
        assert 0 <= y0 < y1 <= header.height
    words = item.annotation.caption.lower()
    nouns = {o.name for o in item.annotation.objects} | set(item.annotation.background_nouns)
    assert all(re.search(rf"\b{noun}(s|es)?\b", words) for noun in nouns)
    assert item.licence
    assert item.attribution


def test_listing_imports_none_of_the_packages() -> None:
    code = (
        "import sys; from resources.sources.photos import PackagePhotos;"
        "assert list(PackagePhotos().items());"
        "print({'skimage', 'sklearn', 'matplotlib', 'ultralytics'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("package://skimage/data/absent.png", Reason.MISSING_FILE),
        ("package://no_such_package/a.png", Reason.MISSING_FILE),
        ("package://skimage/../../../secret.png", Reason.OUTSIDE_FOLDER),
        ("ftp://example.org/a.png", Reason.FETCH_REFUSED),
    ],
)
def test_other_uris_are_refused(uri: str, reason: Reason) -> None:
    with Fetcher() as fetcher, pytest.raises(FaultError) as caught:
        read(SourceItem(uri=uri), fetcher)
    assert caught.value.fault.reason is reason
