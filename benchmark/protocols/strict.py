"""`imgedit-bench/1`: every answer read strictly, every case counted, adherence the cap.

Three criteria of 1 to 5 by the rubric of the case's class; quality and preservation are held to
adherence (docs/paper.md, "Scores"), and the score is the mean of the three. So whoever does nothing
gets 1, not the 3.67 that (1, 5, 5) has as a mean.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmark.cases import BenchCase, sized
from benchmark.protocols.protocol import Aggregation, CaseScore, LeastIfMissing, Question, Status
from benchmark.suites.studio.versions import TYPES, type_of
from models.chat.prompts import prompt_file, prompt_text
from models.chat.replies import ReplyError, read_reply
from models.edit_types.spec import Rubric
from models.geometry import Rgb
from models.judge.chat import JudgeReply, MeasuredReply
from models.judge.judgement import Judgement
from resources.recipes import digest

CRITERIA = ("adherence", "quality", "preservation")
_GENERAL = ("benchmark.protocols", "general.toml")
_JUDGE = ("models.judge", "prompt.toml")


@dataclass(frozen=True, slots=True)
class StrictProtocol(LeastIfMissing):
    """The protocol of this project."""

    name = "imgedit-bench/1"
    scale = (1.0, 5.0)
    aggregation = Aggregation()

    def asking(self) -> Mapping[str, object]:
        """Of the parameters those that questions depend on."""
        rubrics = [repr(edit_type.rubric) for _, edit_type in sorted(TYPES.items())]
        return {
            "wording": digest(prompt_text(*_GENERAL), prompt_text(*_JUDGE), *rubrics)[:16],
            "parsing": "one JSON object of JudgeReply, whole and half grades of 1 to 5; of a judge "
            "that measures MeasuredReply, any number of 1 to 5",
            "retries": "one, with what was wrong",
            "pictures": "RGB; an output of another size is brought to the source's: area averaging "
            "where it shrinks, Lanczos where it grows, aspect not kept",
        }

    def params(self) -> Mapping[str, object]:
        """All that scores depend on but the judge and the outputs."""
        return {
            **self.asking(),
            "cap": "adherence caps quality and preservation",
            "missing": self.scale[0],
            "unscored": "judge failures count in no mean",
        }

    def questions(
        self, case: BenchCase, turn: int, source: Rgb, edited: Rgb, reference: Rgb | None
    ) -> tuple[Question, ...]:
        """One question, with the class's rubric."""
        words = prompt_file(*_GENERAL)
        title, rubric = _rubric(case, turn)
        judge = prompt_file(*_JUDGE)["judge"].format(
            title=title,
            adherence=rubric.adherence,
            quality=rubric.quality,
            preservation=rubric.preservation,
        )
        prompt = words["parts"].format(
            judge=judge.strip(),
            instruction=case.turns[turn - 1].instruction,
            reference="" if reference is None else words["reference"],
        )
        images = (source, sized(edited, source), *([] if reference is None else [reference]))
        return (Question(part="", prompt=prompt, images=images, form=JudgeReply),)

    def read(self, case: BenchCase, turn: int, answers: Mapping[str, str]) -> CaseScore:
        """The capped mean, or why the answer is none."""
        del case, turn
        try:
            text = answers.get("", "")
            is_measured = '"measured"' in text
            reply: JudgeReply | MeasuredReply = (
                read_reply(text, MeasuredReply) if is_measured else read_reply(text, JudgeReply)
            )
        except ReplyError as error:
            return CaseScore(status=Status.UNPARSABLE, reason=str(error))
        grades = {name: getattr(reply, name).score for name in CRITERIA}
        judged = Judgement(**grades, reason=reply.adherence.reason).capped()
        return CaseScore(
            status=Status.SCORED,
            score=judged.score,
            criteria={name: getattr(judged, name) for name in grades},
            reason=judged.reason,
        )


def _rubric(case: BenchCase, turn: int) -> tuple[str, Rubric]:
    """The class's rubric: by the suite's task, else by what the turn means, else a general one."""
    by_task = {edit_type.benchmark_task: edit_type for edit_type in TYPES.values()}
    operations = case.turns[turn - 1].operations
    if case.task in by_task and case.task:
        edit_type = by_task[case.task]
    elif operations:
        edit_type = type_of(operations)
    else:
        words = prompt_file(*_GENERAL)
        return words["title"], Rubric(**{name: words[name].strip() for name in CRITERIA})
    return edit_type.title.lower(), edit_type.rubric
