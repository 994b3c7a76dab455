"""Values and names as messages, files and pages may show them: short, on one line, and read in the order in which they are written."""

from __future__ import annotations

import math
import re
from reprlib import Repr
from typing import Any

LONGEST_WORD = 60
"""The most characters of a text or a path in a message."""

_TURNING = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # the directional marks of Unicode's bidirectional algorithm
_UNSEEN = "\u00ad\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff"
_CONTROL = "\x00-\x1f\x7f-\x9f\u2028\u2029"
_HALF = "\ud800-\udfff"
_JOINERS = "\u200c\u200d"
ODD = re.compile(f"[{_CONTROL}{_TURNING}{_UNSEEN}{_HALF}]|(?<![^\\x00-\\x7f])[{_JOINERS}]|[{_JOINERS}](?![^\\x00-\\x7f])")
"""Characters that no name may contain: control characters, line ends, marks that change the direction of a line, invisible characters,
and halves of surrogate pairs. Joiners are refused only next to ASCII: Persian, Indic scripts and emoji need them."""


def odd_signs(text: str) -> str:
    """The odd characters of a text by number, each once: `U+000D, U+202E`; empty if there are none."""
    return ", ".join(dict.fromkeys(f"U+{ord(sign):04X}" for sign in ODD.findall(text)))


def without_odd_signs(text: str) -> str:
    """The text with its odd characters escaped as in Python."""
    return ODD.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class _Short(Repr):
    """Python's notation, shortened if it is long or deep. Its cost depends on the length of what is shown, not of what is given."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxlist, self.maxtuple, self.maxdict, self.maxset = 3, 6, 6, 4, 6
        self.maxstring = self.maxother = LONGEST_WORD

    def repr_int(self, value: int, level: int) -> str:
        """A whole number; Python itself refuses to write numbers of more than 4,300 digits."""
        digits = int(value.bit_length() * math.log10(2)) + 1
        return f"a whole number of {digits:,} digits" if digits > LONGEST_WORD else repr(value)


_SHORT = _Short()


def shown(value: Any) -> str:
    """A value as a message shows it: in Python's notation, shortened if it is long or deep."""
    return _SHORT.repr(value)


def short(text: str) -> str:
    """A text as a message shows it without quotes: on one line, shortened in the middle if it is long."""
    safe = without_odd_signs(text[: 2 * LONGEST_WORD])
    return safe if len(safe) <= LONGEST_WORD else f"{safe[: LONGEST_WORD // 2]}...{without_odd_signs(text[-LONGEST_WORD // 4 :])}"


def as_name(text: str) -> str:
    """The text, if it may name a variant, a column or a file. Raises ValueError that lists the characters that are not allowed."""
    if odd := odd_signs(text):
        raise ValueError(f"a name may not have control characters or marks that change how a line is read, here {short(odd)}")
    return text
