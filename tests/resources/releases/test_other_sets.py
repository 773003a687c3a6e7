"""Reading sets of other people: by the names of their columns, or by those that are given."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.faults import Fault, ImgEditError, Reason
from resources.releases.mapping import columns_of
from resources.releases.read import ReadPair, list_release, load_pair
from resources.releases.stored import Columns, PairRef
from tests.resources.releases.small_samples import sample

SOURCE, TARGET = sample(0).source.payload, sample(0).target.payload
TEXT = "make the shape red"


def loaded(root: Path, columns: Columns = ()) -> list[ReadPair | Fault]:
    refs = list_release(root, columns)
    return [load_pair(PairRef.from_json(ref.to_json())) for ref in refs]


def parquet(root: Path, source: str, target: str, text: str, **more: object) -> None:
    row = {source: {"bytes": SOURCE, "path": None}, target: {"bytes": TARGET, "path": None}}
    pq.write_table(pa.Table.from_pylist([{**row, text: TEXT, **more}]), root / "train.parquet")


def pictures(root: Path, source: str, target: str) -> None:
    for name, data in ((source, SOURCE), (target, TARGET)):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)


def ip2p(root: Path) -> None:
    parquet(root, "original_image", "edited_image", "edit_prompt", edited_prompt="a red shape")


def fusing(root: Path) -> None:
    parquet(root, "input_image", "edited_image", "edit_prompt")


def magicbrush(root: Path) -> None:
    parquet(root, "source_img", "target_img", "instruction", img_id="1000", turn_index=1)


def ultraedit(root: Path) -> None:
    parquet(root, "source_image", "edited_image", "edit_prompt", idx=0)


def omniedit(root: Path) -> None:
    row = {"src_img": {"bytes": SOURCE}, "edited_img": {"bytes": TARGET}, "task": "removal"}
    row["edited_prompt_list"] = [TEXT, "The shape should be recoloured red."]
    pq.write_table(pa.Table.from_pylist([row]), root / "train.parquet")


def gptimageedit(root: Path) -> None:
    pictures(root, "edit/input/0.png", "edit/output/0.png")
    row = {"input": "edit/input/0.png", "output": "edit/output/0.png", "instruction": TEXT}
    (root / "hqedit_edit.json").write_text(json.dumps([row]))


def picobanana(root: Path) -> None:
    pictures(root, "source/0.jpg", "images/1.png")
    row = {"local_input_image": "source/0.jpg", "output_image": "images/1.png", "text": TEXT}
    (root / "sft.jsonl").write_text(json.dumps({**row, "edit_type": "Replace the background"}))


def table(root: Path) -> None:
    pictures(root, "a/0.png", "b/0.png")
    (root / "metadata.csv").write_text(f"image,prompt,edit_image\nb/0.png,{TEXT},a/0.png\n")


def folders(root: Path) -> None:
    pictures(root, "control/0.png", "target/0.png")
    (root / "target" / "0.txt").write_text(TEXT)


def wds(root: Path) -> None:
    with tarfile.open(root / "00000.tar", "w") as tar:
        for name, data in (("input.jpg", SOURCE), ("output.png", TARGET), ("txt", TEXT.encode())):
            info = tarfile.TarInfo(f"00000.{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


SETS: dict[Callable[[Path], None], str] = {
    ip2p: "unknown",
    fusing: "unknown",
    magicbrush: "unknown",
    ultraedit: "unknown",
    omniedit: "removal",
    gptimageedit: "unknown",
    picobanana: "Replace the background",
    table: "unknown",
    folders: "unknown",
    wds: "unknown",
}


@pytest.mark.parametrize("put", SETS, ids=lambda put: put.__name__)
def test_a_known_set_is_read_by_its_columns(tmp_path: Path, put: Callable[[Path], None]) -> None:
    put(tmp_path)
    (pair,) = loaded(tmp_path)
    assert isinstance(pair, ReadPair), pair
    assert (pair.source, pair.target, pair.instruction) == (SOURCE, TARGET, TEXT)
    assert pair.label == SETS[put]


def test_a_set_that_is_not_known_is_read_by_the_columns_that_are_given(tmp_path: Path) -> None:
    parquet(tmp_path, "vorher", "nachher", "auftrag", art="alter")
    with pytest.raises(ImgEditError, match=r"columns vorher, nachher, auftrag, art; say which"):
        loaded(tmp_path)
    given = columns_of("source=vorher, target=nachher, instruction=auftrag, edit_type=art")
    (pair,) = loaded(tmp_path, given)
    assert isinstance(pair, ReadPair), pair
    assert (pair.source, pair.instruction, pair.label) == (SOURCE, TEXT, "alter")
    with pytest.raises(ImgEditError, match=r"vorher, nachher, auftrag, art, not a, b, c;"):
        loaded(tmp_path, columns_of("source=a,target=b,instruction=c"))


def test_folders_of_other_names_are_given(tmp_path: Path) -> None:
    pictures(tmp_path, "vorher/0.png", "nachher/0.jpg")
    (tmp_path / "vorher" / "0.txt").write_text(TEXT)
    (pair,) = loaded(tmp_path, columns_of("source=vorher,target=nachher,instruction=txt"))
    assert isinstance(pair, ReadPair), pair


def test_a_picture_without_caption_is_a_fault(tmp_path: Path) -> None:
    folders(tmp_path)
    (tmp_path / "target" / "0.txt").unlink()
    (fault,) = loaded(tmp_path)
    assert isinstance(fault, Fault)
    assert (fault.reason, "no instruction" in fault.detail) == (Reason.MISSING_FILE, True)


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", "link.png"])
def test_a_manifest_leads_to_no_file_outside_its_folder(tmp_path: Path, name: str) -> None:
    root = tmp_path / "set"
    pictures(root, "a.png", "b.png")
    (tmp_path / "secret.png").write_bytes(SOURCE)
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    row = {"input": name, "output": "b.png", "instruction": TEXT}
    (root / "rows.jsonl").write_text(json.dumps(row))
    (fault,) = loaded(root)
    assert isinstance(fault, Fault)
    assert fault.reason is Reason.OUTSIDE_FOLDER


def test_a_broken_line_is_a_fault_and_the_others_are_read(tmp_path: Path) -> None:
    gptimageedit(tmp_path)
    row = (tmp_path / "hqedit_edit.json").read_text()[1:-1]
    (tmp_path / "hqedit_edit.json").unlink()
    lines = [row, "[" * 9999, "7", row.replace("0.png", "9.png"), "", row]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    first, *faults, last = loaded(tmp_path)
    assert isinstance(first, ReadPair)
    assert isinstance(last, ReadPair)
    told = [fault.reason for fault in faults if isinstance(fault, Fault)]
    assert told == [Reason.BAD_ROW, Reason.BAD_ROW, Reason.MISSING_FILE]


@pytest.mark.parametrize("text", ["source=a", "a", "source=a,target=b,instruction=c,mood=d"])
def test_a_mapping_that_is_none_is_told_how(text: str) -> None:
    with pytest.raises(ImgEditError, match=r"must name each of source, target, instruction"):
        columns_of(text)
