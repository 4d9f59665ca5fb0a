"""Decoder-only Transformers in exact integer arithmetic: the same frequencies from any backend, batch or step."""
