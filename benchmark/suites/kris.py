"""KRIS-Bench: a folder for each category, with `annotation.json` and the pictures it names.

An annotation is `{id: {ori_img, gt_img, ins_en, explain_en}}`; `ori_img` is a name or several.
"""

from pathlib import Path

from benchmark.cases import BenchCase, CaseTurn
from benchmark.suites.listing import ListedSuite, cases_hash, demand_none, found_in, tasks_of
from benchmark.suites.pictures import Pictures
from benchmark.suites.rows import Row, json_records
from models.faults import ImgEditError

_KINDS = {
    "factual": (
        *("count_change", "color_change", "size_adjustment", "part_completion"),
        *("anomaly_correction", "position_movement", "viewpoint_change", "temporal_prediction"),
    ),
    "conceptual": (
        *("practical_knowledge", "humanities", "biology", "chemistry", "geography"),
        *("mathematics", "medicine", "physics"),
    ),
    "procedural": (
        *("abstract_reasoning", "rule-based_reasoning"),
        *("multi-instruction_execution", "multi-element_composition"),
    ),
}
"""The categories by kind of knowledge, as the publishers' summary groups them."""
KNOWLEDGE_TASKS = (*_KINDS["conceptual"], "abstract_reasoning", "rule-based_reasoning")
"""The categories in which knowledge is judged, too."""
EXPLANATION = "explanation"
"""The fact that holds what a right result has to show."""


def load(data: Path, pictures: Pictures) -> ListedSuite:
    """The suite; the kinds of knowledge are groups of its cases.

    Raises:
        ImgEditError: The folder is not as published; the text lists what is wrong.
    """
    root = _root(data)
    problems: list[str] = []
    cases = [
        case
        for file in sorted(root.glob("*/annotation.json"))
        for key, row in json_records(file)
        if (case := _case(file.parent, key, row, pictures, problems))
    ]
    remedy = "Give --data the folder as it is published: <category>/annotation.json and pictures."
    demand_none(problems + pictures.problems, root, remedy)
    tasks = tasks_of(cases, [name for kind in _KINDS.values() for name in kind])
    return ListedSuite(
        name="kris",
        revision=f"{len(cases)} cases in {len(tasks)} categories ({cases_hash(cases)})",
        tasks=tasks,
        listed=tuple(cases),
        folder=root,
    )


def _root(data: Path) -> Path:
    for place in (data, data / "KRIS_Bench"):
        if any(place.glob("*/annotation.json")):
            return place
    message = (
        f"kris: no <category>/annotation.json in {data}, nor in {data}/KRIS_Bench; "
        f"{found_in(data)}. Give --data the folder that holds the folders of the categories"
    )
    raise ImgEditError(message)


def _case(
    folder: Path, key: str, row: Row, pictures: Pictures, problems: list[str]
) -> BenchCase | None:
    where = f"{folder.name}/annotation.json, key {key}"
    said, named = row.get("ins_en"), row.get("ori_img")
    names = named if isinstance(named, list) else [named]
    if not isinstance(said, str) or not said.strip():
        problems.append(f"{where}: no ins_en, but {said!r}")
        return None
    found = [pictures.of(name, folder, where) for name in names or [None]]
    (source, cluster), *more = found
    expected = pictures.of(row["gt_img"], folder, where)[0] if row.get("gt_img") else None
    explained = str(row.get("explain_en") or "").strip()
    return BenchCase(
        id=f"{folder.name}/{key}",
        suite="kris",
        task=folder.name,
        source=source,
        turns=(CaseTurn(instruction=said, starts_from=0),),
        cluster=cluster,
        reference=more[0][0] if more else None,
        further=tuple(picture for picture, _ in more[1:]),
        expected=expected,
        groups=tuple(kind for kind, names in _KINDS.items() if folder.name in names),
        facts=((EXPLANATION, explained),) if explained else (),
    )
