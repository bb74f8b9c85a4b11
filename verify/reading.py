"""Lines and JSON values, exactly as strict as docs/spec/ledger-v1.md ("Reading it")."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from typing import Any, Callable, NamedTuple, TypeVar

from findings import Findings

MAX_WHOLE = 2**53 - 1
MAX_LINE_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 100

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
HASH = re.compile(r"[0-9a-f]{64}")
BODY_MARK = b',"body":'

Parsed = TypeVar("Parsed")


class Malformed(ValueError):
    """A value is not what the page says."""


class Unreadable(Exception):
    """Nothing can be verified: exit code 2."""


class Entry(NamedTuple):
    seq: int
    kind: int
    id: str
    at: int
    retain: int
    body: str
    hash: str


class Body(NamedTuple):
    seq: int
    kind: int
    id: str
    at: int
    retain: int
    fields: dict[str, Any]
    text: bytes
    record: dict[str, Any]
    """The text as an object; without members where it is no JSON object."""


class CheckpointLine(NamedTuple):
    number: int
    size: int
    root: str
    at: int
    note: str


class Receipt(NamedTuple):
    seq: int
    entry_hash: str
    checkpoint_size: int


def _refuse(word: str) -> Any:
    raise Malformed(f"{word} is no JSON")


def _integer(digits: str) -> Any:
    """Integers beyond 2^53 are the nearest double, as most readers of JSON take them."""
    return int(digits) if len(digits) < 16 else float(digits)


_decoder = json.JSONDecoder(parse_int=_integer, parse_constant=_refuse)
_string_or_bracket = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{\]}]', re.DOTALL)


def parse_json(data: bytes) -> Any:
    """Raises Malformed for what is no JSON in UTF-8, or is nested deeper than 100 levels."""
    try:
        text = data.decode("utf-8")
        if text.count("[") + text.count("{") > MAX_DEPTH and _is_deep(text):
            raise Malformed("nested too deep")
        return _decoder.decode(text)
    except ValueError as error:
        raise Malformed(str(error)) from None


def _is_deep(text: str) -> bool:
    depth = 0
    for match in _string_or_bracket.finditer(text):
        token = match.group()
        if token in ("[", "{"):
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif token in ("]", "}"):
            depth -= 1
    return False


def parse_object(data: bytes) -> dict[str, Any]:
    value = parse_json(data)
    if not isinstance(value, dict):
        raise Malformed("not an object")
    return value


def whole(value: Any) -> int:
    """A whole number from 0 to 2^53 - 1, however it is written."""
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int or not 0 <= value <= MAX_WHOLE:
        raise Malformed("not a whole number")
    return value


def kind_of(value: Any) -> int:
    kind = whole(value)
    if not 1 <= kind <= 4:
        raise Malformed("no such kind")
    return kind


def text_of(value: Any) -> str:
    if not isinstance(value, str):
        raise Malformed("not a string")
    return value


def matching(pattern: re.Pattern[str], value: Any) -> str:
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise Malformed("not of its form")
    return value


def optional(read: Callable[[Any], Parsed], value: Any) -> Parsed | None:
    return None if value is None else read(value)


def member(value: dict[str, Any], name: str) -> Any:
    """A member that must be there, even where it may be null."""
    if name not in value:
        raise Malformed(f"{name} is missing")
    return value[name]


def _entry(line: bytes) -> Entry:
    value = parse_object(line)
    get = value.get
    return Entry(
        whole(get("seq")),
        kind_of(get("kind")),
        matching(UUID, get("id")),
        whole(get("at")),
        whole(get("retain")),
        matching(HASH, get("body")),
        matching(HASH, get("hash")),
    )


def _body(line: bytes) -> Body:
    cut = line.find(BODY_MARK)
    if cut >= 0:
        value = parse_object(line[:cut] + b"}")
        text = line[cut + len(BODY_MARK) : -1]
        record = _as_record(parse_json(text))
    else:
        value = parse_object(line)
        try:
            text = text_of(value.get("text")).encode("utf-8")
        except UnicodeEncodeError:
            raise Malformed("half a surrogate pair") from None
        record = _record_of(text)
    get = value.get
    fields = get("fields")
    if not isinstance(fields, dict):
        raise Malformed("fields is not an object")
    return Body(whole(get("seq")), kind_of(get("kind")), matching(UUID, get("id")), whole(get("at")), whole(get("retain")), fields, text, record)


def _record_of(text: bytes) -> dict[str, Any]:
    try:
        return _as_record(parse_json(text))
    except Malformed:
        return {}


def _as_record(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _checkpoint(line: bytes) -> CheckpointLine:
    get = parse_object(line).get
    return CheckpointLine(whole(get("number")), whole(get("size")), matching(HASH, get("root")), whole(get("at")), text_of(get("note")))


def _tile(line: bytes) -> tuple[int, int, bytes]:
    get = parse_object(line).get
    return whole(get("level")), whole(get("index")), bytes.fromhex(matching(HASH, get("root")))


def _receipt(line: bytes) -> Receipt:
    get = parse_object(line).get
    return Receipt(whole(get("seq")), matching(HASH, get("entryHash")), whole(get("checkpointSize")))


def _lines(path: str) -> Iterator[bytes | None]:
    """Lines without their LF; None for one that is too long. Never holds more than one line."""
    with open(path, "rb") as file:
        while True:
            line = file.readline(MAX_LINE_BYTES + 1)
            if not line:
                return
            if line.endswith(b"\n"):
                yield line[:-1]
            elif len(line) <= MAX_LINE_BYTES:
                yield line
            else:
                while line and not line.endswith(b"\n"):
                    line = file.readline(MAX_LINE_BYTES)
                yield None


def _read(path: str, name: str, parse: Callable[[bytes], Parsed], findings: Findings) -> Iterator[Parsed]:
    """Parsed lines; a missing file and every malformed line are findings."""
    if not os.path.isfile(path):
        findings.add("MALFORMED", f"file:{name}")
        return
    for line in _lines(path):
        if line is not None and line.startswith(b"{") and line.endswith(b"}"):
            try:
                parsed = parse(line)
            except Malformed:
                pass
            else:
                yield parsed
                continue
        findings.add("MALFORMED", f"file:{name}")


def read_entries(directory: str, findings: Findings) -> Iterator[Entry]:
    return _read(os.path.join(directory, "entries.ndjson"), "entries.ndjson", _entry, findings)


def read_bodies(directory: str, findings: Findings) -> Iterator[Body]:
    return _read(os.path.join(directory, "bodies.ndjson"), "bodies.ndjson", _body, findings)


def read_checkpoints(directory: str, findings: Findings) -> Iterator[CheckpointLine]:
    return _read(os.path.join(directory, "checkpoints.ndjson"), "checkpoints.ndjson", _checkpoint, findings)


def read_tiles(directory: str, findings: Findings) -> Iterator[tuple[int, int, bytes]]:
    return _read(os.path.join(directory, "tiles.ndjson"), "tiles.ndjson", _tile, findings)


def read_receipts(path: str, findings: Findings) -> Iterator[Receipt]:
    return _read(path, "receipts.ndjson", _receipt, findings)


def read_file(path: str) -> bytes | None:
    """None where there is no such file."""
    if not os.path.isfile(path):
        return None
    with open(path, "rb") as file:
        return file.read()
