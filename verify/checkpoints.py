"""Step 4: what was signed."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from typing import Callable, NamedTuple, TypeVar

from entries import Bodies, Chain
from export import Header, Keys
from findings import Findings
from merkle import RootsAt, hash_leaf
from reading import CheckpointLine, read_checkpoints
from signed_note import Ed25519, Note, open_note

SILENCE_SECONDS = 7_200
STORED_WITHIN_MS = 60_000

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Ledger(NamedTuple):
    """What is known once entries and bodies have been read."""

    directory: str
    header: Header
    keys: Keys
    ed25519: Ed25519
    chain: Chain
    bodies: Bodies
    roots: RootsAt
    findings: Findings


class Silence(NamedTuple):
    """A time without checkpoints that only an audit record whose body is missing can still explain. Seconds, both ends included."""

    number: int
    since: int
    until: int


class Signed(NamedTuple):
    """`size` is that of the last valid checkpoint, 0 where there is none; `last_line_size` that of the last line."""

    size: int
    silences: list[Silence]
    lines: int
    last_line_size: int
    deployment_leaf: bytes | None


def check_checkpoints(ledger: Ledger, deployment_number: int | None) -> Signed:
    """The checkpoint of `deployment_number` is a leaf of the deployment log."""
    findings, following, lines, line_size = ledger.findings, 1, 0, 0
    last: Note | None = None
    leaf: bytes | None = None
    silences: list[Silence] = []
    is_root_found = False

    def opened(line: CheckpointLine) -> tuple[CheckpointLine, Note | None]:
        return line, open_note(line.note, ledger.header.origin, "log", ledger.keys, ledger.ed25519)

    for line, note in in_parallel(opened, read_checkpoints(ledger.directory, findings)):
        lines, line_size, ref = lines + 1, line.size, f"checkpoint:{line.number}"
        if line.number != following:
            findings.add("CHECKPOINT_MISSING", f"checkpoint:{following}")
        following = line.number + 1
        if leaf is None and line.number == deployment_number:
            leaf = _leaf_of(line.note)
        if note is None:
            findings.add("BAD_SIGNATURE", ref)
            continue
        if not _is_projected(line, note):
            findings.add("PROJECTION_MISMATCH", ref)
        if last is not None:
            _compare(note, last, ref, findings)
            silences.extend(_silence(ledger, line.number, last.seconds, note.seconds))
        if note.size > ledger.chain.next:
            findings.add("TRUNCATED", ref)
        elif not is_root_found and is_other_root(ledger, note):
            is_root_found = True
            findings.add("ROOT_MISMATCH", ref)
        last = note
    silences.extend(_silence_at_end(ledger, following, last))
    return Signed(0 if last is None else last.size, silences, lines, line_size, leaf)


def in_parallel(work: Callable[[Item], Answer], items: Iterable[Item]) -> Iterator[Answer]:
    """Answers in order. Each waits for a process of openssl; few are held at a time."""
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(max_workers=workers) as pool:
        waiting: deque[Future[Answer]] = deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > 4 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def is_other_root(ledger: Ledger, note: Note) -> bool:
    """Of a size that is not above the number of entries. A root that cannot be computed is another one only beyond the reach of the tree."""
    if note.size > ledger.chain.reach:
        return True
    root = ledger.roots.get(note.size)
    return root is not None and root != note.root


def _is_projected(line: CheckpointLine, note: Note) -> bool:
    return (line.size, line.root) == (note.size, note.root.hex()) and abs(line.at - note.seconds * 1000) <= STORED_WITHIN_MS


def _compare(note: Note, last: Note, ref: str, findings: Findings) -> None:
    if note.size < last.size or (note.size == last.size and note.root != last.root):
        findings.add("INCONSISTENT_CHECKPOINTS", ref)
    if note.seconds < last.seconds:
        findings.add("TIME_REGRESSION", ref)


def _silence(ledger: Ledger, number: int, since: int, until: int) -> list[Silence]:
    """One where nothing was signed for too long and what is known does not explain it."""
    if until - since <= SILENCE_SECONDS:
        return []
    if any(since <= at // 1000 <= until for at in ledger.bodies.resumed_at):
        return []
    first_at = ledger.chain.first_at
    is_pruned = ledger.header.min_index > 0 and (first_at is None or since * 1000 < first_at)
    return [] if is_pruned else [Silence(number, since, until)]


def _silence_at_end(ledger: Ledger, number: int, last: Note | None) -> list[Silence]:
    """Up to the time of the export; nothing explains it."""
    since = ledger.chain.first_at if last is None else last.seconds * 1000
    is_silent = since is not None and ledger.header.exported_at - since > SILENCE_SECONDS * 1000
    return [Silence(number, 1, 0)] if is_silent else []


def _leaf_of(note: str) -> bytes | None:
    """Leaf of the deployment log; None where the note is no text."""
    try:
        return hash_leaf(sha256(note.encode("utf-8")).digest())
    except UnicodeEncodeError:
        return None
