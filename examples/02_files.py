"""Files as in `gzip` and `lzma`: adds writing, listing and reading from the middle to the first example."""

import tempfile
from pathlib import Path

import predzip

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "lines.txt.pz"

    with predzip.open(path, "wt", level=1) as file:
        for number in range(2000):
            file.write(f"line {number} of a file that is mostly the same again and again\n")

    # What the file says about itself; nothing is decoded for it.
    summary = predzip.inspect(path)
    print(f"{summary.original_bytes} bytes in {summary.compressed_bytes}, method {summary.method}")

    with predzip.open(path, "rt") as file:
        assert file.readline().startswith("line 0 of")

    # Bytes from anywhere: only the block that holds them is decoded.
    with predzip.open(path, "rb") as binary:
        binary.seek(5)
        assert binary.read(4) == b"0 of"
