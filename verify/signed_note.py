"""C2SP signed notes of transparency logs: verifier keys, signatures, cosignatures, checkpoints.

Formats: c2sp.org/signed-note, c2sp.org/tlog-checkpoint, c2sp.org/tlog-cosignature.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import subprocess
import tempfile
import threading
from hashlib import sha256
from typing import NamedTuple

from reading import MAX_WHOLE, Malformed, Unreadable

ED25519 = 1
COSIGNATURE = 4
TYPE_OF_USE = {"log": ED25519, "deployment": ED25519, "time": COSIGNATURE}

# Unicode White_Space. Python's \s is that and U+001C to U+001F.
_WHITE_SPACE = r"\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_VKEY = re.compile(rf"([^+{_WHITE_SPACE}]+)\+([0-9a-f]{{8}})\+(.+)")
_SIZE = re.compile(r"0|[1-9][0-9]*")
_SIGNATURE_LINE = re.compile(rf"\u2014 ([^+{_WHITE_SPACE}]+) ([A-Za-z0-9+/=]+)")


class Key(NamedTuple):
    name: str
    id: bytes
    use: str
    public_key: bytes


class Note(NamedTuple):
    """A valid checkpoint."""

    size: int
    root: bytes
    seconds: int


def from_base64(text: str) -> bytes:
    """Raises Malformed for what is not padded, canonical base64."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("no base64") from None
    if base64.b64encode(data).decode("ascii") != text:
        raise Malformed("no canonical base64")
    return data


def key_id(name: str, signature_type: int, public_key: bytes) -> bytes:
    return sha256(name.encode("utf-8") + b"\n" + bytes([signature_type]) + public_key).digest()[:4]


def parse_vkey(vkey: str, use: str) -> Key:
    """Raises Malformed where form, type or key id are wrong."""
    match = _VKEY.fullmatch(vkey)
    if match is None:
        raise Malformed("no verifier key")
    name, identifier, encoded = match.groups()
    data = from_base64(encoded)
    if len(data) != 33 or data[0] != TYPE_OF_USE.get(use):
        raise Malformed("a key of another type")
    try:
        expected = key_id(name, data[0], data[1:])
    except UnicodeEncodeError:
        raise Malformed("half a surrogate pair") from None
    if expected.hex() != identifier:
        raise Malformed("the key id is of another key")
    return Key(name, expected, use, data[1:])


def use_of_vkey(vkey: str, host: str) -> str:
    """What a key given by hand is for: the page tells it by type and name."""
    name, _, rest = vkey.partition("+")
    data = from_base64(rest.partition("+")[2])
    if data[:1] == bytes([COSIGNATURE]):
        return "time"
    return "deployment" if name == f"{host}/mg/deployment" else "log"


class Ed25519:
    """Verifies with the `openssl` command (3.0 or newer). Usable from several threads."""

    # RFC 8032, section 7.1, test 2.
    _SAMPLE = (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    )
    _SPKI = bytes.fromhex("302a300506032b6570032100")

    def __init__(self, command: str = "openssl") -> None:
        self._command = command
        self._directory = tempfile.TemporaryDirectory(prefix="mg-verify-")
        public_key, message, signature = (bytes.fromhex(text) for text in self._SAMPLE)
        if not self.verify(public_key, message, signature) or self.verify(public_key, message + b"x", signature):
            raise Unreadable(f"{command} does not verify Ed25519 signatures: OpenSSL 3.0 or newer is needed")

    def verify(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        """Raises Unreadable where openssl cannot be run: that is no verdict."""
        prefix = os.path.join(self._directory.name, str(threading.get_ident()))
        for suffix, data in ((".key", self._SPKI + public_key), (".sig", signature), (".msg", message)):
            with open(prefix + suffix, "wb") as file:
                file.write(data)
        arguments = ["pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER"]
        files = ["-inkey", prefix + ".key", "-sigfile", prefix + ".sig", "-in", prefix + ".msg"]
        try:
            done = subprocess.run([self._command, *arguments, *files], stdin=subprocess.DEVNULL, capture_output=True, check=False)
        except OSError as error:
            raise Unreadable(f"{self._command}: {error.strerror}") from None
        if done.returncode == 0:
            return True
        if b"Signature Verification Failure" in done.stdout + done.stderr:
            return False
        raise Unreadable(f"{self._command} pkeyutl failed: {done.stderr.decode('utf-8', 'replace').strip()[:200]}")

    def close(self) -> None:
        self._directory.cleanup()


def parse_checkpoint_text(note: str) -> tuple[str, str, int, bytes, list[tuple[str, bytes]]]:
    """Splits a note into text, origin, size, root and signatures. Raises Malformed."""
    body, mark, signatures = note.rpartition("\n\n")
    if not mark or not signatures.endswith("\n") or any(char < " " and char != "\n" for char in note):
        raise Malformed("no signed note")
    text = body + "\n"
    lines = text.split("\n")
    if len(lines) != 4 or lines[0] == "" or _SIZE.fullmatch(lines[1]) is None or len(lines[1]) > 16:
        raise Malformed("no checkpoint")
    size, root = int(lines[1]), from_base64(lines[2])
    if size > MAX_WHOLE or len(root) != 32:
        raise Malformed("no checkpoint")
    return text, lines[0], size, root, [_signature(line) for line in signatures[:-1].split("\n")]


def _signature(line: str) -> tuple[str, bytes]:
    match = _SIGNATURE_LINE.fullmatch(line)
    if match is None:
        raise Malformed("no signature line")
    data = from_base64(match.group(2))
    if len(data) < 5:
        raise Malformed("no signature")
    return match.group(1), data


def claimed_size(note: str) -> int | None:
    """The size a note speaks of, whoever signed it."""
    try:
        return parse_checkpoint_text(note)[2]
    except Malformed:
        return None


def open_note(note: str, origin: str, log_use: str, keys: dict[tuple[str, bytes], list[Key]], ed25519: Ed25519) -> Note | None:
    """The checkpoint in a note that is valid for `origin`; None otherwise. `log_use` is `log` or `deployment`."""
    try:
        text, named, size, root, signatures = parse_checkpoint_text(note)
        data = text.encode("utf-8")
    except (Malformed, UnicodeEncodeError):
        return None
    if named != origin:
        return None
    signed, seconds = False, None
    for name, signature in signatures:
        for key in keys.get((name, signature[:4]), []):
            if key.use == "time":
                stamp = _cosigned_at(key, data, signature[4:], ed25519)
                if stamp is None:
                    return None
                seconds = stamp if seconds is None else seconds
            elif not _is_signature(key, data, signature[4:], ed25519):
                return None
            elif key.use == log_use and name == origin:
                signed = True
    return Note(size, root, seconds) if signed and seconds is not None else None


def _is_signature(key: Key, message: bytes, signature: bytes, ed25519: Ed25519) -> bool:
    return len(signature) == 64 and ed25519.verify(key.public_key, message, signature)


def _cosigned_at(key: Key, message: bytes, signature: bytes, ed25519: Ed25519) -> int | None:
    """Seconds of a cosignature that verifies."""
    if len(signature) != 72:
        return None
    seconds = int.from_bytes(signature[:8], "big")
    stamped = f"cosignature/v1\ntime {seconds}\n".encode("ascii") + message
    return seconds if seconds * 1000 <= MAX_WHOLE and ed25519.verify(key.public_key, stamped, signature[8:]) else None
