#!/usr/bin/env python3
"""Verifies an export of a MastGuard ledger, or one entry by its proof, from docs/spec/ledger-v1.md alone.

Needs Python 3.9 or newer, its standard library, and the `openssl` command (3.0 or newer) for Ed25519.

    verify.py DIR [--receipts FILE] [--anchors DIR] [--vkey V]... [--json]
    verify.py --proof FILE --entry FILE [--body FILE] --vkey V... [--json]

Exit code 0: nothing was found; 1: there are findings; 2: nothing could be verified.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any

sys.dont_write_bytecode = True  # An export is verified from read-only places too.

from proof import verify_proof  # noqa: E402
from reading import Unreadable  # noqa: E402
from signed_note import Ed25519  # noqa: E402
from steps import Given, verify  # noqa: E402


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="verify.py", description="Verifies an export of a MastGuard ledger, or one entry by its proof.")
    parser.add_argument("directory", nargs="?", metavar="DIR", help="directory of the export")
    parser.add_argument("--receipts", metavar="FILE", help="receipts that were kept (default: receipts.ndjson in DIR, if there)")
    parser.add_argument("--anchors", metavar="DIR", help="checkpoints that were kept elsewhere (default: anchors/ in DIR, if there)")
    parser.add_argument("--vkey", metavar="V", action="append", default=[], help="verifier key to trust instead of those of the export; again for each key")
    parser.add_argument("--proof", metavar="FILE", help="a tlog-proof file, instead of DIR")
    parser.add_argument("--entry", metavar="FILE", help="the entry's text, with --proof")
    parser.add_argument("--body", metavar="FILE", help="the entry's body, with --proof")
    parser.add_argument("--json", action="store_true", help="print the result as one line of JSON")
    parser.add_argument("--openssl", metavar="COMMAND", default="openssl", help="the openssl command")
    options = parser.parse_args(arguments)
    if (options.directory is None) == (options.proof is None) or (options.proof is None) != (options.entry is None):
        parser.error("give DIR, or --proof and --entry")
    for path, exists in ((options.receipts, os.path.isfile), (options.anchors, os.path.isdir)):
        if path is not None and not exists(path):
            parser.error(f"{path}: there is no such file or directory")
    # Where none is read, nothing found would be taken for their being right.
    if options.anchors is not None and not any(name.endswith(".note") for name in os.listdir(options.anchors)):
        parser.error(f"{options.anchors}: no checkpoint (.note) is in it")
    return options


def run(options: argparse.Namespace) -> dict[str, Any]:
    ed25519 = Ed25519(options.openssl)
    try:
        if options.proof is not None:
            return verify_proof(options.proof, options.entry, options.body, options.vkey, ed25519)
        return verify(Given(options.directory, options.receipts, options.anchors, options.vkey), ed25519)
    finally:
        ed25519.close()


def format_result(result: dict[str, Any]) -> str:
    """For people."""
    facts = [f"{name} {value}" for name, value in result.items() if name not in ("v", "findings")]
    findings = [f"{found['code']} {found['ref']}" + (f" and {found['count'] - 1} more" if found["count"] > 1 else "") for found in result["findings"]]
    return "\n".join([", ".join(facts), *(findings or ["no findings"])])


def main(arguments: list[str]) -> int:
    options = parse_arguments(arguments)
    try:
        result = run(options)
    except (Unreadable, OSError) as error:
        print(f"verify.py: {error}", file=sys.stderr)
        return 2
    print(json.dumps(result, separators=(",", ":")) if options.json else format_result(result))
    return 1 if result["findings"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
