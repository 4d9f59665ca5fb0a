"""Codecs: a predictor and a coder joined into payload bytes, and other people's compressors beside them."""
