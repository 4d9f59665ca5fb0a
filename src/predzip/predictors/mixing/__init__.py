"""The adaptive predictor: contexts, bit histories and gated logistic mixing, in integers."""
