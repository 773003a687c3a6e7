"""What a run will make and ask, and what that may cost: told before it starts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmark.cases import BenchCase, pixels
from benchmark.editors.editor import BenchEditor
from benchmark.editors.services import ServiceEditor
from benchmark.judging.chat import ChatBenchJudge
from benchmark.judging.judge import Ask, BenchJudge, ask_key
from benchmark.protocols.protocol import ScoringProtocol
from benchmark.runs.folder import AnswerLine, RunFolder, lines
from benchmark.runs.generate import outputs_of
from models.faults import FaultError
from resources.chat.client import ChatClient
from resources.chat.questions import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Outputs of one editor, or answers of one judge."""

    what: str
    total: int
    there: int
    """So many of them are in the folder."""
    most_usd: float | None
    """What the others cost at most; None where no price is known or nobody is paid."""

    def __str__(self) -> str:
        """One line."""
        left = max(0, self.total - self.there)
        cost = "" if self.most_usd is None else f", at most {self.most_usd:.2f} USD"
        return f"{self.what}: {left:,} of {self.total:,} to come{cost}"


def estimates(
    folder: RunFolder,
    cases: Sequence[BenchCase],
    epochs: int,
    *,
    editor: BenchEditor | None,
    protocol: ScoringProtocol,
    judges: Sequence[BenchJudge],
) -> Iterator[Estimate]:
    """Of the editor, if outputs are to be made, and of each judge.

    A question's price is that of one about the first case, its source standing in for the output,
    with an answer as long as is allowed.

    Raises:
        ImgEditError: The folder is damaged.
    """
    ids = {case.id for case in cases}
    turns = epochs * sum(len(case.turns) for case in cases)
    if editor is not None:
        made = sum(bool(line.image) and line.id in ids for line in outputs_of(folder).values())
        price = editor.dearest_usd if isinstance(editor, ServiceEditor) else None
        yield _estimate(f"{editor.name}: outputs", turns, made, price)
    asks = _asks(cases[0], protocol) if cases else ()
    wanted = {
        ask_key(case.id, epoch, turn, ask.part)
        for case in cases
        for epoch in range(1, epochs + 1)
        for turn in range(1, len(case.turns) + 1)
        for ask in asks
    }
    for judge in judges:
        known = {line.key for line in lines(folder.answers(judge.name), AnswerLine)}
        there, price = len(known & wanted), price_usd(judge, asks)
        yield _estimate(f"{judge.name}: answers", len(wanted), there, price)


def price_usd(judge: BenchJudge, asks: Sequence[Ask]) -> float | None:
    """The most that one of the questions costs, on average; None where nobody is paid."""
    if not (asks and isinstance(judge, ChatBenchJudge) and isinstance(judge.chat, ChatClient)):
        return None
    each = [Question(judge.request(ask), judge.chat).estimate_usd for ask in asks]
    return sum(each) / len(each) or None


def _estimate(what: str, total: int, there: int, each_usd: float | None) -> Estimate:
    usd = None if each_usd is None else each_usd * max(0, total - there)
    return Estimate(what=what, total=total, there=there, most_usd=usd)


def _asks(case: BenchCase, protocol: ScoringProtocol) -> tuple[Ask, ...]:
    try:
        shown = pixels(case.source)
    except FaultError:
        return ()
    return tuple(
        Ask(case=case, turn=1, epoch=1, part=q.part, prompt=q.prompt, images=q.images, form=q.form)
        for q in protocol.questions(case, 1, shown, shown, None)
    )
