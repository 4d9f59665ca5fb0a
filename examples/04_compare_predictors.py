"""Every predictor of the registry on the same text, in bits per byte: who knows more, pays less."""

from pathlib import Path

from predzip.codecs.entropy import code_length_bits
from predzip.predictors import registry
from predzip.units import bits_per_byte

text = (Path(__file__).parent / "data" / "alice29.txt").read_bytes()[:30_000]

cost_bpb = {}
for name in registry.names():
    cost_bpb[name] = bits_per_byte(code_length_bits(registry.create(name), text), len(text))

for name, bpb in sorted(cost_bpb.items(), key=lambda item: -item[1]):
    print(f"{name:10} {bpb:5.2f} bits/byte   {registry.summary(name)}")

assert cost_bpb["uniform"] == 8.0
assert cost_bpb["ppm"] < cost_bpb["frequency"] < cost_bpb["uniform"]
