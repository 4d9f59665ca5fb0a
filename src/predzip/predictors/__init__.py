"""Predictors: each gives the coding distribution of the next symbol and is then told the symbol."""
