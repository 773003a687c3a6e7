"""Campaigns of made-up items, and a home with pairs of studio scenes."""

import pytest

from imgedit_assets.rating.answers import Mode
from imgedit_assets.rating.campaigns import begin
from resources.factory import Factory
from resources.home import Home
from resources.schema import Campaign, CampaignItem
from resources.store import Store
from tests.imgedit_assets.judging.studio_pairs import put_pairs
from tests.imgedit_assets.lineages import blank


def made_up(
    mode: Mode = Mode.SCORES, n: int = 12, seats: int = 3, overlap: int = 2, n_checks: int = 3
) -> tuple[Campaign, list[CampaignItem]]:
    """A campaign with so many items, of which the last are attention checks."""
    campaign = blank(
        Campaign,
        id=f"c{mode}",
        name="spring",
        mode=str(mode),
        seed=7,
        overlap=overlap,
        seats=seats,
        repeat_frac=0.25,
    )
    turns = 2 if mode is Mode.TURNS else 1
    expected = {Mode.SCORES: ("1", "2"), Mode.PAIRS: ("tie", "neither"), Mode.TURNS: ("no",)}
    items = [
        blank(
            CampaignItem,
            id=f"{campaign.id}i{number}",
            campaign_id=campaign.id,
            number=number,
            instructions=tuple(f"do {number}.{turn}" for turn in range(turns)),
            sources=("s",) * turns,
            firsts=("t",) * turns,
            seconds=("u",) * (mode is Mode.PAIRS),
            row_ids=(f"row{number}",),
            pair_ids=(f"pair{number}",) if number < n else (),
            names=("e1", "oracle"),
            cluster=f"image{number}",
            case=f"case{number}",
            expected=expected[mode] if number >= n else (),
        )
        for number in range(n + n_checks)
    ]
    return campaign, items


def put_campaign(store: Store, mode: Mode = Mode.SCORES, **sizes: int) -> Campaign:
    campaign, items = made_up(mode, **sizes)
    begin(store, campaign, items)
    return campaign


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(Home.of(tmp_path_factory.mktemp("rating")))


@pytest.fixture(scope="package")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Factory:
    """A home with the perfect removal of an object from each of two scenes."""
    factory = Factory.open(Home.of(tmp_path_factory.mktemp("studio")))
    put_pairs(factory.store, range(2))
    return factory
