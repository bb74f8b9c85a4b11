"""Step 5: the roots of full tiles."""

from __future__ import annotations

from collections.abc import Iterator

from export import TileRef, Tiles
from findings import Findings
from merkle import TILE, Tree


def check_tiles(tiles: Tiles, tree: Tree, min_index: int, reach: int, size: int, findings: Findings) -> None:
    """`size` is that of the last valid checkpoint: what is full within it must be there, and nothing else."""
    wrong: dict[TileRef, int] = {}
    for ref in [*tiles.repeated, *(ref for ref in tiles.roots if not _is_full(ref, size))]:
        wrong[ref] = wrong.get(ref, 0) + 1
    for ref in full_tiles(min(size, reach)):
        if not _is_pruned(ref, min_index) and tiles.roots.get(ref) != tree.tiles[ref]:
            wrong[ref] = wrong.get(ref, 0) + 1
    missing = _missing_pruned(tiles, min(size, min_index) // TILE, wrong)
    if wrong or missing:
        level, index = min(wrong)
        findings.add("TILE_MISMATCH", f"tile:{level}/{index}", sum(wrong.values()) + missing)


def full_tiles(size: int) -> Iterator[TileRef]:
    """By level and index."""
    level, count = 0, size // TILE
    while count > 0:
        for index in range(count):
            yield level, index
        level, count = level + 1, count // TILE


def _is_full(ref: TileRef, size: int) -> bool:
    """No tree of 2^53 leaves has a full tile of level 6."""
    level, index = ref
    return level < 6 and index < size // TILE ** (level + 1)


def _is_pruned(ref: TileRef, min_index: int) -> bool:
    """Its hashes are gone, so its root is taken as it is given."""
    level, index = ref
    return level == 0 and (index + 1) * TILE <= min_index


def _missing_pruned(tiles: Tiles, count: int, wrong: dict[TileRef, int]) -> int:
    """How many of the first `count` tiles are not given, beside the first one, which goes to `wrong`. Counts without a loop over what is not there."""
    missing = count - sum(1 for level, index in tiles.roots if level == 0 and index < count)
    if missing == 0:
        return 0
    first = 0
    while (0, first) in tiles.roots:
        first += 1
    wrong[(0, first)] = wrong.get((0, first), 0) + 1
    return missing - 1
