"""The characters of Vietnamese plates, drawn as strokes.

QCVN 08:2024/BCA fixes each character's box and stroke width (63 x 38 mm with 10 mm on cars,
55 x 22 mm with 7 mm on motorbikes), and plates of older years differ in everything else. So a
character is a few centre lines here, and a style says how round, how wide and how it is built: a
reader that has seen many styles reads the one that it meets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import cv2
import numpy as np

from .strokes import Pen

#: Drawn this much larger than wanted, then averaged down.
OVERSAMPLING = 3

#: Every character that can be drawn.
DRAWABLE = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZĐ"


@dataclass
class Style:
    """How one maker's characters differ from another's."""

    #: 1 makes half circles of the ends of 0, C, D, U; 0 makes corners.
    roundness: float = 0.85
    #: Where the middle bar of B, E, F, H, 3, 8 stands, from the top.
    middle: float = 0.48
    #: How much narrower the upper half of B, 3, 8 is.
    upper: float = 0.06
    #: How long the open ends of C, G, S, 2, 3, 5, 6, 9 are, as a share of the height.
    mouth: float = 0.2
    #: Stroke width times this.
    weight: float = 1.0
    #: Which of two or three ways a character is built, by character.
    variant: dict[str, int] = field(default_factory=dict)
    #: One number in 0..1 for each character: where its own detail stands.
    detail: dict[str, float] = field(default_factory=dict)

    @staticmethod
    def random(r: Random) -> Style:
        return Style(
            roundness=r.choice([r.uniform(0.55, 1.0), r.uniform(0.85, 1.0)]),
            middle=r.uniform(0.43, 0.52),
            upper=r.choice([0.0, r.uniform(0.0, 0.14)]),
            mouth=r.uniform(0.13, 0.27),
            weight=r.uniform(0.82, 1.22),
            variant={c: r.randrange(6) for c in DRAWABLE},
            detail={c: r.random() for c in DRAWABLE},
        )


def draw(c: str, style: Style, width: int, height: int, stroke: float) -> np.ndarray:
    """The coverage 0..255 of one character in a box of this size."""
    k = OVERSAMPLING
    pen = Pen(width * k, height * k, stroke * style.weight * k)
    _BUILD[c](pen, style, style.variant.get(c, 0), style.detail.get(c, 0.5))
    return cv2.resize(pen.mask(), (width, height), interpolation=cv2.INTER_AREA)


def _radius(p: Pen, s: Style) -> float:
    return s.roundness * p.w / 2


def _zero(p: Pen, s: Style, v: int, d: float) -> None:
    r = _radius(p, s)
    p.closed([(0, 0, r), (p.w, 0, r), (p.w, p.h, r), (0, p.h, r)])


def _one(p: Pen, s: Style, v: int, d: float) -> None:
    t = p.stroke
    x = p.w if v < 5 else p.w * 0.62
    p.line(np.array([(x, 0.0), (x, p.h)]), "ab")
    # The flag may be nearly as long and level as the bar of a 7: the stem is what is upright.
    drop = (0.03 + 0.22 * d) * p.h if v < 4 else (0.16 + 0.2 * d) * p.h
    left = max(0.0, x - min(p.w, p.h * (0.2 + 0.2 * s.detail.get("7", 0.5))))
    if v in (0, 1, 4):
        p.line(np.array([(x, t * 0.1), (left, drop)]), "")
    elif v in (2, 5):
        p.line(np.array([(x, t * 0.1), (x - (x - left) * 0.5, drop * 0.75), (left, drop)]))
    else:
        p.line(np.array([(x - t * 0.2, t * 0.5), (left, drop + t * 0.4)]))
    if v == 5:
        p.line(np.array([(x - p.w * 0.38, p.h), (x + p.w * 0.38, p.h)]))


def _two(p: Pen, s: Style, v: int, d: float) -> None:
    r = _radius(p, s)
    y = s.mouth * p.h
    # The right side hardly stands upright: that is what tells a blurred one from a Z.
    knee = p.h * (0.22 + 0.2 * d)
    if v < 4:
        p.open(
            [
                (0, y, 0),
                (0, 0, r),
                (p.w, 0, r),
                (p.w, knee, r * 0.9),
                (0, p.h * (0.86 + 0.14 * d), 0),
                (0, p.h, 0),
            ]
        )
        p.line(np.array([(0, p.h), (p.w, p.h)]), "ab")
        p.line(np.array([(0, p.h * (0.86 + 0.14 * d)), (0, p.h)]), "b")
    else:
        p.open(
            [
                (0, y, 0),
                (0, 0, r),
                (p.w, 0, r),
                (p.w, p.h * 0.5, r),
                (0, p.h * 0.55, r),
                (0, p.h, 0),
            ],
            "b",
        )
        p.line(np.array([(0, p.h), (p.w, p.h)]), "ab")


def _three(p: Pen, s: Style, v: int, d: float) -> None:
    r = _radius(p, s)
    m = s.middle * p.h
    y = s.mouth * p.h
    if v < 5:
        w1 = p.w * (1 - s.upper)
        r1 = min(r, m / 2)
        inner = p.w * (0.25 + 0.25 * d)
        p.open([(0, y, 0), (0, 0, r), (w1, 0, r), (w1, m, r1), (inner, m, 0)])
        r2 = min(r, (p.h - m) / 2)
        p.open([(inner, m, 0), (p.w, m, r2), (p.w, p.h, r), (0, p.h, r), (0, p.h - y, 0)])
    else:
        p.open(
            [
                (0, 0, 0),
                (p.w, 0, 0),
                (p.w * 0.4, m * 0.86, 0),
                (p.w, m * 0.95, r),
                (p.w, p.h, r),
                (0, p.h, r),
                (0, p.h - y, 0),
            ],
            "a",
        )


def _four(p: Pen, s: Style, v: int, d: float) -> None:
    bar = p.h * (0.64 + 0.14 * d)
    x = p.w * (0.62 + 0.2 * d)
    if v < 4:  # open: a slanted stroke, a bar, and a short upright that crosses it
        top = p.w * (0.3 + 0.3 * s.middle + 0.1 * d)
        p.line(np.array([(top, 0), (0, bar), (p.w, bar)]), "ab")
        p.line(np.array([(x, p.h * (0.36 + 0.16 * s.roundness)), (x, p.h)]), "b")
    else:
        p.line(np.array([(x, 0), (0, bar), (p.w, bar)]), "ab")
        p.line(np.array([(x, 0.0), (x, p.h)]), "ab")


def _five(p: Pen, s: Style, v: int, d: float) -> None:
    r = _radius(p, s)
    m = p.h * (0.36 + 0.08 * d)
    y = s.mouth * p.h
    left = 0.0 if v < 4 else p.w * 0.06
    p.open([(p.w * 0.95, 0, 0), (left, 0, 0), (0, m + p.stroke * 0.2, 0)], "a")
    p.open(
        [
            (0, m + p.stroke * 0.35, 0),
            (0, m, r * (0.3 if v < 3 else 0.9)),
            (p.w, m, r),
            (p.w, p.h, r),
            (0, p.h, r),
            (0, p.h - y, 0),
        ]
    )


def _six(p: Pen, s: Style, v: int, d: float) -> None:
    r = _radius(p, s)
    m = p.h * (0.36 + 0.1 * d)
    y = s.mouth * p.h
    if v < 4:
        p.open([(p.w, y, 0), (p.w, 0, r), (0, 0, r), (0, p.h * 0.6, 0)])
    else:
        p.line(
            np.array([(p.w * (0.55 + 0.25 * d), 0), (p.w * 0.08, p.h * 0.5), (0, p.h * 0.64)]),
            "a",
        )
    p.closed([(0, m, r), (p.w, m, r), (p.w, p.h, r), (0, p.h, r)])


def _seven(p: Pen, s: Style, v: int, d: float) -> None:
    # Never upright: that is what tells it from a 1 with a broad flag.
    foot = p.w * (0.14 + 0.3 * d)
    p.line(np.array([(0, 0), (p.w, 0)]), "ab")
    if v < 4:
        p.line(np.array([(p.w, 0), (foot, p.h)]), "b")
    else:
        knee = p.h * (0.12 + 0.12 * d)
        p.open(
            [(p.w, 0, 0), (p.w, knee, p.h * 0.3), (foot, p.h * 0.7, p.h * 0.3), (foot, p.h, 0)],
            "b",
        )


def _eight(p: Pen, s: Style, v: int, d: float) -> None:
    r = _radius(p, s)
    m = s.middle * p.h
    inset = p.w * s.upper
    p.closed([(inset, 0, r), (p.w - inset, 0, r), (p.w - inset, m, r), (inset, m, r)])
    p.closed([(0, m, r), (p.w, m, r), (p.w, p.h, r), (0, p.h, r)])


def _nine(p: Pen, s: Style, v: int, d: float) -> None:
    _six(p, s, v, d)
    p.canvas = np.ascontiguousarray(p.canvas[::-1, ::-1])


def _a(p: Pen, s: Style, v: int, d: float) -> None:
    flat = p.w * (0.0 if v < 2 else 0.07 + 0.08 * d)
    c = p.w / 2
    bar = p.h * (0.62 + 0.14 * d)
    p.line(np.array([(0, p.h), (c - flat, 0)]), "ab")
    p.line(np.array([(c + flat, 0), (p.w, p.h)]), "ab")
    if flat:
        p.line(np.array([(c - flat, 0), (c + flat, 0)]), "")
    x = (p.h - bar) / p.h * c
    p.line(np.array([(x, bar), (p.w - x, bar)]))


def _b(p: Pen, s: Style, v: int, d: float) -> None:
    r = _radius(p, s)
    m = s.middle * p.h
    w1 = p.w * (1 - s.upper)
    p.line(np.array([(0, 0), (0, p.h)]), "ab")
    p.open([(0, 0, 0), (w1, 0, min(r, m / 2)), (w1, m, min(r, m / 2)), (0, m, 0)], "a")
    p.open([(0, m, 0), (p.w, m, r), (p.w, p.h, r), (0, p.h, 0)], "b")


def _c(p: Pen, s: Style, v: int, d: float) -> None:
    r = _radius(p, s)
    y = p.h * (s.mouth + 0.08 * d)
    p.open([(p.w, y, 0), (p.w, 0, r), (0, 0, r), (0, p.h, r), (p.w, p.h, r), (p.w, p.h - y, 0)])


def _d(p: Pen, s: Style, v: int, d: float) -> None:
    r = _radius(p, s) * 1.1
    p.line(np.array([(0, 0), (0, p.h)]), "ab")
    p.open([(0, 0, 0), (p.w, 0, r), (p.w, p.h, r), (0, p.h, 0)], "ab")


def _d_bar(p: Pen, s: Style, v: int, d: float) -> None:
    _d(p, s, v, d)
    m = p.h * (0.47 + 0.06 * d)
    p.line(np.array([(-p.stroke, m), (p.w * 0.5, m)]))


def _e(p: Pen, s: Style, v: int, d: float) -> None:
    m = s.middle * p.h
    p.line(np.array([(0, 0), (0, p.h)]), "ab")
    for y, x in [(0.0, 1.0), (m, 0.78 + 0.2 * d), (p.h, 1.0)]:
        p.line(np.array([(0, y), (p.w * x, y)]), "ab" if x == 1.0 else "")


def _f(p: Pen, s: Style, v: int, d: float) -> None:
    m = s.middle * p.h * 1.03
    p.line(np.array([(0, 0), (0, p.h)]), "ab")
    p.line(np.array([(0, 0), (p.w, 0)]), "ab")
    p.line(np.array([(0, m), (p.w * (0.75 + 0.2 * d), m)]))


def _g(p: Pen, s: Style, v: int, d: float) -> None:
    r = _radius(p, s)
    y = p.h * (s.mouth + 0.05 * d)
    bar = p.h * (0.5 + 0.1 * d)
    inner = p.w * (0.4 + 0.25 * d)
    if v < 4:
        p.open(
            [
                (p.w, y, 0),
                (p.w, 0, r),
                (0, 0, r),
                (0, p.h, r),
                (p.w, p.h, r),
                (p.w, bar, 0),
                (inner, bar, 0),
            ]
        )
    else:
        p.open(
            [
                (p.w, y, 0),
                (p.w, 0, r),
                (0, 0, r),
                (0, p.h, r),
                (p.w, p.h, r * 0.6),
                (p.w, bar, 0),
            ],
            "",
        )
        p.line(np.array([(inner, bar), (p.w, bar)]), "b")
        p.line(np.array([(p.w, bar), (p.w, p.h)]), "b")


def _h(p: Pen, s: Style, v: int, d: float) -> None:
    m = s.middle * p.h
    for x in (0.0, p.w):
        p.line(np.array([(x, 0), (x, p.h)]), "ab")
    p.line(np.array([(0, m), (p.w, m)]))


def _i(p: Pen, s: Style, v: int, d: float) -> None:
    p.line(np.array([(p.w / 2, 0), (p.w / 2, p.h)]), "ab")


def _j(p: Pen, s: Style, v: int, d: float) -> None:
    r = _radius(p, s)
    p.open([(p.w, 0, 0), (p.w, p.h, r), (0, p.h, r), (0, p.h * (0.68 + 0.1 * d), 0)], "a")


def _k(p: Pen, s: Style, v: int, d: float) -> None:
    p.line(np.array([(0, 0), (0, p.h)]), "ab")
    meet = p.h * (0.52 + 0.14 * d)
    p.line(np.array([(p.w, 0), (0, meet)]), "a")
    x = p.w * (0.18 + 0.2 * d) if v < 3 else 0.0
    y = meet * (1 - x / p.w) if v < 3 else meet * 0.75
    p.line(np.array([(x, y), (p.w, p.h)]), "b")


def _l(p: Pen, s: Style, v: int, d: float) -> None:
    p.line(np.array([(0, 0), (0, p.h)]), "ab")
    p.line(np.array([(0, p.h), (p.w, p.h)]), "ab")


def _m(p: Pen, s: Style, v: int, d: float) -> None:
    low = p.h * ((0.45 + 0.3 * d) if v < 4 else 0.98)
    for x in (0.0, p.w):
        p.line(np.array([(x, 0), (x, p.h)]), "ab")
    p.line(np.array([(0, 0), (p.w / 2, low), (p.w, 0)]), "ab")


def _n(p: Pen, s: Style, v: int, d: float) -> None:
    for x in (0.0, p.w):
        p.line(np.array([(x, 0), (x, p.h)]), "ab")
    p.line(np.array([(0, 0), (p.w, p.h)]), "ab")


def _p(p: Pen, s: Style, v: int, d: float) -> None:
    m = p.h * (0.5 + 0.08 * d)
    r = min(_radius(p, s), m / 2)
    p.line(np.array([(0, 0), (0, p.h)]), "ab")
    p.open([(0, 0, 0), (p.w, 0, r), (p.w, m, r), (0, m, 0)], "a")


def _q(p: Pen, s: Style, v: int, d: float) -> None:
    _zero(p, s, v, d)
    p.line(np.array([(p.w * 0.55, p.h * 0.72), (p.w, p.h)]), "b")


def _r(p: Pen, s: Style, v: int, d: float) -> None:
    _p(p, s, v, d)
    m = p.h * (0.5 + 0.08 * d)
    x = p.w * (0.25 + 0.3 * d)
    if v < 4:
        p.line(np.array([(x, m), (p.w, p.h)]), "b")
    else:
        p.open([(p.w * 0.4, m, 0), (p.w * 0.95, m, p.w * 0.4), (p.w, p.h, 0)], "b")


def _s(p: Pen, s: Style, v: int, d: float) -> None:
    r = _radius(p, s)
    m = s.middle * p.h
    y = p.h * s.mouth
    if v < 4:
        r1, r2 = min(r, m / 2), min(r, (p.h - m) / 2)
        p.open(
            [
                (p.w, y, 0),
                (p.w, 0, r),
                (0, 0, r),
                (0, m, r1),
                (p.w, m, r2),
                (p.w, p.h, r),
                (0, p.h, r),
                (0, p.h - y, 0),
            ]
        )
    else:
        p.open(
            [
                (p.w, y, 0),
                (p.w, 0, r),
                (0, 0, r),
                (0, m * 0.75, r),
                (p.w, m * 1.25, r),
                (p.w, p.h, r),
                (0, p.h, r),
                (0, p.h - y, 0),
            ]
        )


def _t(p: Pen, s: Style, v: int, d: float) -> None:
    p.line(np.array([(0, 0), (p.w, 0)]), "ab")
    p.line(np.array([(p.w / 2, 0), (p.w / 2, p.h)]), "b")


def _u(p: Pen, s: Style, v: int, d: float) -> None:
    r = _radius(p, s)
    p.open([(0, 0, 0), (0, p.h, r), (p.w, p.h, r), (p.w, 0, 0)], "ab")


def _v(p: Pen, s: Style, v: int, d: float) -> None:
    flat = 0.0 if v < 2 else p.w * 0.06 * d
    c = p.w / 2
    p.line(np.array([(0, 0), (c - flat, p.h)]), "ab")
    p.line(np.array([(c + flat, p.h), (p.w, 0)]), "ab")


def _w(p: Pen, s: Style, v: int, d: float) -> None:
    top = p.h * (0.0 if v < 2 else 0.3 * d)
    xs = [0.0, 0.25, 0.5, 0.75, 1.0]
    ys = [0.0, p.h, top, p.h, 0.0]
    p.line(np.array([(x * p.w, y) for x, y in zip(xs, ys)]), "ab")


def _x(p: Pen, s: Style, v: int, d: float) -> None:
    p.line(np.array([(0, 0), (p.w, p.h)]), "ab")
    p.line(np.array([(p.w, 0), (0, p.h)]), "ab")


def _y(p: Pen, s: Style, v: int, d: float) -> None:
    meet = p.h * (0.43 + 0.28 * d)
    c = p.w / 2
    p.line(np.array([(0, 0), (c, meet), (c, p.h)]), "ab")
    p.line(np.array([(p.w, 0), (c, meet), (c, p.h)]), "ab")


def _z(p: Pen, s: Style, v: int, d: float) -> None:
    p.line(np.array([(0, 0), (p.w, 0)]), "ab")
    p.line(np.array([(p.w, 0), (0, p.h)]))
    p.line(np.array([(0, p.h), (p.w, p.h)]), "ab")


_BUILD = {
    "0": _zero,
    "1": _one,
    "2": _two,
    "3": _three,
    "4": _four,
    "5": _five,
    "6": _six,
    "7": _seven,
    "8": _eight,
    "9": _nine,
    "A": _a,
    "B": _b,
    "C": _c,
    "D": _d,
    "Đ": _d_bar,
    "E": _e,
    "F": _f,
    "G": _g,
    "H": _h,
    "I": _i,
    "J": _j,
    "K": _k,
    "L": _l,
    "M": _m,
    "N": _n,
    "O": _zero,
    "P": _p,
    "Q": _q,
    "R": _r,
    "S": _s,
    "T": _t,
    "U": _u,
    "V": _v,
    "W": _w,
    "X": _x,
    "Y": _y,
    "Z": _z,
}
