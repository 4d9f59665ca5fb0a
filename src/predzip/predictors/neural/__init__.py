"""Predictors made of networks, in arithmetic whose results never move: integers wherever numbers are summed."""
