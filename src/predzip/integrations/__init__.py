"""Doors to other libraries, each opened by calling its `register()`; none is imported before that."""
