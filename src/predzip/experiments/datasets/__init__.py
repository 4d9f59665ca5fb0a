"""Byte streams to measure on: text, grey patches, speech, noise, any file; each prepared once and read in pieces."""

from predzip.experiments.datasets.dataset import CHUNK_BYTES as CHUNK_BYTES
from predzip.experiments.datasets.dataset import Dataset as Dataset
from predzip.experiments.datasets.sources import open_dataset as open_dataset
