"""Tests of training; a package, so that other folders may have modules of the same name."""
