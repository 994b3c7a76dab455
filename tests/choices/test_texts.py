"""Values and names in messages: short, on one line, read as they are written."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from core.choices.words.texts import LONGEST_WORD, as_name, odd_signs, short, shown, without_odd_signs

CHANGE_THE_LINE = [chr(number) for number in (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))]
UNSEEN = ["\u200b", "\u2060", "\ufeff", "a\u200db", "\u200cb", "a\u200c"]


def test_every_control_character_line_end_and_lone_half_is_odd():
    for number in range(sys.maxunicode + 1):
        if unicodedata.category(chr(number)) in ("Cc", "Zl", "Zp", "Cs"):
            assert odd_signs(chr(number)) == f"U+{number:04X}"


@pytest.mark.parametrize("sign", [*CHANGE_THE_LINE, *UNSEEN], ids=ascii)
def test_marks_that_change_how_a_line_is_read_are_no_part_of_a_name(sign):
    with pytest.raises(ValueError, match=r"a name may not have .* U\+"):
        as_name(f"a{sign}b")
    assert as_name(without_odd_signs(f"a{sign}b")) != f"a{sign}b"


@pytest.mark.parametrize(
    "name", ["größer", "a b", "naïve é", "می\u200cخواهم", "👩\u200d🔬", "क्\u200dष", "שלום", "=1+1", "日本語", "a\u0301"], ids=ascii
)
def test_names_of_all_languages_are_names(name):
    assert as_name(name) == name == without_odd_signs(name)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([0, 0.5, "a"], "[0, 0.5, 'a']"),
        (10**5000, "a whole number of 5,001 digits"),
        (-(10**100), "a whole number of 101 digits"),
        (-(10**40), str(-(10**40))),
        ("\r\u202e", r"'\r\u202e'"),
        (list(range(1000)), "[0, 1, 2, 3, 4, 5, ...]"),
    ],
    ids=lambda value: ascii(value)[:20] if not isinstance(value, int) else f"{value.bit_length()} bits",
)
def test_a_value_is_shown_short(value, expected):
    assert shown(value) == expected


def test_texts_are_cut_in_the_middle_and_stay_on_one_line():
    cut = short("a" * 100_000 + "\r" + "b" * 100)
    assert len(cut) <= LONGEST_WORD
    assert cut.startswith("aaa")
    assert cut.endswith("bbb")
    assert short("a\rb") == "a\\rb"
    assert len(shown("x" * 10**6)) <= LONGEST_WORD + 2
