"""Turning (distribution, symbol) into bits and back: integers only, no input or output but byte buffers."""
