"""Taking a bad pair out, or all of its source, recipe or run: foreseen, done, undone."""

from imgedit_assets.effects import foreseen
from imgedit_assets.pages.desk import Desk
from imgedit_assets.sample.quarantine import (
    SELECTED_BY,
    QuarantineError,
    Selector,
    drafted,
    mark,
    partitions_touched,
    undo,
)
from imgedit_assets.sample.wording import mark_line
from resources.schema import Quarantine
from resources.site.web import JSONResponse, RedirectResponse, Request, Response, Route, posted

REASONS = (
    *("bad picture", "the edit was not done", "the wrong object was edited"),
    *("torn or smeared", "changed beside the edit", "the instruction is wrong", "not to be shown"),
)
"""What is mostly said; the first stands there at once."""


def routes(desk: Desk) -> list[Route]:
    """`/quarantine` foresees and does, `/quarantines` lists and undoes."""
    refresher = desk.refresher

    def ahead(request: Request) -> Response:
        query = request.query_params
        selector = _selector(query.get("kind", ""), query.get("value", ""))
        draft = drafted(desk.store, selector, "", desk.who)
        change = foreseen(desk.store, draft)
        choices = {kind: query[kind] for kind in SELECTED_BY if query.get(kind)}
        return desk.page(
            request,
            "quarantine.html",
            draft=draft,
            change=change,
            choices=choices or {draft.kind: selector.value},
            reasons=REASONS,
        )

    def begin(request: Request, said: dict[str, str]) -> Response:
        del request
        why = said.get("why", "").strip()
        if not why:
            msg = "say why: the reason stands beside every pair that is taken out"
            raise QuarantineError(msg)
        selector = _selector(said.get("kind", ""), said.get("value", ""))
        return done(mark(desk.store, selector, why, desk.who), said)

    def end(request: Request, said: dict[str, str]) -> Response:
        del request
        return done(undo(desk.store, said.get("id", ""), desk.who), said)

    def done(made: Quarantine, said: dict[str, str]) -> Response:
        refresher.ask(sorted(partitions_touched(desk.store, [made])))
        if said.get("as") == "json":
            return JSONResponse({"id": made.id, "says": mark_line(made)})
        return RedirectResponse("/quarantines", 303)

    def listed(request: Request) -> Response:
        marks = sorted(desk.store.select(Quarantine), key=lambda made: made.at, reverse=True)
        return desk.page(
            request,
            "quarantines.html",
            marks=[(made, mark_line(made)) for made in marks],
            waiting=refresher.waiting,
            errors=refresher.errors,
        )

    def state(request: Request) -> Response:
        del request
        return JSONResponse({"waiting": refresher.waiting, "errors": refresher.errors})

    return [
        Route("/quarantine", ahead),
        posted("/quarantine", begin),
        Route("/quarantines", listed),
        Route("/quarantines/state", state),
        posted("/quarantines/undo", end),
    ]


def _selector(kind: str, value: str) -> Selector:
    for known in SELECTED_BY:
        if kind == known and value:
            return Selector(kind=known, value=value)
    msg = f"nothing to quarantine: name one of {', '.join(SELECTED_BY)} and its value"
    raise QuarantineError(msg)
