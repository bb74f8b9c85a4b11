"""The newest purge statement beside the other records of the ledger: FALSE_STATEMENT of step 3."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from reading import Malformed, whole
from retention import Reduced, Rules, Statement, parse_reduced, parse_statement

NOTICED_WITHIN_MS = 60_000
OPEN = "open"

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_EPOCH = datetime(1970, 1, 1)


class OnRecord:
    """What the records before the statement say, entry by entry; `contradictions` after the last one."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._holds: dict[str, str] = {}
        self._extended: set[tuple[int, int]] = set()
        self._is_reduction_known = False
        self._reduction: Reduced | None = None
        self._is_noticed = False
        self._earlier = list(statement.earlier)

    def add_unread(self, seq: int, at: int) -> None:
        """An entry whose body is missing or was changed: it may have released a hold or cancelled a reduction, given notice, or been a purge."""
        self._holds.clear()
        self._is_reduction_known = False
        self._is_noticed = self._is_noticed or self._is_in_time(seq, at)
        self._earlier = [each for each in self._earlier if not _is_at(each, seq, at)]

    def add(self, seq: int, at: int, record: dict[str, Any]) -> None:
        """Records that do not have their form are passed over."""
        read = {
            "ledger.purged": self._purge,
            "hold.placed": self._place,
            "hold.released": self._release,
            "retention.extended": self._extend,
            "retention.reduced": self._reduce,
            "retention.reduction-cancelled": self._cancel,
        }
        name = record.get("type")
        if isinstance(name, str) and name in read:
            read[name](seq, at, record)

    def contradictions(self, min_index: int) -> int:
        """How many members say something else."""
        rules = self._statement.rules
        stated = {(hold_id, _range_of(since, until)) for hold_id, since, until in rules.held}
        holds = sum(1 for hold in self._holds.items() if hold not in stated)
        longest = [one for one in self._extended if not any(other != one and _outdoes(other, one) for other in self._extended)]
        extensions = sum(1 for one in longest if not any(_outdoes(other, one) for other in rules.extended))
        return holds + extensions + int(self._is_reduction_false(min_index)) + len(self._earlier)

    def _purge(self, seq: int, at: int, record: dict[str, Any]) -> None:
        purge = parse_statement(record.get("details"), at)
        if purge is None:
            return
        for hold_id, since, until in purge.rules.held:
            self._holds.setdefault(hold_id, _range_of(since, until))
        self._extended.update(purge.rules.extended)
        self._earlier = [each for each in self._earlier if not (_is_at(each, seq, at) and each._replace(seq=None) == purge.rules)]

    def _place(self, _seq: int, _at: int, record: dict[str, Any]) -> None:
        details, hold_id = record.get("details"), record.get("target")
        if not isinstance(details, dict) or not isinstance(hold_id, str) or not {"from", "until"} <= details.keys():
            return
        ends = [details["from"], details["until"]]
        if all(end is None or (isinstance(end, str) and _TIME.fullmatch(end)) for end in ends):
            self._holds[hold_id] = " ".join(OPEN if end is None else end for end in ends)

    def _release(self, _seq: int, _at: int, record: dict[str, Any]) -> None:
        hold_id = record.get("target")
        if isinstance(hold_id, str):
            self._holds.pop(hold_id, None)

    def _extend(self, _seq: int, _at: int, record: dict[str, Any]) -> None:
        details = record.get("details")
        try:
            if isinstance(details, dict):
                self._extended.add((whole(details.get("beforeSeq")), whole(details.get("days"))))
        except Malformed:
            pass

    def _reduce(self, seq: int, at: int, record: dict[str, Any]) -> None:
        try:
            reduction = parse_reduced(record.get("details"))
        except Malformed:
            return
        self._is_reduction_known, self._reduction = True, reduction
        stated = self._statement.rules.reduced
        if stated is not None and self._is_in_time(seq, at) and reduction._replace(days=0) == stated._replace(days=0) and reduction.days <= stated.days:
            self._is_noticed = True

    def _cancel(self, _seq: int, _at: int, _record: dict[str, Any]) -> None:
        self._is_reduction_known, self._reduction = True, None

    def _is_in_time(self, seq: int, at: int) -> bool:
        """Whether the entry may be the notice of the reduction that is stated."""
        stated = self._statement.rules.reduced
        return stated is not None and seq >= stated.before_seq and abs(at - stated.notice_at) <= NOTICED_WITHIN_MS

    def _is_reduction_false(self, min_index: int) -> bool:
        stated = self._statement.rules.reduced
        if stated is None or stated.before_seq <= min_index:
            return False
        return not self._is_noticed or (self._is_reduction_known and self._reduction != stated)


def _is_at(earlier: Rules, seq: int, at: int) -> bool:
    return earlier.at == at and earlier.seq in (None, seq)


def _outdoes(long: tuple[int, int], short: tuple[int, int]) -> bool:
    return long[0] >= short[0] and long[1] >= short[1]


def _range_of(since: int | None, until: int | None) -> str:
    return f"{_time_of(since)} {_time_of(until)}"


def _time_of(at: int | None) -> str:
    """As records have it; they name no time beyond the year 9999."""
    if at is None:
        return OPEN
    try:
        return f"{(_EPOCH + timedelta(milliseconds=at)).isoformat(timespec='milliseconds')}Z"
    except OverflowError:
        return str(at)
