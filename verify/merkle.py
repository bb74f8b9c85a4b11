"""RFC 6962 hashes, roots of a growing tree with its tiles, and RFC 9162 inclusion proofs."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from hashlib import sha256

TILE = 256
TILE_HEIGHT = 8


def hash_leaf(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


class RootsAt:
    """Roots at sizes chosen beforehand. 40 bytes a size, so that millions of checkpoints fit."""

    def __init__(self, sizes: Iterable[int]) -> None:
        self._sizes = array("Q", sorted(set(sizes)))
        self._roots = bytearray(32 * len(self._sizes))
        self._known = bytearray(len(self._sizes))
        self._at = 0

    def wants(self, size: int) -> bool:
        """Asked with sizes that only grow."""
        while self._at < len(self._sizes) and self._sizes[self._at] < size:
            self._at += 1
        return self._at < len(self._sizes) and self._sizes[self._at] == size

    def keep(self, root: bytes) -> None:
        """For the size last asked for."""
        self._roots[32 * self._at : 32 * self._at + 32] = root
        self._known[self._at] = 1

    def get(self, size: int) -> bytes | None:
        at = index_of(self._sizes, size)
        return bytes(self._roots[32 * at : 32 * at + 32]) if at is not None and self._known[at] else None


def index_of(ordered: array[int], value: int) -> int | None:
    at = bisect_left(ordered, value)
    return at if at < len(ordered) and ordered[at] == value else None


class Tree:
    """A tree that takes hashes from the left; it holds the largest full subtrees, at most one of a height."""

    def __init__(self, roots: RootsAt) -> None:
        self.size = 0
        self.tiles: dict[tuple[int, int], bytes] = {}
        self._peaks: list[tuple[int, bytes]] = []
        self._roots = roots
        self._keep()

    def push(self, node: bytes, height: int = 0) -> None:
        """Takes the root of a full subtree of 2^height leaves. Computed tiles go to `tiles`."""
        self.size += 1 << height
        while self._peaks and self._peaks[-1][0] == height:
            node = hash_node(self._peaks.pop()[1], node)
            height += 1
            if height % TILE_HEIGHT == 0:
                self.tiles[(height // TILE_HEIGHT - 1, (self.size >> height) - 1)] = node
        self._peaks.append((height, node))
        self._keep()

    def _keep(self) -> None:
        if self._roots.wants(self.size):
            self._roots.keep(self._root())

    def _root(self) -> bytes:
        if not self._peaks:
            return sha256(b"").digest()
        root = self._peaks[-1][1]
        for _, peak in reversed(self._peaks[:-1]):
            root = hash_node(peak, root)
        return root


def root_of_inclusion(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes | None:
    """The root that the proof leads to (RFC 9162, 2.1.3.2); None where it cannot be a proof of that index and size."""
    if index >= size:
        return None
    node, last, root = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return None
        if node & 1 or node == last:
            root = hash_node(sibling, root)
            while not node & 1 and node != 0:
                node >>= 1
                last >>= 1
        else:
            root = hash_node(root, sibling)
        node >>= 1
        last >>= 1
    return root if last == 0 else None
