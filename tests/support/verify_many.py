"""Runs the command line of verify/verify.py for every line of standard input, a JSON array of arguments; answers exit code and output as a line of JSON."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "verify"))
sys.dont_write_bytecode = True

from signed_note import Ed25519  # noqa: E402
from verify import main  # noqa: E402

# A signature that many exports share is given to openssl once.
_judged: dict[tuple[bytes, bytes, bytes], bool] = {}
_verify = Ed25519.verify


def _verify_once(self: Ed25519, public_key: bytes, message: bytes, signature: bytes) -> bool:
    given = (public_key, message, signature)
    if given not in _judged:
        _judged[given] = _verify(self, *given)
    return _judged[given]


Ed25519.verify = _verify_once  # type: ignore[method-assign]


def run(arguments: list[str]) -> dict[str, object]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code: object = main(arguments)
        except SystemExit as stop:
            code = stop.code
    return {"exitCode": code, "stdout": out.getvalue(), "stderr": err.getvalue()}


for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), flush=True)
