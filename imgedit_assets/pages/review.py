"""The review queue: one result at a time, one key for a decision, one to take it back."""

from functools import partial

from imgedit_assets.pages.desk import Desk
from imgedit_assets.pages.waiting import QUEUES, UNDECIDED, Shown, queue, shown
from imgedit_assets.sample.quarantine import Selector, mark, partitions_touched, undo
from imgedit_assets.sample.reviews import (
    ACCEPTED,
    OPEN,
    REJECTED,
    Decision,
    ReviewError,
    decide_on,
)
from resources.schema import Quarantine, Review
from resources.site.web import RedirectResponse, Request, Response, Route, posted

WHY = {ACCEPTED: "good enough", REJECTED: "not good enough"}
"""What is said where nobody writes a reason."""


def routes(desk: Desk) -> list[Route]:
    """`/review` shows the next of a queue, by default of the first that holds any.

    A decision and its undoing come by POST.
    """
    store, refresher = desk.store, desk.refresher

    def page(request: Request) -> Response:
        asked = request.query_params.get("of")
        of = asked or next(filter(partial(queue, desk), QUEUES), UNDECIDED)
        found = queue(desk, of)
        waiting, wanted = list(found), request.query_params.get("at", "")
        at = waiting.index(wanted) if wanted in waiting else 0
        done = list(store.by_ids(Review, [request.query_params.get("done", "")]).values())
        return desk.page(
            request,
            "review.html",
            of=of,
            queues=QUEUES,
            waiting=waiting,
            at=at,
            shown=shown(desk, waiting[at], found) if waiting else None,
            done=done[0] if done else None,
            ended=request.query_params.get("ended", ""),
            refreshing=refresher.waiting,
            errors=refresher.errors,
        )

    def decide(request: Request, said: dict[str, str]) -> Response:
        del request
        of, review = said.get("of", UNDECIDED), said.get("review", "")
        found = queue(desk, of)
        waiting, one = list(found), shown(desk, review, found)
        made = decide_on(store, one.review, _decision(one, said, desk.who))
        ended = _let_in(one) if made.status == ACCEPTED and one.mark else ""
        refresher.ask([f"{made.edit_type}|{made.shard}"])
        after = waiting[waiting.index(review) + 1 :] if review in waiting else []
        ahead = f"&at={after[0]}" if after else ""
        return RedirectResponse(f"/review?of={of}&done={made.id}&ended={ended}{ahead}", 303)

    def _let_in(one: Shown) -> str:
        assert one.mark is not None
        return undo(store, one.mark.id, desk.who).id

    def take_back(request: Request, said: dict[str, str]) -> Response:
        del request
        found = store.by_ids(Review, [said.get("review", "")])
        if not found:
            msg = "there is no such decision to take back"
            raise ReviewError(msg)
        (review,) = found.values()
        decide_on(store, review, Decision(status=OPEN, who=desk.who, why=""))
        for ended in store.by_ids(Quarantine, [said.get("ended", "")]).values():
            again = mark(store, Selector(kind="row", value=ended.value), ended.why, ended.who)
            refresher.ask(sorted(partitions_touched(store, [again])))
        refresher.ask([f"{review.edit_type}|{review.shard}"])
        return RedirectResponse(f"/review?of={said.get('of', UNDECIDED)}&at={review.id}", 303)

    return [
        Route("/review", page),
        posted("/review", decide),
        posted("/review/undo", take_back),
    ]


def _decision(one: Shown, said: dict[str, str], who: str) -> Decision:
    """What a form says.

    Raises:
        ReviewError: It says neither, or the result is out with more than itself.
    """
    status = said.get("status", "")
    if status not in WHY:
        msg = "accept or reject it"
        raise ReviewError(msg)
    if status == ACCEPTED and one.mark and one.mark.kind != "row":
        msg = (
            f"it is in quarantine with all of its {one.mark.kind} {one.mark.value}: end that one "
            "on the page Quarantine, and it can be accepted"
        )
        raise ReviewError(msg)
    old = "\n".join(pair.instruction for pair in one.pairs)
    new = "\n".join(said.get("instruction", old).splitlines()).strip()
    fixed = new if status == ACCEPTED and new != old else ""
    why = said.get("why", "").strip() or ("the instruction was set right" if fixed else WHY[status])
    return Decision(status=status, who=who, why=why, fixed=fixed)
