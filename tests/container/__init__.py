"""Tests of the frame format; a package, so that other folders may have test modules of the same name."""
