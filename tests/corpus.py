"""Small data of every kind that the adaptive codec knows, the same on every machine: integers from seeded generators.

`SAMPLES` holds a few kilobytes of each kind; `mixture` is an archive of several of them.
"""

from __future__ import annotations

import io
import json
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path
from random import Random

ROOT = Path(__file__).parent.parent
_BOOK = ROOT / "examples" / "data" / "alice29.txt"
_NAMES = ["Aal", "Barsch", "Dorsch", "Forelle", "Hecht", "Karpfen", "Lachs", "Renke", "Saibling", "Wels", "Zander"]


def book(length: int, start: int = 3000) -> bytes:
    """English prose."""
    return _BOOK.read_bytes()[start : start + length]


def japanese(length: int) -> bytes:
    """Japanese prose in UTF-8, cut at a character: simple sentences, a dialogue now and then."""
    random, text = Random(10), "\u3000"
    who = ["私", "先生", "奥さん", "友達", "父", "あの人", "猫", "ケイ"]
    where = ["家", "学校", "東京", "海", "森の中", "部屋", "ホテル"]
    did = [
        "へ行った",
        "で本を読んでいた",
        "に帰って来ました",
        "を出る時に笑った",
        "から手紙を書きました",
        "を見ていたのである",
    ]
    why = ["。", "。けれども", "。その時", "から、", "。しかし何も言わなかった。"]
    while len(text) < length:
        text += random.choice(who) + random.choice("はがも") + random.choice(where) + random.choice(did)
        text += random.choice(why)
        if random.randrange(9) == 0:
            text += f"\n「{random.choice(where)}ですか」と{random.choice(who)}が聞いた。\n\u3000"
    return text.encode()[:length].decode(errors="ignore").encode()


def source_code(length: int) -> bytes:
    """Python: a source file of this project that seldom changes would still change, so a made-up one."""
    random, lines = Random(1), ["from __future__ import annotations", "", "import numpy as np", ""]
    while sum(map(len, lines)) < length:
        name, other = random.choice(_NAMES).lower(), random.choice(_NAMES).lower()
        lines += [f"def weigh_{name}({other}: int, count: int = {random.randrange(9)}) -> int:"]
        lines += [f'    """Return the weight of {name}, in grams."""', f"    if count > {random.randrange(50)}:"]
        lines += [f"        raise ValueError(f'too many: {{{other}}}')", f"    return {other} * count + 1", "", ""]
    return "\n".join(lines).encode()[:length]


def structured(length: int) -> bytes:
    """JSON: a list of objects, indented."""
    random = Random(2)
    rows = [
        {"id": i, "name": random.choice(_NAMES), "grams": random.randrange(20, 4000), "tags": random.sample(_NAMES, 2)}
        for i in range(length // 90 + 2)
    ]
    return json.dumps(rows, indent=1).encode()[:length]


def table(length: int) -> bytes:
    """CSV with quotes and numbers."""
    random, time = Random(3), 1_600_000_000
    lines = ["id,time,name,place,grams"]
    for i in range(length // 35 + 2):
        time += random.randrange(300)
        lines.append(f'{1000 + i},{time},{random.choice(_NAMES)},"Lake {random.randrange(9)}",{random.randrange(4000)}')
    return "\r\n".join(lines).encode()[:length]


def log(length: int) -> bytes:
    """Lines of a server's log."""
    random, lines, seconds = Random(4), [], 0
    for _ in range(length // 70 + 2):
        seconds += random.randrange(3)
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{random.randrange(1000):03}"
        level = random.choice(["INFO", "INFO", "INFO", "WARN", "DEBUG"])
        lines.append(
            f"2026-03-01 {clock} {level} [req-{random.getrandbits(64):016x}] GET /fish/{random.choice(_NAMES)}"
        )
    return "\n".join(lines).encode()[:length]


def machine_code(length: int) -> bytes:
    """x86-64: common instructions and calls of a few functions."""
    random, program = Random(5), bytearray()
    codes = ("4889c7", "488b4508", "4c89e6", "85c0", "4883c408", "31c0", "0fb610", "488d742410", "5bc3")
    moves = [bytes.fromhex(code) for code in codes]
    while len(program) < length:
        program += random.choice(moves) + bytes(random.choices(range(0x50, 0xC0), k=random.randrange(6)))
        if random.randrange(4) == 0:
            program += b"\xe8" + struct.pack("<i", random.randrange(1, 9) * 0x1310 - len(program))
    return bytes(program[:length])


def records(length: int) -> bytes:
    """Records of 24 bytes: counter, time, noise, name, flags."""
    random, time, parts = Random(6), 1_600_000_000, []
    for i in range(length // 24 + 1):
        time += random.randrange(30)
        name = random.choice(_NAMES).encode().ljust(8, b"\0")
        parts.append(struct.pack("<II3s8sBhxx", i, time, random.randbytes(3), name, i % 2, i % 700))
    return b"".join(parts)[:length]


def pixels(length: int, width: int = 64, channels: int = 1) -> bytes:
    """Rows of shaded boxes with some grain."""
    random = Random(7)
    boxes = [(random.randrange(width), random.randrange(400), random.randrange(8, 30)) for _ in range(60)]
    values = bytearray()
    for place in range(length // channels + 1):
        y, x = divmod(place, width)
        level = 90 + y // 3 % 50 + x // 2
        level += sum(12 for left, top, size in boxes if left <= x < left + size and top <= y < top + size)
        values += bytes(min(255, level * (4 + c) // 5 + random.randrange(3)) for c in range(channels))
    return bytes(values[:length])


def bitmap(length: int) -> bytes:
    """A BMP file of 24-bit pixels, 60 to a row."""
    rows = (length - 54) // 180
    header = struct.pack("<2sIHHIIIIHHIIIIII", b"BM", 54 + 180 * rows, 0, 0, 54, 40, 60, rows, 1, 24, 0, 0, 0, 0, 0, 0)
    return header + pixels(180 * rows, 60, 3)


def sound(samples: int, channels: int = 1) -> bytes:
    """16-bit PCM: noise through a resonance whose loudness changes."""
    random, values = Random(8), []
    one, two, loud = [0] * channels, [0] * channels, 4
    for i in range(samples):
        if i % 1500 == 0:
            loud = random.randrange(2, 9)
        for c in range(channels):
            drive = random.randrange(-400, 401) * loud // 8
            one[c], two[c] = 15 * one[c] // 8 - 15 * two[c] // 16 + drive, one[c]
            values.append(max(-30000, min(30000, one[c])))
    return struct.pack(f"<{len(values)}h", *values)


def wave(length: int) -> bytes:
    """A WAV file, stereo, 16 bits."""
    data = sound((length - 44) // 4, 2)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, 16000, 64000, 4, 16)
    return (
        struct.pack("<4sI4s", b"RIFF", 36 + len(data), b"WAVE") + form + struct.pack("<4sI", b"data", len(data)) + data
    )


def noise(length: int) -> bytes:
    """Bytes that nothing shrinks."""
    return Random(9).randbytes(length)


MAKERS: dict[str, Callable[[int], bytes]] = {
    "text.txt": book,
    "code.py": source_code,
    "data.json": structured,
    "table.csv": table,
    "server.log": log,
    "machine.bin": machine_code,
    "records.bin": records,
    "pixels.gray": pixels,
    "picture.bmp": bitmap,
    "speech.pcm": lambda length: sound(length // 2),
    "stereo.wav": wave,
    "random.bin": noise,
}


def mixture(piece_bytes: int) -> bytes:
    """A tar archive with a piece of each kind."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, make in MAKERS.items():
            data = make(piece_bytes)
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(data), 1_700_000_000
            tar.addfile(entry, io.BytesIO(data))
    return archive.getvalue()


def samples(length: int) -> dict[str, bytes]:
    """Everything above, the edges too, each of about `length` bytes."""
    found = {name: make(length) for name, make in MAKERS.items()}
    edges = {"empty": b"", "one_byte": b"Q", "all_bytes": bytes(range(256)), "zeros": bytes(length)}
    edges |= {"all_ff": b"\xff" * length, "two_bytes": b"ab" * (length // 2)}
    return found | edges | {"mixture.tar": mixture(length // 12), "japanese.txt": japanese(length)}
