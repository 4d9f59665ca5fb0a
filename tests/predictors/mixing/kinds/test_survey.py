"""What one look at every byte says: text in many encodings, machine code, repeats."""

from __future__ import annotations

import numpy as np
import pytest

from predzip.predictors.mixing.kinds.survey import Survey, mark_repeats, survey

from . import samples


def _look(data: bytes) -> Survey:
    return survey(np.frombuffer(data, dtype=np.uint8), 0, len(data))


_TEXTS = {
    "utf-8": "Grüße aus Köln, wie geht es dir? Привет, как дела? 日本語の文章です。\n",
    "latin-1": "Déjà vu, garçon: l'été dernier à Besançon.\n",
    "cp1251": "Привет, как дела сегодня вечером\n",
    "koi8-r": "Привет, как дела сегодня вечером\n",
    "shift_jis": "吾輩は猫である。名前はまだ無い。\n",
    "euc-jp": "吾輩は猫である。名前はまだ無い。\n",
    "gbk": "道可道,非常道。名可名,非常名。\n",
    "big5": "道可道,非常道。名可名,非常名。\n",
}


@pytest.mark.parametrize("encoding", list(_TEXTS))
def test_text_in_many_encodings(encoding: str) -> None:
    look = _look((_TEXTS[encoding] * 60).encode(encoding))
    assert look.looks_textual()
    assert not look.looks_executable()


def test_some_odd_bytes_and_padding_do_not_matter() -> None:
    assert _look(samples.text(3000) + b"\x01\x02\xff" + bytes(900) + samples.text(3000, 7)).looks_textual()


_OTHERS = {
    "noise": samples.noise(4096),
    "records": samples.records(200),
    "code": samples.machine_code(4096),
    "zeros": bytes(4096),
    "utf-16": "text".encode("utf-16-le") * 500,
}


@pytest.mark.parametrize("name", list(_OTHERS))
def test_what_is_not_text(name: str) -> None:
    assert not _look(_OTHERS[name]).looks_textual()


def test_machine_code_and_nothing_else_is_executable() -> None:
    assert _look(samples.machine_code(4096)).looks_executable()
    for data in (samples.noise(65536), samples.records(2000), samples.picture(128, 128), b"\x01\x00\x00\x00" * 3000):
        assert not _look(data).looks_executable()


def test_letters_are_no_instructions() -> None:
    assert not _look(b"ATGCATWUAT" * 500).looks_executable()


def test_broken_utf8_counts() -> None:
    good, bad = "é€😀".encode(), b"\xc3\xe2\x82\xff\x80"
    assert _look((good + b"\x80" * 3) * 50).utf8_bad == 150
    assert _look(bad * 50).utf8_bad == 250


def test_repeats_are_found_and_marked_on_both_sides() -> None:
    data = np.frombuffer(samples.noise(3 * 8192), dtype=np.uint8).copy()
    data[2 * 8192 + 1000 : 3 * 8192] = data[: 8192 - 1000]  # the third window repeats the first, out of step
    starts = np.arange(3, dtype=np.int64) * 8192
    assert mark_repeats(data, starts, starts + 8192).tolist() == [True, False, True]
