"""A compressor taken apart: a predictor gives probabilities, a coder turns them into bits.

The ideal size is known before a single bit is written: -log2 of the probability that the predictor gave to what came.
"""

from predzip.codecs.entropy import code_length_bits, decode, encode
from predzip.predictors.ppm import PPM

text = b"she sells sea shells by the sea shore; the shells she sells are sea shells, I'm sure. " * 3

predictor = PPM(order=3)
ideal_bits = code_length_bits(predictor, text)
payload = encode(predictor, text)
print(f"{8 * len(text)} bits of text: ideal {ideal_bits:.1f} bits, coded {8 * len(payload)} bits")

# The decoder makes the same predictions, because it has seen the same past.
assert decode(predictor, payload, len(text)).tobytes() == text

# What does it expect after this?
predictor.reset()
for symbol in b"she sells sea sh":
    predictor.update(symbol)
frequencies = predictor.predict()
likely = sorted(range(256), key=lambda symbol: -int(frequencies[symbol]))[:3]
for symbol in likely:
    print(f"  {chr(symbol)!r} with probability {frequencies[symbol] / frequencies.sum():.2f}")
assert chr(likely[0]) == "e"
