"""The equivalence read backwards: what does zlib expect next, and what does it write when it is asked to go on?

The probability of a byte is 2 to the minus the bits by which it lengthens the output of the compressor.
"""

import random
import zlib

from predzip.predictors.from_compressor import FromCompressor

rhyme = b"row, row, row your boat, gently down the stream; merrily, merrily, merrily, merrily, life is but a dream. "


def deflate(data: bytes) -> bytes:
    return zlib.compress(data, 9)


predictor = FromCompressor(deflate, context_bytes=400)
for symbol in rhyme * 2 + b"row, row, row your bo":
    predictor.update(symbol)

# Whole bytes are a coarse measure: many symbols cost the same.
frequencies = predictor.predict()
cheapest = [chr(symbol) for symbol in range(256) if frequencies[symbol] == frequencies.max()]
print(f"{len(cheapest)} of 256 bytes lengthen the output least, 'a' among them: {'a' in cheapest}")

# Draw from the distribution, tell the predictor, repeat: a text generator from a file compressor.
chooser = random.Random(1)
written = bytearray()
for _ in range(40):
    symbol = chooser.choices(range(256), weights=predictor.predict().tolist())[0]
    predictor.update(symbol)
    written.append(symbol)
print("zlib goes on:", bytes(written))
assert "a" in cheapest
