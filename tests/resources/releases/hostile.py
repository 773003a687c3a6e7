"""Files that are made to harm whoever reads a release: small on disk, without end in memory.

Run with a folder, it verifies the release there and reads every pair of it, and prints as JSON what
was found and the most memory that this took.
"""

import io
import json
import os
import sys
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.resources.releases.small_samples import sample

MEGABYTE = "x" * 2**20

Make = Callable[[Path], object]


def row(**other: Any) -> dict[str, Any]:
    """A sound pair in the columns that everybody's release has."""
    one = sample(50)
    return {
        "source": {"bytes": one.source.payload, "path": None},
        "target": {"bytes": one.target.payload, "path": None},
        "instruction": "Make it red.",
        "edit_type": "alter",
        **other,
    }


def parquet(rows: list[dict[str, Any]], **schema: pa.DataType) -> Make:
    """Rows, those columns that are named with a type of their own."""

    def make(path: Path) -> None:
        table = pa.Table.from_pylist([{k: r[k] for k in r if k not in schema} for r in rows])
        for name, kind in schema.items():
            table = table.append_column(name, pa.array([r[name] for r in rows], kind))
        write(table, path)

    return make


def write(table: pa.Table, path: Path) -> None:
    """A table, compressed as well as it can be."""
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=19,
        dictionary_pagesize_limit=2**30,
        write_statistics=False,
        write_batch_size=2**20,
    )


def one_text_a_million_times(path: Path) -> None:
    """A list of 500,000 megabytes, which a dictionary holds once."""
    index = pa.array([0] * 500_000, pa.int32())
    texts = pa.DictionaryArray.from_arrays(index, pa.array([MEGABYTE]))
    table = pa.Table.from_pylist([row()])
    masks = pa.ListArray.from_arrays(pa.array([0, len(index)], pa.int32()), texts)
    write(table.append_column("masks", masks), path)


def one_image_in_every_row(path: Path) -> None:
    """A thousand rows of the same eight megabytes."""
    image = pa.DictionaryArray.from_arrays(
        pa.array([0] * 1000, pa.int32()), pa.array([bytes(8 * 2**20)])
    )
    names = [*("source", "target"), "instruction"]
    cells = pa.StructArray.from_arrays([image], ["bytes"])
    write(pa.table([cells, cells, pa.array(["Make it red."] * 1000)], names), path)


def a_million_rows_of_nothing(path: Path) -> None:
    """Rows by run length alone."""
    nothing = pa.nulls(10**6, pa.string())
    write(pa.table({"source": nothing, "target": nothing, "instruction": nothing}), path)


def many_items(path: Path) -> None:
    """A list of millions of nothing."""
    nothing = pa.nulls(10 * 10**6, pa.string())
    lists = pa.ListArray.from_arrays(pa.array([0, len(nothing)], pa.int32()), nothing)
    write(pa.Table.from_pylist([row()]).append_column("masks", lists), path)


def front_coded(path: Path) -> None:
    """Texts of which a byte each is stored."""
    texts = ["x" * n for n in range(0, 5000, 10)]
    table = pa.Table.from_pylist([row(id=text) for text in texts])
    encodings = {"id": "DELTA_BYTE_ARRAY"}
    pq.write_table(table, path, use_dictionary=False, column_encoding=encodings)


PARQUET: Mapping[str, Make] = {
    "list": one_text_a_million_times,
    "rows": a_million_rows_of_nothing,
    "items": many_items,
    "page": parquet([row(instruction=MEGABYTE * 100)]),
    "wide": parquet([row(id=bytes(40 * 2**20))], id=pa.binary(40 * 2**20)),
    "front": front_coded,
    "map": parquet([row(masks=[("a", "b")])], masks=pa.map_(pa.string(), pa.string())),
    "turn": parquet([row(turn=2**40, turns=1)]),
    "turns": parquet([row(turn=1, turns=10**9, dialogue_id="d")]),
    "text": parquet([row(attribution=MEGABYTE)]),
    "masks": parquet([row(masks=["0"] * 1000)]),
    "fifo": os.mkfifo,
    "loop": lambda path: path.symlink_to(path.name),
}
"""Each is one file with at most one pair, but for `front`, of which none can be told."""


def dialogue(turns: int) -> Make:
    """A dialogue in the published layout."""
    turn = {"input_images": ["a.png"], "output_images": ["b.png"], "prompt": "Make it red."}
    return lambda path: write(pa.Table.from_pylist([{"data": [turn] * turns}]), path)


def tar(*members: tuple[tarfile.TarInfo | str, bytes]) -> Make:
    """A tar of members by name, or by header."""

    def make(path: Path) -> None:
        with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as file:
            for member, data in members:
                info = tarfile.TarInfo(member) if isinstance(member, str) else member
                info.size = info.size or len(data)
                file.addfile(info, io.BytesIO(data.ljust(info.size, b"\0")))

    return make


def typed(name: str, kind: bytes) -> tarfile.TarInfo:
    """The header of a member of some type."""
    info = tarfile.TarInfo(name)
    info.type = kind
    return info


def raw(*blocks: bytes) -> Make:
    """A tar of blocks as they are."""
    return lambda path: path.write_bytes(b"".join(blocks) + bytes(1024))


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    """A member's header that says any size."""
    info = typed(name, kind)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)


def negative(name: str) -> bytes:
    """A header whose member ends where it begins: a reader that follows it stays for ever."""
    block = bytearray(header(name, 0))
    block[124:136] = b"\xff" * 10 + (-512 & 0xFFFF).to_bytes(2, "big")
    block[148:156] = b" " * 8
    block[148:156] = f"{sum(block[:512]):06o}\0 ".encode()
    return bytes(block)


def json_member(text: str) -> Make:
    """A sample that is nothing but its JSON."""
    return tar(("pair.json", text.encode()))


TARS: Mapping[str, Make] = {
    "deep": json_member("[" * 100_000),
    "nested": json_member('{"masks":' + "[" * 500 + "]" * 500 + "}"),
    "number": json_member('{"turn": 1' + "0" * 30 + "}"),
    "digits": json_member('{"turn": 1' + "0" * 10_000 + "}"),
    "surrogate": json_member(r'{"instruction": "\ud800"}'),
    "large": json_member('{"a": "' + "x" * 5 * 2**20 + '"}'),
    "many": tar(*((f"pair.{n}", b"") for n in range(2000))),
    "link": tar((typed("pair.json", tarfile.SYMTYPE), b"")),
    "device": tar((typed("pair.json", tarfile.CHRTYPE), b"")),
    "sparse": tar((typed("pair.json", tarfile.GNUTYPE_SPARSE), b"")),
    "negative": raw(header("folder", 0, tarfile.DIRTYPE), negative("pair.json")),
    "name": tar(("a" * 4000, b"")),
    "long": raw(header("././@LongLink", 2**33, tarfile.GNUTYPE_LONGNAME)),
    "chain": raw(*[header("x", 0, tarfile.XHDTYPE)] * 5000),
    "bytes": tar(("\udcff.json", b"{")),
    "fifo": os.mkfifo,
}
"""Each has one thing that is wrong, and no pair."""


def main(folder: Path) -> None:
    """Verify and read a release."""
    from models.faults import Fault
    from resources.releases.damage import Damage
    from resources.releases.read import list_release, load_pair
    from resources.releases.verify import verify

    problems = [str(p) for p in verify(folder).problems if p.damage is not Damage.EXTRA_FILE]
    pairs = [load_pair(ref) for ref in list_release(folder)]
    faults = [pair.detail for pair in pairs if isinstance(pair, Fault)]
    # Not `ru_maxrss`: a process that was just started has that of its parent.
    status = Path("/proc/self/status").read_text().split()
    most_mb = int(status[status.index("VmHWM:") + 1]) // 1000
    sound = len(pairs) - len(faults)
    json.dump(
        {"most_mb": most_mb, "sound": sound, "problems": problems, "faults": faults}, sys.stdout
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
