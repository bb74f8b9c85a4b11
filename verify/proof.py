"""Verifies one entry by its C2SP proof file (c2sp.org/tlog-proof)."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any, NamedTuple

from entries import equal
from export import given_keys
from findings import Findings
from merkle import hash_leaf, root_of_inclusion
from reading import MAX_WHOLE, Malformed, Unreadable, parse_object, read_file
from signed_note import Ed25519, Note, from_base64, open_note

HEADER = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,15})")
_ORIGIN = re.compile(r"(.+)/mg/org/([0-9a-f-]{36})")


class Proof(NamedTuple):
    leaf_index: int
    hashes: list[bytes]
    note: str


def verify_proof(proof_path: str, entry_path: str, body_path: str | None, vkeys: list[str], ed25519: Ed25519) -> dict[str, Any]:
    """The result as the page has it. Raises Unreadable."""
    if not vkeys:
        raise Unreadable("a proof is verified with keys that are known already: give --vkey")
    findings = Findings()
    text, body = _required(entry_path), None if body_path is None else _required(body_path)
    entry = text[:-1] if text.endswith(b"\n") else text
    result: dict[str, Any] = {"v": 1, "origin": None, "index": None, "size": None, "at": None}
    try:
        proof = parse_proof(_required(proof_path))
    except Malformed:
        findings.add("MALFORMED", "file:proof")
        return {**result, "findings": findings.listed()}
    origin = proof.note.partition("\n")[0]
    match = _ORIGIN.fullmatch(origin)
    host, org = match.groups() if match is not None else ("", "")
    keys, claims = given_keys(vkeys, host), _claims(entry, findings)
    note = None if match is None else open_note(proof.note, origin, "log", keys, ed25519)
    if note is None:
        findings.add("BAD_SIGNATURE", "proof")
    else:
        result = {"v": 1, "origin": origin, "index": proof.leaf_index, "size": note.size, "at": note.seconds * 1000}
        if not _is_included(proof, note, entry) or (claims is not None and not _is_in_place(proof, org, claims)):
            findings.add("BAD_PROOF", "proof")
    if body is not None and claims is not None and sha256(body).hexdigest() != claims.get("body"):
        findings.add("BODY_MISMATCH", "proof")
    return {**result, "findings": findings.listed()}


def parse_proof(data: bytes) -> Proof:
    """Raises Malformed."""
    try:
        head, mark, note = data.decode("utf-8").partition("\n\n")
    except UnicodeDecodeError:
        raise Malformed("no text") from None
    lines = head.split("\n")
    if not mark or lines[0] != HEADER:
        raise Malformed("no proof")
    if len(lines) > 1 and lines[1].startswith("extra "):
        # Nothing authenticates it, so it is passed over; the form it must have is that of the file.
        from_base64(lines.pop(1)[len("extra ") :])
    index = _INDEX.fullmatch(lines[1]) if len(lines) > 1 else None
    if index is None or int(index.group(1)) > MAX_WHOLE:
        raise Malformed("no index")
    hashes = [from_base64(line) for line in lines[2:]]
    if any(len(item) != 32 for item in hashes):
        raise Malformed("no hash")
    return Proof(int(index.group(1)), hashes, note)


def _required(path: str) -> bytes:
    data = read_file(path)
    if data is None:
        raise Unreadable(f"{path}: there is no such file")
    return data


def _claims(entry: bytes, findings: Findings) -> dict[str, Any] | None:
    """What the entry says of itself."""
    try:
        if not (entry.startswith(b"{") and entry.endswith(b"}")):
            raise Malformed("something beside the object")
        return parse_object(entry)
    except Malformed:
        findings.add("MALFORMED", "file:entry")
        return None


def _is_included(proof: Proof, note: Note, entry: bytes) -> bool:
    return root_of_inclusion(hash_leaf(entry), proof.leaf_index, note.size, proof.hashes) == note.root


def _is_in_place(proof: Proof, org: str, claims: dict[str, Any]) -> bool:
    """The entry itself says where it stands."""
    return equal(claims.get("seq"), proof.leaf_index) and claims.get("org") == org
