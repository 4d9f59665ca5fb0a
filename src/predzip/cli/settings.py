"""What the options of the file commands came down to, checked for sense."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from predzip.api import DEFAULT_MEMORY_LIMIT
from predzip.codecs.levels import DEFAULT_LEVEL
from predzip.errors import UsageError

Mode = Literal["compress", "decompress", "test", "list"]
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


@dataclass(frozen=True)
class Settings:
    """One run over files.

    Raises:
        UsageError: options that contradict each other.
    """

    mode: Mode = "compress"
    level: int = DEFAULT_LEVEL
    method: str | None = None
    model: str | None = None
    lanes: int | None = None
    context: int | None = None
    threads: int = 1
    dask: str | None = None
    memory_limit: int | None = DEFAULT_MEMORY_LIMIT
    output: str | None = None
    stdout: bool = False
    force: bool = False
    remove: bool = False
    recursive: bool = False
    verify: bool | None = None
    quiet: bool = False
    verbose: bool = False
    progress: bool | None = None

    def __post_init__(self) -> None:
        if (self.lanes or self.context) and (self.model is None or self.mode != "compress"):
            raise UsageError("--lanes and --context are for compressing with --model, a model over tokens")
        if self.stdout and self.output not in (None, "-"):
            raise UsageError("-c and -o name two outputs")
        if self.mode == "list" and self.dask is not None:
            raise UsageError("--list decodes nothing: --dask means nothing with it")
        if self.mode in ("test", "list"):
            if self.output is not None or self.stdout:
                raise UsageError(f"--{self.mode} writes no file: -o and -c mean nothing with it")
            if self.remove:
                raise UsageError(f"--rm does not go with --{self.mode}")
        if self.to_stdout and self.remove:
            raise UsageError("--rm keeps the input until the output is a complete file; standard output never is")
        if self.remove and self.verify is False:
            raise UsageError("--rm removes nothing that was not verified; leave out --no-verify")
        if self.to_stdout and self.verify:
            raise UsageError("--verify reads the output again, which standard output does not allow")

    @property
    def to_stdout(self) -> bool:
        """Whether everything goes to standard output."""
        return self.stdout or self.output == "-"

    @property
    def verifies(self) -> bool:
        """Whether output is decoded again: when asked, and always before an input is removed."""
        return self.remove if self.verify is None else self.verify

    @property
    def derives_name(self) -> bool:
        """Whether output names are made from input names."""
        return self.mode in ("compress", "decompress") and not self.to_stdout and self.output is None


def parse_size(text: str) -> int | None:
    """Read a size such as 500M, 2G or 64KiB; "none" is no limit.

    Raises:
        UsageError: it is not a size.
    """
    if text.lower() == "none":
        return None
    match = re.fullmatch(r"(\d+)([KMGT]?)(I?)B?", text.strip().upper())
    if not match:
        raise UsageError(f"{text!r} is not a size; write 500M, 2G, or none")
    number, unit, binary = match.groups()
    return int(int(number) * (1024 if binary else 1000) ** _POWERS[unit])
