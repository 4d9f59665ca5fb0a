"""Where a converted model came from, in a few bytes of a frame: for whoever has the frame and not the model.

It decides nothing: a model is found by its fingerprint. It is text of few kinds of characters, since it is printed.
"""

from __future__ import annotations

import re
from typing import Any

from predzip.errors import UnsupportedError

LONGEST_BYTES = 120
_SOURCE = re.compile(r"[A-Za-z0-9._/@:+-]*")
_NOT_OF_A_SOURCE = re.compile(r"[^A-Za-z0-9._/@:+-]+")
_COMMIT_DIGITS = 12
HUB = "hf:"
_LAST_FIELD = b";model="


def is_converted(config: dict[str, Any]) -> bool:
    """Say whether a model's description names a source."""
    about = config.get("about")
    return isinstance(about, dict) and bool(about.get("source"))


def pack_source(config: dict[str, Any]) -> bytes:
    """Name the source of a model by its description; its own name where it was not converted."""
    text = str(config.get("name", ""))
    if is_converted(config):
        text = str(config["about"]["source"])
        if config["about"].get("revision"):
            text = f"{HUB}{text.removeprefix(HUB)}@{str(config['about']['revision'])[:_COMMIT_DIGITS]}"
    return _NOT_OF_A_SOURCE.sub("-", text)[:LONGEST_BYTES].encode("ascii")


def unpack_source(source: bytes) -> str:
    """Read the name of a source.

    Raises:
        UnsupportedError: it is none that an encoder writes.
    """
    text = source.decode("latin-1")
    if len(source) > LONGEST_BYTES or not _SOURCE.fullmatch(text):
        raise UnsupportedError("the frame names a model as no encoder of this release does")
    return text


def add_to_record(record: bytes, config: dict[str, Any]) -> bytes:
    """Put the source behind a record `name=value;name=value` (`codecs.float_environment`), as its last field."""
    return record + _LAST_FIELD + pack_source(config)


def split_record(record: bytes) -> tuple[bytes, str]:
    """Take apart what `add_to_record` puts together; the source is empty where there is none.

    Raises:
        UnsupportedError: the source is none that an encoder writes.
    """
    rest, _, source = record.partition(_LAST_FIELD)
    return rest, unpack_source(source)


def command_for(source: str) -> str:
    """What brings the model of a source: a command, with PATH where only its owner knows."""
    if source.startswith(HUB):
        return f"predzip models pull {source}"
    if source.endswith(".gguf"):
        return f"predzip models convert PATH/{source.rpartition('/')[2]}"
    return "predzip models add PATH"
