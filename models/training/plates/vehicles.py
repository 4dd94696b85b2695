"""Fronts and rears of vehicles, roughly: where plates hang, and what hangs beside them.

Not to be taken for pictures of vehicles: a detector learns from them that lamps, grilles, badges,
mudguards and mirrors are no plates, and that a plate hangs in the lower middle of all that.
"""

from __future__ import annotations

from random import Random

import cv2
import numpy as np

from . import lookalikes

Box = tuple[float, float, float, float]
Colour = tuple[int, int, int]


def _shade(r: Random, low: int = 0, high: int = 255, tint: int = 30) -> Colour:
    level = r.randint(low, high)
    return tuple(max(0, min(255, level + r.randint(-tint, tint))) for _ in range(3))


def _paint(r: Random) -> Colour:
    """Half of all vehicles are white, grey or black."""
    if r.random() < 0.55:
        return _shade(r, 5, 250, 8)
    return tuple(r.randint(0, 230) for _ in range(3))


def near(r: Random, colour: Colour) -> Colour:
    """The paint of a vehicle that looks nearly as its plate does."""
    return tuple(max(0, min(255, c + r.randint(-35, 35))) for c in colour)


def _fill(picture: np.ndarray, points, colour) -> None:
    cv2.fillPoly(
        picture, [np.round(np.array(points) * 16).astype(np.int32)], colour, cv2.LINE_AA, 4
    )


def _box(picture: np.ndarray, box: Box, colour, round_: float = 0.0) -> None:
    x0, y0, x1, y1 = box
    d = round_ * min(x1 - x0, y1 - y0)
    _fill(
        picture,
        [
            (x0 + d, y0),
            (x1 - d, y0),
            (x1, y0 + d),
            (x1, y1 - d),
            (x1 - d, y1),
            (x0 + d, y1),
            (x0, y1 - d),
            (x0, y0 + d),
        ],
        colour,
    )


def _lamp(picture: np.ndarray, r: Random, box: Box, is_rear: bool) -> None:
    lens = (
        (r.randint(0, 60), r.randint(0, 50), r.randint(110, 255))
        if is_rear
        else _shade(r, 150, 255, 15)
    )
    _box(picture, box, lens, r.uniform(0, 0.5))
    x0, y0, x1, y1 = box
    inner = (
        x0 + (x1 - x0) * r.uniform(0.1, 0.4),
        y0 + (y1 - y0) * r.uniform(0.1, 0.4),
        x1 - (x1 - x0) * r.uniform(0.1, 0.4),
        y1 - (y1 - y0) * r.uniform(0.1, 0.4),
    )
    bright = r.choice([(255, 255, 255), (60, 170, 255), lens, _shade(r)])
    _box(picture, inner, bright, 0.4)
    if r.random() < 0.12:  # lit
        cx, cy = int((x0 + x1) / 2), int((y0 + y1) / 2)
        reach = max(2, int((x1 - x0) * r.uniform(0.5, 1.6)))
        halo = np.zeros(picture.shape[:2], np.uint8)
        cv2.circle(halo, (cx, cy), reach, 255, -1)
        halo = cv2.GaussianBlur(halo, (0, 0), max(1.0, reach * 0.5))
        share = halo[:, :, None].astype(np.float32) / 255 * r.uniform(0.4, 1.0)
        glow = np.array(lens if is_rear else (255, 255, 255), np.float32)
        picture[:] = (picture * (1 - share) + glow * share).astype(np.uint8)


def _inside(picture: np.ndarray, box: Box) -> lookalikes.Box | None:
    """Whole pixels of the box; `None` where the border cuts it or too few are left."""
    x0, y0, x1, y1 = (int(v) for v in box)
    h, w = picture.shape[:2]
    fits = 0 <= x0 and 0 <= y0 and x1 <= w and y1 <= h and 6 <= x1 - x0 and 4 <= y1 - y0
    return (x0, y0, x1, y1) if fits else None


def car(picture: np.ndarray, r: Random, box: Box, paint: Colour | None = None) -> Box:
    """A car, lorry or bus inside the box; returns where a plate hangs."""
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    paint, is_rear = paint or _paint(r), r.random() < 0.6
    at = lambda u, v: (x0 + u * w, y0 + v * h)
    roof, waist = r.uniform(0.0, 0.25), r.uniform(0.3, 0.5)
    lean = r.uniform(0.02, 0.16)
    _fill(
        picture,
        [at(lean, roof), at(1 - lean, roof), at(1, waist), at(1, 0.9), at(0, 0.9), at(0, waist)],
        paint,
    )
    glass = _shade(r, 10, 140, 20)
    d = r.uniform(0.03, 0.07)
    _fill(
        picture,
        [at(lean + d, roof + d), at(1 - lean - d, roof + d), at(1 - d, waist), at(d, waist)],
        glass,
    )
    for side in (0, 1):  # wheels
        u = 0.04 if side == 0 else 0.82
        _box(picture, (*at(u, 0.82), *at(u + 0.14, 1.0)), _shade(r, 0, 45, 6), 0.2)
    lamp_w, lamp_h = r.uniform(0.1, 0.24), r.uniform(0.06, 0.16)
    lamp_v = r.uniform(waist, 0.62)
    for u in (0.02, 0.98 - lamp_w):
        lamp = (*at(u, lamp_v), *at(u + lamp_w, lamp_v + lamp_h))
        _lamp(picture, r, lamp, is_rear)
        inside = _inside(picture, lamp)
        if inside is not None and r.random() < (0.2 if is_rear else 0.6):
            lookalikes.crystal(picture, r, inside)
    if not is_rear or r.random() < 0.2:  # a grille
        g0, g1 = r.uniform(0.2, 0.35), r.uniform(0.5, 0.6)
        _box(picture, (*at(g0, g1), *at(1 - g0, g1 + r.uniform(0.08, 0.2))), _shade(r, 0, 70, 8))
        step = max(2, int(h * r.uniform(0.015, 0.03)))
        for y in range(int(at(0, g1)[1]), int(at(0, g1 + 0.15)[1]), step):
            line = _shade(r, 60, 220, 5)
            cv2.line(picture, (int(at(g0, 0)[0]), y), (int(at(1 - g0, 0)[0]), y), line, 1)
    bumper = _shade(r, 15, 90, 6) if r.random() < 0.4 else tuple(int(c * 0.85) for c in paint)
    bumper_v = r.uniform(0.66, 0.78)
    _box(picture, (*at(0, bumper_v), *at(1, 0.92)), bumper, 0.15)
    if r.random() < 0.6:  # a badge, a model's name
        _badge(picture, r, at(r.uniform(0.42, 0.55), r.uniform(waist + 0.02, 0.62)), w * 0.08)
    plate_w = r.uniform(0.2, 0.34)
    plate_v = r.choice([r.uniform(0.52, 0.64), r.uniform(0.68, 0.82)])
    u = 0.5 - plate_w / 2 + r.choice([0, 0, r.uniform(-0.12, 0.12)])
    return (*at(u, plate_v), *at(u + plate_w, plate_v + 0.12))


def motorbike(picture: np.ndarray, r: Random, box: Box, paint: Colour | None = None) -> Box:
    """A motorbike from behind, sometimes with its rider; returns where a plate hangs."""
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    at = lambda u, v: (x0 + u * w, y0 + v * h)
    tyre = _shade(r, 5, 50, 5)
    _box(picture, (*at(0.42, 0.62), *at(0.58, 1.0)), tyre, 0.3)
    if r.random() < 0.6:  # the rider
        cloth, helmet = _paint(r), _paint(r)
        _box(picture, (*at(0.22, 0.08), *at(0.78, 0.45)), cloth, 0.3)
        centre = at(0.5, 0.03)
        cv2.circle(picture, (int(centre[0]), int(centre[1])), max(2, int(w * 0.16)), helmet, -1)
    paint = paint or _paint(r)
    _fill(picture, [at(0.2, 0.4), at(0.8, 0.4), at(0.66, 0.62), at(0.34, 0.62)], paint)
    _box(picture, (*at(0.3, 0.36), *at(0.7, 0.42)), _shade(r, 5, 60, 6), 0.3)
    lamp_w = r.uniform(0.12, 0.3)
    _lamp(picture, r, (*at(0.5 - lamp_w / 2, 0.44), *at(0.5 + lamp_w / 2, 0.52)), True)
    for side in (-1, 1):  # indicators, mirrors
        u = 0.5 + side * r.uniform(0.2, 0.34)
        amber = (r.randint(0, 80), r.randint(90, 170), r.randint(180, 255))
        centre = at(u, r.uniform(0.46, 0.54))
        cv2.circle(picture, (int(centre[0]), int(centre[1])), max(1, int(w * 0.05)), amber, -1)
        _box(
            picture,
            (*at(0.5 + side * 0.45 - 0.05, 0.2), *at(0.5 + side * 0.45 + 0.05, 0.27)),
            _shade(r),
            0.4,
        )
    guard = _shade(r, 0, 60, 6)
    _fill(picture, [at(0.34, 0.55), at(0.66, 0.55), at(0.6, 0.85), at(0.4, 0.85)], guard)
    pipe = at(0.68, 0.7)
    if r.random() < 0.7:  # the exhaust
        _box(
            picture,
            (pipe[0], pipe[1], pipe[0] + w * 0.14, pipe[1] + h * 0.16),
            _shade(r, 60, 220, 6),
            0.4,
        )
    if r.random() < 0.3:
        _badge(picture, r, at(0.4, 0.57), w * 0.1)
    plate_w = r.uniform(0.26, 0.46)
    v = r.uniform(0.54, 0.68)
    u = 0.5 - plate_w / 2 + r.uniform(-0.03, 0.03)
    return (*at(u, v), *at(u + plate_w, v + 0.2))


def _badge(picture: np.ndarray, r: Random, at: tuple[float, float], size: float) -> None:
    x, y = int(at[0]), int(at[1])
    colour = _shade(r, 120, 250, 6)
    if r.random() < 0.5:
        cv2.circle(
            picture, (x, y), max(1, int(size / 2)), colour, r.choice([-1, 1, 2]), cv2.LINE_AA
        )
        return
    word = "".join(r.choice("ABCDEGHIKLMNOPRSTUVXYZ0123456789 ") for _ in range(r.randint(3, 9)))
    k = max(0.15, size / 60)
    font = r.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX])
    cv2.putText(picture, word, (x, y), font, k, colour, max(1, int(k * 2)), cv2.LINE_AA)
