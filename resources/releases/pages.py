"""How much a Parquet column takes once it is unpacked, by the headers of its pages.

The file's own index says so too, but a reader allocates what the pages say. Only headers are read,
in Thrift's compact protocol: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

from dataclasses import dataclass
from typing import Any, BinaryIO

from models.faults import FaultError, Reason

_HEADER_BYTES = (512, 2**16, 2**20)
"""Read for a header until it is whole: statistics in it can hold long texts."""
_DATA, _DICTIONARY, _DATA_V2 = 0, 2, 3
_DELTA_BYTE_ARRAY = 7
_VALUES_OF = {_DATA: 5, _DATA_V2: 8}
"""Where a page header says how many values the page has, by its type."""
_ENCODING_OF = {_DATA: 2, _DATA_V2: 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSize:
    """One column of one row group, unpacked; all in bytes but `values`."""

    values: int
    stored: int
    largest_page: int
    pages: int
    """All data pages."""
    dictionary: int


def column_size(file: BinaryIO, chunk: Any) -> ColumnSize:  # noqa: ANN401 - untyped in pyarrow
    """Follow the pages of a column chunk (`pyarrow.parquet.ColumnChunkMetaData`).

    Raises:
        FaultError: The pages cannot be followed, or a few bytes of them make values of any length.
    """
    at, end = _span(chunk)
    values, dictionary = 0, 0
    pages: list[int] = []
    # Pages after the last value are not read by Arrow either.
    while values < chunk.num_values and at < end:
        header, length = _header(file, at, chunk.path_in_schema)
        unpacked, stored = (_natural(header, field) for field in (2, 3))
        at += length + stored
        if header.get(1) == _DICTIONARY:
            dictionary += unpacked
        elif header.get(1) in _VALUES_OF:
            pages.append(unpacked)
            values += _values(header, chunk.path_in_schema)
    if at > end:
        raise FaultError(Reason.UNREADABLE, f"column {chunk.path_in_schema} is cut off")
    return ColumnSize(
        values=values,
        stored=chunk.total_compressed_size,
        largest_page=max(pages, default=0),
        pages=sum(pages),
        dictionary=dictionary,
    )


def _span(chunk: Any) -> tuple[int, int]:  # noqa: ANN401 - untyped in pyarrow
    starts = [chunk.data_page_offset]
    if chunk.has_dictionary_page and chunk.dictionary_page_offset > 0:
        starts.append(chunk.dictionary_page_offset)
    start = min(starts)
    if start < 0 or chunk.total_compressed_size < 0:
        raise FaultError(Reason.UNREADABLE, f"column {chunk.path_in_schema} lies nowhere")
    return start, start + chunk.total_compressed_size


def _header(file: BinaryIO, at: int, column: str) -> tuple[dict[int, Any], int]:
    """A page header by field number, and its length."""
    for n_bytes in _HEADER_BYTES:
        file.seek(at)
        reader = _Compact(file.read(n_bytes))
        try:
            return reader.struct(), reader.at
        except IndexError:
            continue
        except ValueError as error:
            detail = f"column {column} has no page at byte {at}: {error}"
            raise FaultError(Reason.UNREADABLE, detail) from error
    raise FaultError(Reason.UNREADABLE, f"column {column} is cut off at byte {at}")


def _values(header: dict[int, Any], column: str) -> int:
    page = header.get(_VALUES_OF[header[1]])
    if not isinstance(page, dict):
        raise FaultError(Reason.UNREADABLE, f"a page of column {column} says nothing of itself")
    if page.get(_ENCODING_OF[header[1]]) == _DELTA_BYTE_ARRAY:
        detail = (
            f"column {column} is in DELTA_BYTE_ARRAY, in which a few bytes may stand for any "
            "length of text; write it again with plain or dictionary encoding"
        )
        raise FaultError(Reason.DECOMPRESSION_BOMB, detail)
    return _natural(page, 1)


def _natural(fields: dict[int, Any], number: int) -> int:
    value = fields.get(number)
    if not isinstance(value, int) or value < 0:
        raise FaultError(Reason.UNREADABLE, f"a page header says {value!r} in field {number}")
    return value


class _Compact:
    """Reads structs of Thrift's compact protocol; only integers and structs in them are kept.

    Raises:
        IndexError: The data end too early.
        ValueError: They are no such struct.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def struct(self, depth: int = 0) -> dict[int, Any]:
        fields: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._zigzag()
            fields[number] = self._value(head & 15, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:  # noqa: ANN401 - an integer, a struct or None
        if depth > 4:
            msg = "a header nests too deep"
            raise ValueError(msg)
        match kind:
            case 1 | 2:
                return None
            case 3 | 7 | 8:
                self._pass({3: 1, 7: 8}.get(kind) or self._varint())
            case 4 | 5 | 6:
                return self._zigzag()
            case 9 | 10:
                self._pass_list(depth)
            case 12:
                return self.struct(depth + 1)
            case _:
                msg = f"there is no type {kind}"
                raise ValueError(msg)
        return None

    def _pass_list(self, depth: int) -> None:
        head = self._byte()
        for _ in range(self._varint() if head >> 4 == 15 else head >> 4):
            # In a list a truth value takes a byte of its own.
            self._value(3 if head & 15 in (1, 2) else head & 15, depth + 1)

    def _pass(self, n_bytes: int) -> None:
        self.at += n_bytes
        if self.at > len(self._data):
            raise IndexError

    def _byte(self) -> int:
        self.at += 1
        return self._data[self.at - 1]

    def _zigzag(self) -> int:
        number = self._varint()
        return (number >> 1) ^ -(number & 1)

    def _varint(self) -> int:
        number = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
        msg = "a number of more than 64 bits"
        raise ValueError(msg)
