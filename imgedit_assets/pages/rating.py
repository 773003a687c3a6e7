"""What a rater sees: one task after the other, and nothing of who made a result.

Addresses count tasks, so they tell nothing of models, files and scores; a repeat and an attention
check look like any other task.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from imgedit_assets.pages.desk import Desk
from imgedit_assets.pages.images import FOREVER, whole
from imgedit_assets.rating.answers import POSSIBLE, Mode, RatingError, asked, turned
from imgedit_assets.rating.campaigns import (
    answered,
    items_of,
    join,
    keep,
    newcomer,
    rater_with,
    ratings_by,
    seats_of,
)
from imgedit_assets.rating.plan import Task, plan
from resources.lance_tables import StoreError
from resources.schema import Campaign, Rater, Rating
from resources.site.access import Raters, Visitor
from resources.site.web import HTTPException, RedirectResponse, Request, Response, Route, posted
from resources.store import Store

SIDES = ("left", "right")

MAX_MS = 3_600_000
"""Whoever looks at one task for longer was away."""

MOST_DIGITS = 10


def raters(store: Store) -> Raters:
    """Whose token it is, for those who guard the pages."""

    def name_of(campaign: str, token: str) -> str | None:
        rater = rater_with(store, token)
        return rater.name if rater and rater.campaign_id == campaign else None

    return name_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A rater at their campaign."""

    campaign: Campaign
    rater: Rater
    is_in: bool
    """False for an owner who only looks: the first answer makes them a rater."""
    tasks: tuple[Task, ...]

    @property
    def mode(self) -> Mode:
        """How it rates."""
        return Mode(self.campaign.mode)

    @property
    def path(self) -> str:
        """Where its pages are."""
        return f"/rate/{self.campaign.id}"


class _Booth:
    """What answers a rater's requests."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.store = desk, desk.store
        self._planned = lru_cache(maxsize=64)(self._plan)

    def _plan(self, campaign: Campaign, seat: int) -> tuple[Task, ...]:
        return plan(campaign, items_of(self.store, campaign), seat)

    def _place(self, request: Request) -> Place:
        found = self.store.by_ids(Campaign, [request.path_params["campaign"]])
        if not found:
            raise HTTPException(404, "there is no such campaign")
        (campaign,) = found.values()
        visitor: Visitor = request.state.visitor
        seats = seats_of(self.store, campaign)
        rater = seats.get(visitor.name) or newcomer(campaign, visitor.name, len(seats))
        return Place(
            campaign=campaign,
            rater=rater,
            is_in=visitor.name in seats,
            tasks=self._planned(campaign, rater.seat),
        )

    def page(self, request: Request) -> Response:
        here = self._place(request)
        said = ratings_by(self.store, here.rater)
        open_ = [at for at, task in enumerate(here.tasks) if _key(task) not in said]
        at = _number(request.query_params.get("at", ""))
        at = at if 0 <= at < len(here.tasks) else (*open_, -1)[0]
        done = len(here.tasks) - len(open_)
        if at < 0:
            return self.desk.page(
                request, "rated.html", here=here, done=done, guideline=_guideline(here)
            )
        task = here.tasks[at]
        ahead = next((one for one in open_ if one > at), None)
        return self.desk.page(
            request,
            "rating.html",
            here=here,
            at=at,
            done=done,
            shown=_shown(here, at),
            ahead=_pictures(here, ahead) if ahead is not None else [],
            questions=_questions(here.mode, task, said.get(_key(task))),
            note=said[_key(task)].note if _key(task) in said else "",
            guideline=_guideline(here),
        )

    def picture(self, request: Request) -> Response:
        here, asked_for = self._place(request), request.path_params
        if asked_for["seat"] != here.rater.seat or not asked_for["at"] < len(here.tasks):
            raise HTTPException(404, "there is no such picture")
        versions = _versions(here.mode, here.tasks[asked_for["at"]])
        version = versions.get((asked_for["turn"], asked_for["which"]))
        try:
            data = whole(self.store, version) if version else None
        except StoreError:
            data = None
        if data is None:
            raise HTTPException(404, "this picture is there no more: skip the task")
        return Response(data, media_type="image/png", headers=FOREVER)

    def say(self, request: Request, said: dict[str, str]) -> Response:
        here = self._place(request)
        at = _number(said.get("at", ""))
        if not 0 <= at < len(here.tasks):
            raise HTTPException(404, "there is no such task")
        rating = _answer(here, at, said)
        if not here.is_in:
            join(self.store, here.campaign, here.rater.name, linked=False)
        keep(self.store, [rating])
        return RedirectResponse(here.path, 303)


def routes(desk: Desk) -> list[Route]:
    """`/rate/<campaign>`: the next task, any by `?at=`, its pictures, and what is said of it."""
    booth = _Booth(desk)
    address = "/rate/{campaign}/{seat:int}/{at:int}/{turn:int}/{which}"
    return [
        Route("/rate/{campaign}", booth.page),
        Route(address, booth.picture),
        posted("/rate/{campaign}", booth.say),
    ]


def _answer(here: Place, at: int, said: dict[str, str]) -> Rating:
    task, skipped = here.tasks[at], "skip" in said
    names = asked(here.mode, task.item)
    answers = [] if skipped else [said.get(f"answer{n}", "") for n in range(len(names))]
    if not skipped and not any(answers):
        msg = "answer it, or skip it"
        raise RatingError(msg)
    if here.mode is Mode.PAIRS and task.flipped:
        answers = [turned(answer) for answer in answers]
    ms = _number(said.get("ms", ""))
    note = said.get("note", "")[:2000]
    ms = ms if ms < MAX_MS else 0
    return answered(here.mode, here.rater, task, answers, ms=ms, note=note)


def _number(text: str) -> int:
    """A whole number that somebody sent; -1 for what is none."""
    return int(text) if text.isdecimal() and len(text) < MOST_DIGITS else -1


def _key(task: Task) -> tuple[str, int]:
    return task.item.id, task.showing


def _versions(mode: Mode, task: Task) -> dict[tuple[int, str], str]:
    """The pictures of a task, by turn, from 0, and what they are."""
    item = task.item
    found = {(turn, "source"): version for turn, version in enumerate(item.sources)}
    found |= {(0, f"reference{n}"): version for n, version in enumerate(item.references)}
    if mode is not Mode.PAIRS:
        return found | {(turn, "result"): version for turn, version in enumerate(item.firsts)}
    sides = [item.firsts[0], item.seconds[0]]
    return found | {
        (0, side): version
        for side, version in zip(SIDES, sides[::-1] if task.flipped else sides, strict=True)
    }


def _pictures(here: Place, at: int) -> list[str]:
    versions = _versions(here.mode, here.tasks[at])
    return [f"{here.path}/{here.rater.seat}/{at}/{turn}/{which}" for turn, which in versions]


def _shown(here: Place, at: int) -> list[dict[str, Any]]:
    """A turn each: the words, and what is what by its address."""
    task = here.tasks[at]
    shown: list[dict[str, Any]] = [
        {"words": words, "pictures": {}} for words in task.item.instructions
    ]
    versions = _versions(here.mode, task)
    for (turn, which), address in zip(versions, _pictures(here, at), strict=True):
        shown[turn]["pictures"][which] = address
    return shown


def _questions(mode: Mode, task: Task, said: Rating | None) -> list[dict[str, Any]]:
    """What is asked, what may be answered as it is shown, and what was answered."""
    answers = list(said.answers) if said and said.answers else []
    if mode is Mode.PAIRS and task.flipped:
        answers = [turned(answer) for answer in answers]
    return [
        {"of": of, "possible": POSSIBLE[mode], "said": answers[n] if answers else ""}
        for n, of in enumerate(asked(mode, task.item))
    ]


def _guideline(here: Place) -> str:
    return rendered(here.campaign.guideline)


@lru_cache(maxsize=32)
def rendered(markdown: str) -> str:
    """Markdown as HTML; HTML in it is shown as it is written, and pictures are left out."""
    from markdown_it import MarkdownIt

    made: str = MarkdownIt("commonmark", {"html": False}).disable("image").render(markdown)
    return made
