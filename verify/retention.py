"""Which bodies may be missing: the rules of docs/spec/ledger-v1.md, "What may be missing"."""

from __future__ import annotations

from typing import Any, NamedTuple

from reading import HASH, Malformed, matching, member, optional, text_of, whole

DAY_MS = 86_400_000
NOTICE_MS = 30 * DAY_MS


class Reduced(NamedTuple):
    before_seq: int
    days: int
    notice_at: int
    effective_at: int


class Rules(NamedTuple):
    """How far one purge went, when, and by which rules. `seq` is that of its entry, where somebody else's statement names it."""

    at: int
    up_to: int
    extended: list[tuple[int, int]]
    reduced: Reduced | None
    held: list[tuple[str, int | None, int | None]]
    seq: int | None = None


class Statement(NamedTuple):
    rules: Rules
    earlier: list[Rules]
    min_index: int
    anchor_hash: str | None


def parse_statement(details: Any, at: int) -> Statement | None:
    """The `details` of a `ledger.purged` record whose entry has the time `at`; None where they have another shape."""
    try:
        value = _object(details)
        counts = _object(value.get("counts"))
        for name in ("agentEvents", "hitlDecisions", "auditRecords", "policyViolations"):
            whole(counts.get(name))
        earlier = [_earlier(_object(rules)) for rules in _list(value.get("earlier", []))]
        anchor_hash = optional(lambda text: matching(HASH, text), member(value, "anchorHash"))
        return Statement(_rules(value, at), earlier, whole(value.get("minIndex")), anchor_hash)
    except Malformed:
        return None


def judge(statement: Statement | None, seq: int, at: int, retain: int) -> str | None:
    """The finding for a missing body; None where it is explained."""
    if statement is None or seq >= statement.rules.up_to:
        return "UNEXPLAINED_MISSING"
    earlier = (rules for rules in statement.earlier if rules.at <= statement.rules.at)
    allowed = any(_allows(rules, seq, at, retain) for rules in (statement.rules, *earlier))
    return None if allowed else "PREMATURE_PURGE"


def _allows(rules: Rules, seq: int, at: int, retain: int) -> bool:
    held = any((since is None or since <= at) and (until is None or at <= until) for _, since, until in rules.held)
    return seq < rules.up_to and not held and _expiry(rules, seq, at, retain) <= rules.at


def _expiry(rules: Rules, seq: int, at: int, retain: int) -> int:
    days = max([retain, *(days for before, days in rules.extended if seq < before)])
    expiry = at + days * DAY_MS
    if rules.reduced is not None:
        reduced = rules.reduced
        if seq < reduced.before_seq and reduced.effective_at - reduced.notice_at >= NOTICE_MS:
            expiry = min(expiry, max(at + reduced.days * DAY_MS, reduced.effective_at))
    return expiry


def _rules(value: dict[str, Any], at: int) -> Rules:
    extended = [(whole(item.get("beforeSeq")), whole(item.get("days"))) for item in map(_object, _list(value.get("extended")))]
    held = [_held(_object(item)) for item in _list(value.get("held"))]
    return Rules(at, whole(value.get("upTo")), extended, optional(parse_reduced, member(value, "reduced")), held)


def _earlier(value: dict[str, Any]) -> Rules:
    rules = _rules(value, whole(value.get("at")))
    return rules._replace(seq=whole(value["seq"])) if "seq" in value else rules


def parse_reduced(value: Any) -> Reduced:
    """Raises Malformed."""
    reduced = _object(value)
    return Reduced(whole(reduced.get("beforeSeq")), whole(reduced.get("days")), whole(reduced.get("noticeAt")), whole(reduced.get("effectiveAt")))


def _held(value: dict[str, Any]) -> tuple[str, int | None, int | None]:
    return text_of(value.get("id")), optional(whole, member(value, "from")), optional(whole, member(value, "until"))


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed("not an object")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Malformed("not a list")
    return value
