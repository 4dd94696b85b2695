"""What can stand on a plate, with the shares of each kind that a reader learns from.

TT79/2024/TT-BCA, annexes 02 to 04, and the older series that stay valid. The shares are those of a
lesson, not of the road: what is rare there must not be rare here.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

DIGITS = "0123456789"
L20 = "ABCDEFGHKLMNPSTUVXYZ"
L11 = "ABCDEFGHKLM"
UNUSED = {13, 42, 44, 45, 46, 87, 91, 96}
PROVINCES = [str(n) for n in range(11, 100) if n not in UNUSED]
SPECIAL = ["LD", "DA", "RM", "MK", "HC", "KT", "MĐ", "CD", "TĐ", "LB", "CT", "R"]
EVERY = DIGITS + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

#: Height and width of a plate in millimetres, by shape.
BIKE, CAR_SHORT, CAR_LONG = "bike", "car-short", "car-long"


@dataclass(frozen=True)
class Text:
    """Rows without separators, where separators stand, and the plate that carries them."""

    rows: tuple[str, ...]
    #: For each row, the separators: before which character, and which one.
    marks: tuple[tuple[tuple[int, str], ...], ...]
    shape: str
    colour: str
    #: Characters of the last row that are red on a white plate: from, to.
    red: tuple[int, int] | None = None


def series_digit(r: Random) -> str:
    """The second character of a motorbike's series. They are given out in their order, so the low
    ones are on more plates."""
    return r.choices("123456789", [4, 3, 2, 1, 1, 1, 1, 1, 1])[0]


def number(r: Random, five: float = 0.75) -> str:
    return "".join(r.choice(DIGITS) for _ in range(5 if r.random() < five else 4))


def _dot(r: Random, digits: str, start: int = 0) -> tuple[tuple[int, str], ...]:
    if len(digits) == 5 and r.random() < 0.92:
        return ((start + 3, "."),)
    return ()


def bike(r: Random) -> Text:
    province, kind = r.choice(PROVINCES), r.random()
    colour = "white"
    if kind < 0.68:
        series = r.choice(L20) + series_digit(r)
    elif kind < 0.82:
        series = r.choice(L20) + r.choice(L20 + "R")
    elif kind < 0.88:
        series, colour = r.choice(L11) + r.choice("123456789"), "blue"
    elif kind < 0.93:
        series = "MĐ" + r.choice("123456789")
    elif kind < 0.97:
        series = r.choice(SPECIAL)
    else:
        # The oldest: the province alone, then three digits and two letters.
        last = "".join(r.choice(DIGITS) for _ in range(3)) + r.choice(L20) + r.choice(L20)
        return Text((province, last), ((), ((3, "-"),)), BIKE, colour)
    digits = number(r, 0.72)
    first = province + series
    dash = ((2, "-"),) if r.random() < 0.9 else ()
    return Text((first, digits), (dash, _dot(r, digits)), BIKE, colour)


def car(r: Random, shape: str) -> Text:
    province, kind = r.choice(PROVINCES), r.random()
    colour = "white"
    if kind < 0.62:
        series = r.choice(L20)
    elif kind < 0.80:
        series, colour = r.choice(L20), "yellow"
    elif kind < 0.90:
        series, colour = r.choice(L11), "blue"
    else:
        series = r.choice(SPECIAL)
    digits = number(r, 0.85)
    first = province + series
    if shape == CAR_SHORT:
        return Text((first, digits), ((), _dot(r, digits)), shape, colour)
    marks = ((len(first), "-"),) if r.random() < 0.9 else ()
    return Text((first + digits,), (marks + _dot(r, digits, len(first)),), shape, colour)


def army(r: Random, shape: str) -> Text:
    unit = r.choice("ABCHKPQTV" if r.random() < 0.5 else EVERY[10:]) + r.choice(EVERY[10:])
    digits = "".join(r.choice(DIGITS) for _ in range(r.choice([4, 4, 4, 4, 5])))
    if shape == CAR_LONG:
        marks = ((2, "-"), (len(unit) + 2, "-"))
        return Text((unit + digits,), (marks,), shape, "red")
    if r.random() < 0.5:
        return Text((unit, digits), ((), ((2, "-"),) if r.random() < 0.7 else ()), shape, "red")
    return Text((unit + digits[:2], digits[2:]), (((2, "-"),), ()), shape, "red")


def diplomatic(r: Random, shape: str) -> Text:
    province, code = (
        r.choice(["80", "29", "41", r.choice(PROVINCES)]),
        f"{r.randrange(1, 900):03}",
    )
    series = r.choice(["NG", "NG", "QT", "NN", "CV"])
    last = f"{r.randrange(1, 100):02}" if shape != BIKE else f"{r.randrange(1, 1000):03}"
    if shape == CAR_LONG:
        marks = ((2, "-"), (5, "-"), (7, "-"))
        red = (5, 7) if series in ("NG", "QT") else None
        return Text((province + code + series + last,), (marks,), shape, "white", red)
    if r.random() < 0.5:
        red = (0, 2) if series in ("NG", "QT") else None
        return Text(
            (province + code, series + last), (((2, "-"),), ((2, "-"),)), shape, "white", red
        )
    return Text((province + series, code + last), (((2, "-"),), ((3, "-"),)), shape, "white")


def temporary(r: Random, shape: str) -> Text:
    province, digits = r.choice(PROVINCES), number(r, 1.0)
    if shape == CAR_LONG:
        return Text(
            ("T" + province + digits,), (((3, "-"),) + _dot(r, digits, 3),), shape, "white"
        )
    return Text(("T" + province, digits), ((), _dot(r, digits)), shape, "white")


def foreign(r: Random, shape: str) -> Text:
    """Any characters: so that a reader reads what stands there and not what is usual."""
    n = r.randint(4, 9)
    text = "".join(r.choice(EVERY) for _ in range(n))
    colour = r.choice(["white", "white", "white", "yellow", "blue", "red"])
    if shape == CAR_LONG:
        cut = r.randint(2, max(2, n - 2))
        return Text((text,), (((cut, r.choice("-. ")),),), shape, colour)
    cut = r.randint(2, min(5, n - 2))
    return Text((text[:cut], text[cut:]), ((), ()), shape, colour)


def random_text(r: Random) -> Text:
    kind = r.random()
    shape = r.choices([BIKE, CAR_SHORT, CAR_LONG], [0.45, 0.2, 0.35])[0]
    if kind < 0.83:
        return bike(r) if shape == BIKE else car(r, shape)
    if kind < 0.91:
        return army(r, shape)
    if kind < 0.94:
        return diplomatic(r, shape)
    if kind < 0.955:
        return temporary(r, shape)
    return foreign(r, shape)


#: The most characters of the first of two rows, and of the last or only row.
SLOTS_FIRST, SLOTS_LAST = 6, 11
SLOTS = SLOTS_FIRST + SLOTS_LAST
CHARSET = "_" + EVERY + "Đ"
COLOURS = ["white", "yellow", "blue", "red"]
#: What the picture shows, besides its characters.
KINDS = ["one-row", "two-rows", "unreadable", "not-a-plate"]
_INDEX = {c: n for n, c in enumerate(CHARSET)}


def slots(rows: tuple[str, ...]) -> list[int]:
    """The classes of the characters, first row first; 0 where nothing stands."""
    first, last = (rows[0], rows[1]) if len(rows) == 2 else ("", rows[0])
    if SLOTS_FIRST < len(first) or SLOTS_LAST < len(last):
        raise ValueError(f"too long: {rows}")
    padded = first.ljust(SLOTS_FIRST, "_") + last.ljust(SLOTS_LAST, "_")
    return [_INDEX[c] for c in padded]
