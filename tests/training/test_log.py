from __future__ import annotations

import io
from pathlib import Path

import pytest

from predzip.training.log import Log, ProgressLine, format_time, read_log


def test_a_resumed_run_drops_what_lies_behind_its_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = Log(path, None)
    for step in (0, 10, 20, 30):
        log.write("train", step=step)
    path.write_text(path.read_text() + '{"event": "cut sho')
    Log(path, 20).write("train", step=25)
    assert [record["step"] for record in read_log(path)] == [0, 10, 20, 25]
    Log(path, None)
    assert read_log(path) == []


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59, "59 s"), (119, "2 min"), (5400, "90 min"), (11100, "3 h 05 min")]
)
def test_times(seconds: float, text: str) -> None:
    assert format_time(seconds) == text


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def show(line: ProgressLine) -> None:
    line.show(step=7, seen=1_500_000, bytes_per_second=14_100, bits_per_byte=2.34567, seconds_left=660)


def test_progress_elsewhere_is_a_line_now_and_then() -> None:
    stream = io.StringIO()
    line = ProgressLine(stream)
    for _ in range(3):
        show(line)
    line.say("done")
    assert stream.getvalue() == "step 7  1.5 MB  14.1 KB/s  2.3457 bits/byte  11 min left\ndone\n"


def test_progress_on_a_terminal_is_one_line_rewritten() -> None:
    stream = Terminal()
    line = ProgressLine(stream)
    show(line)
    line.say("done")
    first, second = stream.getvalue().split("\r\x1b[K")
    assert first.endswith("left")
    assert second == "done\n"


def test_silence() -> None:
    show(ProgressLine(None))
    ProgressLine(None).say("nothing")
