"""Steps 7 and 8: what is kept outside of the export, and the deployment log."""

from __future__ import annotations

import os
from typing import NamedTuple

from checkpoints import Ledger, Signed, is_other_root
from entries import HashSpool
from export import Deployment, Header
from findings import Findings
from merkle import root_of_inclusion
from reading import read_file, read_receipts
from signed_note import open_note


class Anchor(NamedTuple):
    """A checkpoint that was kept elsewhere. `note` is None for what is no UTF-8."""

    name: str
    note: str | None


def list_anchors(directory: str) -> list[Anchor]:
    """By name; none where there is no such directory."""
    names = sorted(os.listdir(directory)) if os.path.isdir(directory) else []
    files = ((name, read_file(os.path.join(directory, name))) for name in names if name.endswith(".note"))
    return [Anchor(name, _decoded(data)) for name, data in files if data is not None]


def _decoded(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def check_anchors(ledger: Ledger, anchors: list[Anchor]) -> None:
    """Step 7, checkpoints."""
    for anchor in anchors:
        ref = f"anchor:{anchor.name}"
        note = None if anchor.note is None else open_note(anchor.note, ledger.header.origin, "log", ledger.keys, ledger.ed25519)
        if note is None:
            ledger.findings.add("BAD_SIGNATURE", ref)
        elif note.size > ledger.chain.next:
            ledger.findings.add("TRUNCATED", ref)
        elif note.size <= ledger.chain.reach and is_other_root(ledger, note):
            ledger.findings.add("INCONSISTENT_CHECKPOINTS", ref)


def check_receipts(path: str, header: Header, spool: HashSpool, signed: Signed, findings: Findings) -> None:
    """Step 7, receipts."""
    for receipt in read_receipts(path, findings):
        if receipt.seq >= header.min_index and spool.get(receipt.seq) != receipt.entry_hash:
            findings.add("RECEIPT_NOT_IN_LOG", f"receipt:{receipt.seq}")
        if receipt.checkpoint_size > signed.size:
            findings.add("TRUNCATED", f"receipt:{receipt.seq}")


def check_deployment(ledger: Ledger, deployment: Deployment | None, signed: Signed) -> None:
    """Step 8."""
    if deployment is None:
        if signed.lines > 0:
            ledger.findings.add("BAD_PROOF", "deployment")
        return
    note = open_note(deployment.note, f"{ledger.header.host}/mg/deployment", "deployment", ledger.keys, ledger.ed25519)
    if note is None:
        ledger.findings.add("BAD_SIGNATURE", "deployment")
        return
    leaf = signed.deployment_leaf
    if leaf is None or root_of_inclusion(leaf, deployment.leaf_index, note.size, deployment.proof) != note.root:
        ledger.findings.add("BAD_PROOF", "deployment")
