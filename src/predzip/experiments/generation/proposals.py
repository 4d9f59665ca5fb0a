"""Candidates for a compressor to weigh: continuations that the past suggests, and some from nowhere.

All 256 ** k continuations of k bytes cannot be tried. What a compressor finds cheap is mostly what it has seen, so:

    followers   copy what followed an earlier place where the last 0 to 8 bytes stood, for a while; then look again
    steps       go on from the last byte (or the one above, in a picture) by small differences: sounds, pictures
    uniform     any bytes

Any byte comes between followers with a small probability, so nothing is impossible. The compressor weighs the distinct
proposals by length alone: its distribution is the one given that the continuation is among them.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from predzip.errors import UsageError

_LONGEST_CONTEXT = 8
_STRAY = 1 / 32
"""How often a byte of a follower comes from nowhere."""
_HISTORY_BYTES = 1 << 15
_LARGEST_STEP = 12.0


@dataclass(frozen=True)
class Proposer:
    """Proposes continuations.

    Args:
        count: how many distinct ones at most.
        signal: whether bytes are samples or pixels, so that near values are likely.
        row_bytes: length of a row of a picture; 0: no picture.
    """

    count: int = 64
    signal: bool = False
    row_bytes: int = 0

    def __post_init__(self) -> None:
        if self.count < 2:
            raise UsageError(f"a compressor needs at least 2 candidates to choose from, not {self.count}")

    def propose(self, history: bytes, length: int, random: Random) -> list[bytes]:
        """Return distinct continuations of `history`, each of `length` bytes; fewer where there are no more."""
        if length == 1 and self.count >= 256:
            return [bytes([value]) for value in range(256)]
        past = history[-_HISTORY_BYTES:]
        kinds = [followers, followers, followers, uniform]
        if self.signal:
            kinds = [followers, self._steps, self._steps, self._steps]
        found: dict[bytes, None] = {}
        for attempt in range(4 * self.count):
            found.setdefault(kinds[attempt % len(kinds)](past, length, random))
            if len(found) == self.count:
                break
        return list(found)

    def _steps(self, past: bytes, length: int, random: Random) -> bytes:
        spread = random.choice((0.0, 1.0, 3.0, _LARGEST_STEP))
        above = self.row_bytes if self.row_bytes and len(past) >= self.row_bytes and random.random() < 0.75 else 0
        out = bytearray()
        drift = 0.0
        if above and past:  # how far the last pixel was from the one above it
            drift = float(past[-1] - past[-1 - above]) if len(past) > above else 0.0
            drift *= random.choice((0.0, 1.0))
        level = float(past[-1]) if past else 128.0
        slope = float(past[-1] - past[-2]) * random.choice((0.0, 0.5, 1.0)) if len(past) > 1 else 0.0
        for index in range(length):
            noise = random.gauss(0.0, spread) if spread else 0.0
            if above:
                place = len(past) + index - above
                value = (past[place] if place < len(past) else out[place - len(past)]) + drift + noise
            else:
                level += slope + noise
                slope *= 0.8
                value = level
            out.append(min(255, max(0, round(value))))
        return bytes(out)


def uniform(_past: bytes, length: int, random: Random) -> bytes:
    """Any bytes."""
    return random.randbytes(length)


def followers(past: bytes, length: int, random: Random) -> bytes:
    """Copy what followed an earlier place like this one, piece by piece."""
    out = bytearray()
    while len(out) < length:
        if not past or random.random() < _STRAY:
            out.append(random.randrange(256))
            continue
        seen = past + bytes(out)
        start = _place_like_the_end(seen, random.randint(0, _LONGEST_CONTEXT), random)
        out += seen[start : start + random.randint(1, length - len(out))]
    return bytes(out)


def _place_like_the_end(seen: bytes, order: int, random: Random) -> int:
    """Where something follows the same `order` bytes that `seen` ends in, or as many of them as ever came before."""
    for suffix_bytes in range(min(order, len(seen) - 1), 0, -1):
        suffix = seen[len(seen) - suffix_bytes :]
        places = []
        at = seen.find(suffix, 0, len(seen) - 1)
        while at >= 0:
            places.append(at + suffix_bytes)
            at = seen.find(suffix, at + 1, len(seen) - 1)
        if places:
            return random.choice(places)
    return random.randrange(len(seen))
