"""Bytes to fewer bytes and back, in one line each.

Run it from anywhere:  python examples/01_one_line.py
"""

import predzip

text = b"Alice was beginning to get very tired of sitting by her sister on the bank. " * 20

packed = predzip.compress(text, level=1)
assert predzip.decompress(packed) == text

print(f"{len(text)} bytes became {len(packed)}")
