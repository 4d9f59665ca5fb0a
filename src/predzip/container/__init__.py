"""The frame format of docs/format.md: bytes in, blocks out; needs no model, no numba and does no I/O (sans I/O)."""
