"""Findings, grouped as docs/spec/ledger-v1.md says: one per code and sort of reference."""

from __future__ import annotations


class Findings:
    """Collects findings. The first reference of a group is kept, the others are counted."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str], dict[str, object]] = {}

    def add(self, code: str, ref: str, count: int = 1) -> None:
        """`ref` is `<sort>:<which>` or `<sort>`. Of `file:` every file is a sort of its own."""
        sort = ref if ref.startswith("file:") else ref.split(":", 1)[0]
        group = self._groups.setdefault((code, sort), {"code": code, "ref": ref, "count": 0})
        group["count"] += count  # type: ignore[operator]

    def listed(self) -> list[dict[str, object]]:
        """By code, then by sort of reference."""
        return [self._groups[key] for key in sorted(self._groups)]
