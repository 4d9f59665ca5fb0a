"""The public interface is what `predzip.__all__` lists, and nothing reaches it by accident."""

from __future__ import annotations

import inspect
import subprocess
import sys
import types

import predzip

NAMES = {
    "DEFAULT_LEVEL",
    "Compressor",
    "CorruptError",
    "Decompressor",
    "FileSummary",
    "FormatError",
    "FrameSummary",
    "LimitError",
    "MissingExtraError",
    "ModelError",
    "PredzipError",
    "PredzipFile",
    "TruncatedError",
    "UnsupportedError",
    "UsageError",
    "__version__",
    "code_length",
    "compress",
    "decompress",
    "inspect",
    "open",
}


def test_the_list_of_names() -> None:
    """A name that comes or goes is for the changelog."""
    assert set(predzip.__all__) == NAMES
    assert all(hasattr(predzip, name) for name in NAMES)


def test_nothing_else_is_there() -> None:
    """In a fresh process: other tests import submodules, which then appear as attributes."""
    program = (
        "import predzip, types; print(*(n for n, v in vars(predzip).items() if not isinstance(v, types.ModuleType)))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert {name for name in found if not name.startswith("__")} == NAMES - {"__version__"}


def test_everything_public_is_documented() -> None:
    for name in NAMES - {"__version__", "DEFAULT_LEVEL"}:
        value = getattr(predzip, name)
        assert inspect.getdoc(value), name
        if inspect.isclass(value):
            for attribute, member in vars(value).items():
                if not attribute.startswith("_") and isinstance(member, types.FunctionType | property):
                    assert inspect.getdoc(member), f"{name}.{attribute}"


def test_errors_are_of_the_family() -> None:
    errors = [getattr(predzip, name) for name in NAMES if name.endswith("Error")]
    assert all(issubclass(error, predzip.PredzipError) for error in errors)


def test_the_version_is_that_of_the_package() -> None:
    from importlib.metadata import version

    assert predzip.__version__ == version("predzip")
