"""Compressors and predictors as generative models (section 3.4 of the paper): what they expect, drawn from them.

`base` says what a source is, `exact` and `lengths` make one of any predictor and of any compressor, `sampling` is the
one loop that draws, `sources` finds a source by name, `figures` writes the paper's figures 3 to 5.
"""
