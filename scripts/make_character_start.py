"""Make what the n-grams of characters begin with (`predzip/models/characters.npz.xz`) from text of many languages.

    python scripts/make_character_start.py multilingual.txt.xz

Counts what followed each context of up to five characters as the model itself does: in the longest context where the
character was known, and in the longer ones. The end of the text is left out, as for the other starts, so that it can
be measured on. Takes half a minute and 2 GB for 11 MB.
"""

from __future__ import annotations

import argparse
import lzma
from collections import Counter, defaultdict, deque
from pathlib import Path

from predzip.predictors.mixing.character_start import FILE, Context, pack_start
from predzip.predictors.mixing.character_tables import ORDERS
from predzip.predictors.mixing.warm import FOLDER

HELD_OUT_BYTES = 300_000
LEAST_COUNTS = {0: 2, 1: 2, 2: 3}
"""What came less often is left out, by characters of the context."""
WEIGHT_OF_A_COUNT = 4
_LAST_CODE = 0xFFFF
_WINDOW = 8


def count(text: str) -> list[Counter[Context]]:
    """Counts of contexts with a character in front, by characters of the context."""
    counts: list[Counter[Context]] = [Counter() for _ in range(ORDERS + 1)]
    longer: deque[bool] = deque(maxlen=_WINDOW)
    codes = [ord(char) for char in text]
    for place, code in enumerate(codes):
        if 2 * sum(longer) >= _WINDOW:
            for order in range(min(ORDERS, place), -1, -1):
                key = (code, *codes[place - order : place][::-1])
                counts[order][key] += 1
                if counts[order][key] > 1:
                    break
        longer.append(code >= 0x80)
    return counts


def main() -> None:
    """Read the text, count, write the file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("text", type=Path, help="plain or .xz")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the file goes")
    options = parser.parse_args()
    content = options.text.read_bytes()
    data = lzma.decompress(content) if options.text.suffix == ".xz" else content
    counts = count(data[: len(data) - HELD_OUT_BYTES].decode("utf-8", "ignore"))
    weights = {
        key[0]: min(255, WEIGHT_OF_A_COUNT * times)
        for key, times in counts[0].items()
        if times >= LEAST_COUNTS[0] and key[0] <= _LAST_CODE
    }
    followers: dict[Context, list[int]] = defaultdict(list)
    for order in (1, 2):
        for key, times in counts[order].items():
            if times >= LEAST_COUNTS[order] and all(code in weights for code in key):
                followers[key[1:]].append(key[0])
    path = options.folder / FILE
    path.write_bytes(pack_start(weights, followers))
    entered = sum(len(each) for each in followers.values())
    print(f"{path.name}: {len(weights):,} characters, {len(followers):,} contexts, {entered:,} successors,")
    print(f"{path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
