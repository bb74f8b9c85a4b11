"""The small files of an export: export.json, keys.json, tiles.ndjson, deployment.json."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from findings import Findings
from merkle import TILE
from reading import HASH, UUID, Malformed, Unreadable, matching, member, optional, parse_json, parse_object, read_file, read_tiles, text_of, whole
from signed_note import Key, parse_vkey, use_of_vkey

Keys = dict[tuple[str, bytes], list[Key]]
TileRef = tuple[int, int]


class Header(NamedTuple):
    """export.json."""

    org: str
    origin: str
    host: str
    exported_at: int
    size: int
    min_index: int
    anchor_hash: str | None
    head: Head


class Head(NamedTuple):
    next_seq: int
    hash: str
    last_at: int | None
    checkpoint_size: int


class Tiles(NamedTuple):
    """Given roots, and the places of lines that name a tile again."""

    roots: dict[TileRef, bytes]
    repeated: list[TileRef]


class Deployment(NamedTuple):
    note: str
    number: int
    leaf_index: int
    proof: list[bytes]


def read_header(directory: str) -> Header:
    """Raises Unreadable: without a header there is nothing to verify."""
    try:
        data = read_file(os.path.join(directory, "export.json"))
        if data is None:
            raise Malformed("there is no such file")
        return _header(parse_object(data))
    except (Malformed, OSError) as error:
        raise Unreadable(f"{os.path.join(directory, 'export.json')}: {error}") from None


def _header(value: dict[str, Any]) -> Header:
    if value.get("format") != "mastguard-export" or whole(value.get("v")) != 1:
        raise Malformed("not a mastguard-export of version 1")
    org, origin, min_index = matching(UUID, value.get("org")), text_of(value.get("origin")), whole(value.get("minIndex"))
    ending = f"/mg/org/{org}"
    # The last one counts: a host may hold the same.
    host = origin[: -len(ending)]
    if host == "" or not origin.endswith(ending):
        raise Malformed("origin is not that of the organisation")
    anchor_hash = optional(_hash, member(value, "anchorHash"))
    if min_index % TILE != 0 or (anchor_hash is None) != (min_index == 0):
        raise Malformed("minIndex and anchorHash do not agree")
    return Header(org, origin, host, whole(value.get("exportedAt")), whole(value.get("size")), min_index, anchor_hash, _head(member(value, "head")))


def _head(value: Any) -> Head:
    if not isinstance(value, dict):
        raise Malformed("head is not an object")
    last_at = optional(whole, member(value, "lastAt"))
    return Head(whole(value.get("nextSeq")), _hash(value.get("head")), last_at, whole(value.get("checkpointSize")))


def _hash(value: Any) -> str:
    return matching(HASH, value)


def given_keys(vkeys: list[str], host: str) -> Keys:
    """Keys from the command line, instead of those of the export."""
    keys: Keys = {}
    for vkey in vkeys:
        try:
            _add(keys, parse_vkey(vkey, use_of_vkey(vkey, host)))
        except Malformed as error:
            raise Unreadable(f"{vkey}: {error}") from None
    return keys


def read_keys(directory: str, findings: Findings) -> Keys:
    keys: Keys = {}
    try:
        data = read_file(os.path.join(directory, "keys.json"))
        listed = parse_object(data if data is not None else b"").get("vkeys")
        if not isinstance(listed, list):
            raise Malformed("vkeys is not a list")
    except Malformed:
        findings.add("MALFORMED", "file:keys.json")
        return keys
    for item in listed:
        try:
            if not isinstance(item, dict):
                raise Malformed("not an object")
            _add(keys, parse_vkey(text_of(item.get("vkey")), text_of(item.get("use"))))
        except Malformed:
            findings.add("MALFORMED", "file:keys.json")
    return keys


def _add(keys: Keys, key: Key) -> None:
    keys.setdefault((key.name, key.id), []).append(key)


def load_tiles(directory: str, findings: Findings) -> Tiles:
    """One root for 256 entries: small enough to hold."""
    tiles = Tiles({}, [])
    for level, index, root in read_tiles(directory, findings):
        if (level, index) in tiles.roots:
            tiles.repeated.append((level, index))
        else:
            tiles.roots[(level, index)] = root
    return tiles


def read_deployment(directory: str, findings: Findings) -> Deployment | None:
    try:
        data = read_file(os.path.join(directory, "deployment.json"))
        value = parse_json(data if data is not None else b"")
        if value is None:
            return None
        if not isinstance(value, dict) or not isinstance(value.get("proof"), list):
            raise Malformed("not a deployment")
        proof = [bytes.fromhex(_hash(item)) for item in value["proof"]]
        return Deployment(text_of(value.get("note")), whole(value.get("number")), whole(value.get("index")), proof)
    except Malformed:
        findings.add("MALFORMED", "file:deployment.json")
        return None
