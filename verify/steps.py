"""Verifies an export: docs/spec/ledger-v1.md, "In which order, exactly". Reads the large files line by line, entries and bodies twice at most."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any, NamedTuple, TypeVar

from checkpoints import Ledger, Signed, check_checkpoints
from entries import AUDIT_RECORD, Bodies, Chain, HashSpool, matched, ordered_bodies
from export import Header, given_keys, load_tiles, read_deployment, read_header, read_keys
from findings import Findings
from kept import Anchor, check_anchors, check_deployment, check_receipts, list_anchors
from merkle import RootsAt, Tree
from reading import Body, Entry, read_bodies, read_checkpoints, read_entries
from retention import judge
from signed_note import Ed25519, claimed_size
from statement import OnRecord
from tiles import check_tiles

Item = TypeVar("Item")


class Given(NamedTuple):
    """What the command line gives. None: as the directory has it."""

    directory: str
    receipts: str | None
    anchors: str | None
    vkeys: list[str]


class Counts(NamedTuple):
    entries: int
    bodies: int
    missing: int


def verify(given: Given, ed25519: Ed25519) -> dict[str, Any]:
    """The result as the page has it. Raises Unreadable."""
    findings, directory = Findings(), given.directory
    header = read_header(directory)
    keys = given_keys(given.vkeys, header.host) if given.vkeys else read_keys(directory, findings)
    tiles = load_tiles(directory, findings)
    deployment = read_deployment(directory, findings)
    anchors = list_anchors(given.anchors if given.anchors is not None else os.path.join(directory, "anchors"))
    receipts = given.receipts if given.receipts is not None else _existing(os.path.join(directory, "receipts.ndjson"))

    line_sizes, roots = sizes_to_know(directory, anchors)
    tree = Tree(roots)
    chain, bodies = Chain(header, tiles, tree, findings), Bodies(line_sizes, findings)
    spool = None if receipts is None else HashSpool()
    counts = read_ledger(directory, chain, bodies, spool, findings)
    check_pruning(header, bodies, findings)

    ledger = Ledger(directory, header, keys, ed25519, chain, bodies, roots, findings)
    signed = check_checkpoints(ledger, None if deployment is None else deployment.number)
    explain_missing(ledger, signed, counts)
    check_tiles(tiles, tree, header.min_index, chain.reach, signed.size, findings)
    check_head(header, chain, signed, findings)
    check_anchors(ledger, anchors)
    if receipts is not None and spool is not None:
        check_receipts(receipts, header, spool, signed, findings)
    check_deployment(ledger, deployment, signed)
    return {
        "v": 1,
        "org": header.org,
        "entries": counts.entries,
        "bodies": counts.bodies,
        "missingBodies": counts.missing,
        "checkpoints": signed.lines,
        "findings": findings.listed(),
    }


def _existing(path: str) -> str | None:
    return path if os.path.exists(path) else None


def sizes_to_know(directory: str, anchors: list[Anchor]) -> tuple[array[int], RootsAt]:
    """Sizes that checkpoint lines name, in order; and the roots wanted: at every size that a note speaks of, whoever signed it."""
    lines, notes = array("Q"), array("Q")
    for line in read_checkpoints(directory, Findings()):
        _append_new(lines, line.size)
        _append_new(notes, claimed_size(line.note))
    for anchor in anchors:
        _append_new(notes, None if anchor.note is None else claimed_size(anchor.note))
    return array("Q", sorted(set(lines))), RootsAt(notes)


def _append_new(sizes: array[int], size: int | None) -> None:
    """Heartbeats repeat a size again and again."""
    if size is not None and (len(sizes) == 0 or sizes[-1] != size):
        sizes.append(size)


def read_ledger(directory: str, chain: Chain, bodies: Bodies, spool: HashSpool | None, findings: Findings) -> Counts:
    """Steps 1 and 2, side by side."""
    entry_count, body_count, missing = [0], [0], 0
    present = (entry for entry in _counted(read_entries(directory, findings), entry_count) if chain.add(entry))
    ordered = ordered_bodies(_counted(read_bodies(directory, findings), body_count), findings)
    for entry, body in matched(present, ordered, findings):
        if spool is not None:
            spool.add(entry.seq, entry.hash)
        if body is None:
            missing += 1
        else:
            bodies.add(entry, body)
    return Counts(entry_count[0], body_count[0], missing)


def _counted(items: Iterable[Item], count: list[int]) -> Iterator[Item]:
    for item in items:
        count[0] += 1
        yield item


def check_pruning(header: Header, bodies: Bodies, findings: Findings) -> None:
    """Step 3, entries: the newest purge entry says up to where they are gone."""
    stated = None if bodies.purge is None else (bodies.purge.min_index, bodies.purge.anchor_hash)
    if header.min_index > 0 and stated != (header.min_index, header.anchor_hash):
        findings.add("GAP", "entry:0")


def explain_missing(ledger: Ledger, signed: Signed, counts: Counts) -> None:
    """Step 3, bodies: needs the newest purge entry, and so reads once more. An audit record whose body is missing may explain a silence of step 4."""
    explained: set[int] = set()
    purge, purge_seq = ledger.bodies.purge, ledger.bodies.purge_seq
    on_record = None if purge is None else OnRecord(purge)
    for entry, body in _matched_again(ledger) if counts.missing > 0 or on_record is not None else ():
        if on_record is not None and entry.kind == AUDIT_RECORD and entry.seq < purge_seq:
            _put_on_record(on_record, entry, body)
        if body is not None:
            continue
        code = judge(purge, entry.seq, entry.at, entry.retain)
        if code is not None:
            ledger.findings.add(code, f"entry:{entry.seq}")
        if entry.kind == AUDIT_RECORD:
            explained.update(at for at, silence in enumerate(signed.silences) if silence.since <= entry.at // 1000 <= silence.until)
    contradictions = 0 if on_record is None else on_record.contradictions(ledger.header.min_index)
    if contradictions > 0:
        ledger.findings.add("FALSE_STATEMENT", f"entry:{purge_seq}", contradictions)
    for at, silence in enumerate(signed.silences):
        if at not in explained:
            ledger.findings.add("MISSING_HEARTBEAT", f"checkpoint:{silence.number}")


def _put_on_record(on_record: OnRecord, entry: Entry, body: Body | None) -> None:
    if body is None or sha256(body.text).hexdigest() != entry.body:
        on_record.add_unread(entry.seq, entry.at)
    else:
        on_record.add(entry.seq, entry.at, body.record)


def _matched_again(ledger: Ledger) -> Iterator[tuple[Entry, Body | None]]:
    """What is found on the way has been found before."""
    silent = Findings()
    entries = _present_again(ledger.directory, ledger.header.min_index)
    return matched(entries, ordered_bodies(read_bodies(ledger.directory, silent), silent), silent)


def _present_again(directory: str, min_index: int) -> Iterator[Entry]:
    following = min_index
    for entry in read_entries(directory, Findings()):
        if entry.seq >= following:
            following = entry.seq + 1
            yield entry


def check_head(header: Header, chain: Chain, signed: Signed, findings: Findings) -> None:
    """Step 6."""
    head = header.head
    told = (header.size, head.next_seq, head.hash, head.last_at, head.checkpoint_size)
    if told != (chain.next, chain.next, chain.prev, chain.last, signed.last_line_size):
        findings.add("HEAD_MISMATCH", "head")
