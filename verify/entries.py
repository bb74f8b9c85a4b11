"""Steps 1 and 2: the chain of entries, the tree they make, and the bodies beside them."""

from __future__ import annotations

import os
import tempfile
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, NamedTuple

from export import Header, Tiles
from findings import Findings
from merkle import TILE, TILE_HEIGHT, Tree, hash_leaf, index_of
from reading import Body, Entry, Malformed, whole
from retention import Statement, parse_statement

AUDIT_RECORD = 3

FIELDS: dict[int, tuple[str, ...]] = {
    1: (
        "eventId",
        "eventDigest",
        "agentId",
        "action",
        "sessionId",
        "value",
        "riskScore",
        "categories",
        "policyVersion",
        "ruleId",
        "checkpointSize",
    ),
    2: ("reviewId", "eventId", "step", "actor"),
    3: ("type", "actor", "target"),
    4: ("eventId", "agentId", "value", "ruleId", "detectors"),
}

EVENT_PATHS: dict[str, tuple[str, ...]] = {
    "eventId": ("event", "id"),
    "agentId": ("event", "agentId"),
    "action": ("event", "action"),
    "sessionId": ("event", "sessionId"),
    "value": ("decision", "value"),
    "riskScore": ("decision", "riskScore"),
    "policyVersion": ("decision", "policy", "version"),
    "ruleId": ("decision", "policy", "ruleId"),
}


def entry_text(org: str, entry: Entry, prev: str) -> bytes:
    """What an entry hash is taken of, after 0x00."""
    return (
        f'{{"at":{entry.at},"body":"{entry.body}","id":"{entry.id}","kind":{entry.kind},"org":"{org}",'
        f'"prev":"{prev}","retain":{entry.retain},"seq":{entry.seq},"v":1}}'
    ).encode("ascii")


class Chain:
    """Step 1. What is asked of it after the last entry: `next`, `prev`, `last`, `reach`."""

    def __init__(self, header: Header, tiles: Tiles, tree: Tree, findings: Findings) -> None:
        self.next = header.min_index
        self.prev = header.anchor_hash or sha256(f"mg-chain-v1:{header.org}".encode("ascii")).hexdigest()
        self.last: int | None = None
        self.first_at: int | None = None
        self._org = header.org
        self._tree = tree
        self._findings = findings
        self._broken: int | None = None
        self._take_pruned(header.min_index, tiles)

    @property
    def reach(self) -> int:
        """Leaves that the tree knows."""
        return self.next if self._broken is None else self._broken

    def add(self, entry: Entry) -> bool:
        """Whether the entry is present, that is: not a repetition."""
        self._check(entry)
        present = entry.seq >= self.next
        if entry.seq != self.next:
            self._break(self.next)
        elif self._broken is None:
            self._tree.push(bytes.fromhex(entry.hash))
        self.first_at = entry.at if self.first_at is None else self.first_at
        self.prev, self.last, self.next = entry.hash, entry.at, max(self.next, entry.seq + 1)
        return present

    def _check(self, entry: Entry) -> None:
        if entry.seq < self.next:
            self._findings.add("DUPLICATE_SEQ", f"entry:{entry.seq}")
        elif entry.seq > self.next:
            self._findings.add("GAP", f"entry:{self.next}")
        if self.last is not None and entry.at < self.last:
            self._findings.add("TIME_REGRESSION", f"entry:{entry.seq}")
        if hash_leaf(entry_text(self._org, entry, self.prev)).hex() != entry.hash:
            self._findings.add("ENTRY_MISMATCH", f"entry:{entry.seq}")

    def _take_pruned(self, min_index: int, tiles: Tiles) -> None:
        for index in range(min_index // TILE):
            root = tiles.roots.get((0, index))
            if root is None:
                self._break(index * TILE)
                return
            self._tree.push(root, TILE_HEIGHT)

    def _break(self, at: int) -> None:
        self._broken = at if self._broken is None else self._broken


def ordered_bodies(bodies: Iterator[Body], findings: Findings) -> Iterator[Body]:
    """Those whose numbers rise."""
    last = -1
    for body in bodies:
        if body.seq > last:
            last = body.seq
            yield body
        else:
            findings.add("DUPLICATE_SEQ", f"body:{body.seq}")


def matched(entries: Iterator[Entry], bodies: Iterator[Body], findings: Findings) -> Iterator[tuple[Entry, Body | None]]:
    """Present entries, each with its body; both rise in `seq`, so neither has to be held."""
    body = next(bodies, None)
    for entry in entries:
        while body is not None and body.seq < entry.seq:
            findings.add("ORPHAN_BODY", f"body:{body.seq}")
            body = next(bodies, None)
        if body is not None and body.seq == entry.seq:
            yield entry, body
            body = next(bodies, None)
        else:
            yield entry, None
    while body is not None:
        findings.add("ORPHAN_BODY", f"body:{body.seq}")
        body = next(bodies, None)


class Bodies:
    """Step 2, and what later steps ask of audit records: the newest purge, and when the signer came back."""

    def __init__(self, line_sizes: array[int], findings: Findings) -> None:
        self.purge: Statement | None = None
        self.purge_seq = 0
        self.resumed_at: list[int] = []
        self._line_sizes = line_sizes
        self._findings = findings

    def add(self, entry: Entry, body: Body) -> None:
        differs = body[1:5] != entry[1:5]
        if sha256(body.text).hexdigest() != entry.body:
            self._findings.add("BODY_MISMATCH", f"entry:{entry.seq}")
        else:
            differs = differs or not self._is_projected(entry, body.fields, body.record)
            if entry.kind == AUDIT_RECORD:
                self._note(entry, body.record)
        if differs:
            self._findings.add("PROJECTION_MISMATCH", f"entry:{entry.seq}")

    def _note(self, entry: Entry, record: dict[str, Any]) -> None:
        if record.get("type") == "ledger.purged":
            self.purge, self.purge_seq = parse_statement(record.get("details"), entry.at), entry.seq
        elif record.get("type") == "signer.resumed":
            self.resumed_at.append(entry.at)

    def _is_projected(self, entry: Entry, fields: dict[str, Any], record: dict[str, Any]) -> bool:
        return fields.keys() == set(FIELDS[entry.kind]) and all(self._is_field(entry, name, fields[name], record) for name in fields)

    def _is_field(self, entry: Entry, name: str, value: Any, record: dict[str, Any]) -> bool:
        if entry.kind != 1:
            return equal(value, record.get(name))
        if name == "checkpointSize":
            return self._is_checkpoint_size(value, entry.seq)
        if name == "eventDigest":
            return name not in record or equal(value, record[name])
        if name == "categories":
            return equal(value, categories_of(record))
        return equal(value, at_path(record, EVENT_PATHS[name]))

    def _is_checkpoint_size(self, value: Any, seq: int) -> bool:
        try:
            size = whole(value)
        except Malformed:
            return False
        return size <= seq and (size == 0 or index_of(self._line_sizes, size) is not None)


def at_path(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def categories_of(record: dict[str, Any]) -> list[Any]:
    """Of the findings, each once, in their order."""
    findings = record.get("findings")
    categories: list[Any] = []
    for finding in findings if isinstance(findings, list) else []:
        category = at_path(finding, ("category",))
        if not any(equal(category, known) for known in categories):
            categories.append(category)
    return categories


def equal(a: Any, b: Any) -> bool:
    """As JSON has it: true is not 1, 1 is 1.0; an object equals nothing."""
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, bool) or isinstance(b, bool) or a is None or b is None:
        return a is b
    if isinstance(a, str) or isinstance(b, str):
        return isinstance(a, str) and isinstance(b, str) and a == b
    return isinstance(a, (int, float)) and isinstance(b, (int, float)) and a == b


class _Run(NamedTuple):
    first: int
    offset: int


class HashSpool:
    """Entry hashes by number, in a temporary file: receipts come in any order."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="mg-verify-")
        self._runs: list[_Run] = []
        self._starts = array("Q")
        self._count = 0
        self._next: int | None = None

    def add(self, seq: int, entry_hash: str) -> None:
        """Numbers only rise."""
        if seq != self._next:
            self._runs.append(_Run(seq, self._count))
            self._starts.append(seq)
        self._file.write(bytes.fromhex(entry_hash))
        self._count += 1
        self._next = seq + 1

    def get(self, seq: int) -> str | None:
        at = bisect_right(self._starts, seq) - 1
        if at < 0:
            return None
        place = self._runs[at].offset + seq - self._runs[at].first
        end = self._runs[at + 1].offset if at + 1 < len(self._runs) else self._count
        if place >= end:
            return None
        self._file.seek(place * 32, os.SEEK_SET)
        return self._file.read(32).hex()
