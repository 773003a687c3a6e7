"""The gates before a release, and the proof that would catch what they let through."""

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgedit_assets.dataset.gates import Gated, Limits, gate, prove
from models.faults import Reason
from models.similarity.words import normalised
from resources.benchmarks import Benchmark, BenchmarkImage, BenchmarkPrompt
from resources.profile import Images, Release

LIMITS = Limits(near_duplicate_bits=4, max_instruction_similarity=0.9, max_unsafe=0.8)
SCHEMA = {
    **dict.fromkeys(("id", "instruction_id", "instruction", "edit_type"), pl.String),
    "turns": pl.Int64,
    **dict.fromkeys(("root_version_id", "group", "source_phash"), pl.String),
    "unsafe": pl.Float64,
}
BENCH = Benchmark(
    name="Bench",
    images=(
        BenchmarkImage(path="far.jpg", phash=2**64 - 1),
        BenchmarkImage(path="dog.jpg", phash=0xFF00),
    ),
    prompts=(
        BenchmarkPrompt(key="a.json:1", text="Turn it all into a sketch."),
        BenchmarkPrompt(key="a.json:2", text="Remove the small red dog on the left."),
    ),
)


def pair(number: int, **columns: Any) -> dict[str, Any]:
    """A pair like no other: every source and every instruction is its own."""
    return {
        "id": f"p{number}",
        "instruction_id": f"i{number}",
        "instruction": f"Paint object{number} colour{number}.",
        "edit_type": "alter",
        "turns": 1,
        "root_version_id": f"r{number}",
        "group": f"g{number}",
        # Multiples of a wide constant are many bits apart.
        "source_phash": f"{(number + 1) * 0x9E3779B97F4A7C15 % 2**64:016x}",
        "unsafe": 0.1,
    } | columns


def frame(*pairs: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(pairs), schema=SCHEMA)


def gated(*pairs: dict[str, Any], benchmarks: tuple[Benchmark, ...] = (BENCH,)) -> Gated:
    return gate(frame(*pairs), benchmarks, LIMITS)


def reasons(found: Gated) -> dict[str, Reason]:
    return {row: Reason(reason) for row, reason, _ in found.dropped.iter_rows()}


def test_pairs_like_nothing_else_are_all_kept() -> None:
    found = gated(*map(pair, range(5)))
    assert found.kept.to_list() == ["p0", "p1", "p2", "p3", "p4"]
    assert found.dropped.is_empty()
    assert found.dropped.columns == ["id", "reason", "detail"]


def test_an_unsafe_pair_goes_and_an_unjudged_one_stays() -> None:
    found = gated(pair(0, unsafe=0.93), pair(1, unsafe=0.8), pair(2, unsafe=None))
    assert found.dropped.rows() == [("p0", "unsafe", "0.93, above 0.8")]


def test_a_source_near_a_benchmark_image_goes() -> None:
    found = gated(pair(0, source_phash=f"{0xFF07:016x}"), pair(1, source_phash=f"{0xFF1F:016x}"))
    assert found.dropped.rows() == [
        ("p0", "benchmark_overlap", "source within 3 bits of Bench/dog.jpg")
    ]
    assert found.nearest_image is not None
    assert (found.nearest_image.row_id, found.nearest_image.value) == ("p1", 5)
    assert found.nearest_image.case == "Bench/dog.jpg"


def test_an_instruction_like_a_benchmarks_goes() -> None:
    found = gated(
        pair(0, instruction="remove THE small, red dog on a left"),
        pair(1, instruction="Remove the small red dog."),
    )
    assert found.dropped.rows() == [
        ("p0", "benchmark_overlap", "instruction 1.0 like Bench/a.json:2")
    ]
    assert found.nearest_instruction is not None
    assert found.nearest_instruction.value == pytest.approx(4 / 6)
    assert found.nearest_instruction.case == "Bench/a.json:2"


def test_all_pairs_of_a_near_duplicate_source_go() -> None:
    first, other = 0x0123456789ABCDEF, 0x0123456789ABCDE8
    found = gated(
        pair(0, source_phash=f"{first:016x}"),
        pair(1, source_phash=f"{other:016x}", root_version_id="copy"),
        pair(2, source_phash=f"{other:016x}", root_version_id="copy"),
        pair(3, source_phash=f"{first:016x}", root_version_id="r0"),
    )
    assert reasons(found) == {"p1": Reason.NEAR_DUPLICATE, "p2": Reason.NEAR_DUPLICATE}
    assert found.dropped["detail"][0] == "source within 4 bits of r0"


def test_frames_of_one_clip_may_be_alike() -> None:
    first, other = 0x0123456789ABCDEF, 0x0123456789ABCDE8
    found = gated(
        pair(0, source_phash=f"{first:016x}", group="clip a"),
        pair(1, source_phash=f"{other:016x}", group="clip a"),
        pair(2, source_phash=f"{other:016x}", group="clip b"),
    )
    assert reasons(found) == {"p2": Reason.NEAR_DUPLICATE}


def test_the_same_words_on_the_same_source_are_one_pair() -> None:
    same = {"root_version_id": "r0", "source_phash": pair(0)["source_phash"]}
    found = gated(
        pair(0, instruction="Make the car red."),
        pair(1, instruction="make a car: red", **same),
        pair(2, instruction="Make the car red."),
        pair(3, instruction="Make the car blue.", **same),
    )
    assert found.dropped.rows() == [("p1", "near_duplicate", "same source and instruction as p0")]


def dialogue(number: int, *instructions: str, **columns: Any) -> list[dict[str, Any]]:
    shared = pair(number, turns=len(instructions)) | columns
    return [
        shared | {"id": f"p{number}-{turn}", "instruction": text}
        for turn, text in enumerate(instructions, 1)
    ]


def test_a_dialogue_goes_as_a_whole() -> None:
    found = gated(
        *dialogue(0, "Add a hat.", "Turn it all into a sketch."),
        *dialogue(1, "Add a coat.", "Make it blue."),
    )
    assert found.kept.to_list() == ["p1-1", "p1-2"]
    assert set(reasons(found)) == {"p0-1", "p0-2"}


def test_dialogues_are_the_same_only_if_all_turns_are() -> None:
    source = {"root_version_id": "r0", "source_phash": pair(0)["source_phash"]}
    found = gated(
        *dialogue(0, "Add a hat.", "Make it red."),
        *dialogue(1, "Add a hat.", "Make it blue.", **source),
        *dialogue(2, "Add a hat.", "Make it red.", **source),
        pair(3, instruction="Add a hat.", **source),
    )
    assert set(reasons(found)) == {"p2-1", "p2-2"}


def test_nothing_goes_for_being_like_what_is_not_released() -> None:
    copy = pair(0)["source_phash"]
    found = gated(pair(0, unsafe=0.99), pair(1, source_phash=copy))
    assert found.kept.to_list() == ["p1"]


def test_without_a_benchmark_there_is_nothing_near() -> None:
    found = gated(pair(0), pair(1), benchmarks=())
    assert len(found.kept) == 2
    assert found.nearest_image is None
    assert found.nearest_instruction is None
    assert gated().kept.is_empty()


def test_limits_are_those_of_the_profile() -> None:
    release = Release(near_duplicate_bits=7, max_instruction_similarity=0.5)
    found = Limits.of(release, Images(max_unsafe=0.3))
    assert found == Limits(near_duplicate_bits=7, max_instruction_similarity=0.5, max_unsafe=0.3)


LEAKS = [
    ({"unsafe": 0.9}, Reason.UNSAFE),
    ({"source_phash": f"{0xFF01:016x}"}, Reason.BENCHMARK_OVERLAP),
    ({"instruction": BENCH.prompts[0].text}, Reason.BENCHMARK_OVERLAP),
    ({"source_phash": pair(0)["source_phash"]}, Reason.NEAR_DUPLICATE),
    ({"source_phash": None}, Reason.BAD_ROW),
    ({"source_phash": "no hash"}, Reason.BAD_ROW),
    ({"turns": 2}, Reason.BAD_ROW),
]


@pytest.mark.parametrize(("columns", "reason"), LEAKS)
def test_the_proof_finds_what_should_not_be_there(columns: dict[str, Any], reason: Reason) -> None:
    clean = [pair(0), *dialogue(2, "Add a coat.", "Make it blue.")]
    assert not prove(frame(*clean), (BENCH,), LIMITS).violations
    (found,) = prove(frame(*clean, pair(1, **columns)), (BENCH,), LIMITS).violations
    assert (found.row_id, found.reason) == ("p1", reason)
    assert found.detail


def test_the_proof_counts_and_gives_the_nearest() -> None:
    proof = prove(frame(pair(0), pair(1, root_version_id="r0")), (BENCH,), LIMITS)
    assert (proof.rows, proof.sources) == (2, 1)
    assert proof.nearest_image is not None
    bits = [
        (int(pair(n)["source_phash"], 16) ^ i.phash).bit_count()
        for n in (0, 1)
        for i in BENCH.images
    ]
    assert proof.nearest_image.value == min(bits)


few = st.integers(0, 6)


@st.composite
def some_pairs(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Few sources, hashes and words, so that every gate has something to do."""
    pairs = []
    for number in range(draw(st.integers(0, 14))):
        source = draw(few)
        columns = {
            "root_version_id": f"r{source}",
            "source_phash": f"{(0xFF00 ^ (2 ** (3 * source) - 1)):016x}",
            "unsafe": draw(st.sampled_from([None, 0.1, 0.9])),
        }
        texts = draw(
            st.lists(few.map(lambda n: f"Remove small red dog {n}"), min_size=1, max_size=2)
        )
        pairs += dialogue(number, *texts, **columns)
    return pairs


# No deadline: the first call imports SciPy.
@settings(deadline=None, max_examples=60)
@given(some_pairs(), st.integers(0, 12), st.sampled_from([0.5, 0.7, 0.9]))
def test_what_the_gates_keep_the_proof_accepts(
    pairs: list[dict[str, Any]], bits: int, similarity: float
) -> None:
    limits = replace(LIMITS, near_duplicate_bits=bits, max_instruction_similarity=similarity)
    rows = frame(*pairs)
    found = gate(rows, (BENCH,), limits)
    assert sorted([*found.kept, *found.dropped["id"]]) == sorted(rows["id"])
    proof = prove(rows.join(found.kept.to_frame(), on="id", how="semi"), (BENCH,), limits)
    assert not proof.violations
    assert (proof.nearest_image, proof.nearest_instruction) == (
        found.nearest_image,
        found.nearest_instruction,
    )


@settings(deadline=None, max_examples=60)
@given(some_pairs())
def test_kept_pairs_are_clean_by_hand(pairs: list[dict[str, Any]]) -> None:
    kept = set(gate(frame(*pairs), (BENCH,), LIMITS).kept)
    hashes: dict[str, int] = {}
    for row in (p for p in pairs if p["id"] in kept):
        assert (row["unsafe"] or 0) <= LIMITS.max_unsafe
        hashes[row["root_version_id"]] = int(row["source_phash"], 16)
        ours = set(normalised(row["instruction"]).split())
        for prompt in BENCH.prompts:
            theirs = set(normalised(prompt.text).split())
            assert len(ours & theirs) / len(ours | theirs) <= LIMITS.max_instruction_similarity
    for source, one in hashes.items():
        others = [i.phash for i in BENCH.images] + [h for s, h in hashes.items() if s != source]
        assert all((one ^ other).bit_count() > LIMITS.near_duplicate_bits for other in others)
