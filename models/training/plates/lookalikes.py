"""What is taken for plates: writing burnt into the picture, lamps, badges, lettering, stains."""

from __future__ import annotations

from random import Random

import cv2
import numpy as np

from . import glyphs

#: x0, y0, x1, y1 in pixels, inside the picture.
Box = tuple[int, int, int, int]

FONTS = [
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_PLAIN,
]


def word_mask(word: str, r: Random, height: int, narrow: float) -> np.ndarray:
    """A word as white on black, in a font or in characters drawn like a plate's."""
    if r.random() < 0.5 and all(c in glyphs.DRAWABLE or c in " .:-/" for c in word):
        style = glyphs.Style.random(r)
        width = max(3, int(height * r.uniform(0.4, 0.65)))
        stroke = max(1.0, height * r.uniform(0.12, 0.24))
        gap = np.zeros((height, max(1, int(height * r.uniform(0.05, 0.2)))), np.uint8)
        parts = []
        for c in word:
            if c in glyphs.DRAWABLE:
                parts += [glyphs.draw(c, style, width, height, stroke), gap]
            else:
                parts.append(_sign(c, height))
        mask = np.hstack(parts)
    else:
        font, thick = r.choice(FONTS), r.choice([1, 2, 2, 3, 4])
        (w, h), below = cv2.getTextSize(word, font, 1.0, thick)
        mask = np.zeros((h + below + 2, w + 4), np.uint8)
        cv2.putText(mask, word, (2, h), font, 1.0, 255, thick, cv2.LINE_AA)
        mask = cv2.resize(
            mask,
            (max(2, int(mask.shape[1] * height / mask.shape[0])), height),
            interpolation=cv2.INTER_AREA,
        )
    size = (max(2, int(mask.shape[1] * narrow)), height)
    return cv2.resize(mask, size, interpolation=cv2.INTER_AREA)


def _sign(c: str, height: int) -> np.ndarray:
    mask = np.zeros((height, max(2, height // 3)), np.uint8)
    d = max(1, height // 8)
    x = mask.shape[1] // 2
    for y in {".": [height - d], ":": [height // 3, height - d], "-": [height // 2]}.get(c, []):
        cv2.circle(mask, (x, y), d, 255, -1)
    if c == "/":
        cv2.line(mask, (0, height - 1), (mask.shape[1] - 1, 0), 255, d)
    return mask


def put(picture: np.ndarray, mask: np.ndarray, x: int, y: int, colour) -> None:
    """Paints where the mask is white; what is outside the picture is cut off."""
    h, w = picture.shape[:2]
    x0, y0, x1, y1 = max(0, x), max(0, y), min(w, x + mask.shape[1]), min(h, y + mask.shape[0])
    if x1 <= x0 or y1 <= y0:
        return
    share = mask[y0 - y : y1 - y, x0 - x : x1 - x, None].astype(np.float32) / 255
    part = picture[y0:y1, x0:x1]
    part[:] = (part * (1 - share) + np.array(colour, np.float32) * share).astype(np.uint8)


def burnt_in(picture: np.ndarray, r: Random) -> None:
    """What a recorder writes into its picture: time, camera, serial numbers."""
    h, w = picture.shape[:2]
    height = int(max(5, h * float(np.exp(r.uniform(np.log(0.025), np.log(0.11))))))
    narrow = r.uniform(0.55, 1.1)
    bright = [(0, 255, 255), (255, 255, 255), (0, 255, 0), (200, 255, 255), (255, 220, 60)]
    colour = r.choice(bright + bright + [(0, 0, 0), (0, 0, 255)])
    ground = r.random()
    for _ in range(r.choice([1, 1, 2])):
        words = [_recorded(r) for _ in range(r.choice([1, 1, 2, 3]))]
        x = r.choice([r.randint(0, w // 8), r.randint(0, w)])
        y = r.choice([r.randint(0, h // 8), h - height - r.randint(0, h // 8), r.randint(0, h)])
        for word in words:
            mask = word_mask(word, r, height, narrow)
            if ground < 0.15:  # on a bar
                level = 0 if sum(colour) > 300 else 255
                cv2.rectangle(
                    picture,
                    (x - 2, y - 2),
                    (x + mask.shape[1] + 2, y + height + 2),
                    [level] * 3,
                    -1,
                )
            elif ground < 0.5:  # with an edge
                edge = cv2.dilate(mask, np.ones((3, 3), np.uint8))
                put(picture, edge, x, y, (0, 0, 0) if sum(colour) > 300 else (255, 255, 255))
            put(picture, mask, x, y, colour)
            x += mask.shape[1] + int(height * r.uniform(0.2, 1.0))


def _recorded(r: Random) -> str:
    day, month, year = r.randrange(1, 29), r.randrange(1, 13), r.randrange(2012, 2031)
    return r.choice(
        [
            "".join(r.choice("0123456789ABCDEF") for _ in range(r.randint(4, 9))),
            "".join(r.choice("0123456789ABCDEF") for _ in range(8)),
            f"{day:02}/{month:02}/{year}",
            f"{year}-{month:02}-{day:02}",
            f"{r.randrange(24):02}:{r.randrange(60):02}:{r.randrange(60):02}",
            f"CAM {r.randrange(1, 99)}",
            f"{r.choice('ABCD')}{r.randrange(10)}-{r.randrange(10**4):04}",
            str(r.randrange(10 ** r.randint(3, 9))),
        ]
    )


def crystal(picture: np.ndarray, r: Random, box: Box) -> None:
    """A lamp of clear glass: facets of light and dark in a rounded shape."""
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    cells = (max(2, int(r.uniform(3, 14))), max(2, int(r.uniform(3, 10))))
    level = np.array([[r.gauss(150, 70) for _ in range(cells[0])] for _ in range(cells[1])])
    how = r.choice([cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC])
    grey = cv2.resize(level.clip(0, 255).astype(np.uint8), (w, h), interpolation=how)
    tint = np.array([r.uniform(0.75, 1.1) for _ in range(3)], np.float32)
    facets = (grey[:, :, None] * tint).clip(0, 255).astype(np.uint8)
    for _ in range(r.choice([0, 1, 1, 2, 3])):
        _reflector(facets, r, min(w, h))
    if r.random() < 0.4:  # ribs
        step = r.randint(2, max(3, w // 6))
        for x in range(0, w, step):
            lean = x + int(h * r.uniform(-0.1, 0.1))
            cv2.line(facets, (x, 0), (lean, h), [r.randint(0, 255)] * 3, 1, cv2.LINE_AA)
    if r.random() < 0.3:  # the indicator
        x = int(w * r.uniform(0.0, 0.35))
        amber = (r.randint(0, 80), r.randint(90, 170), r.randint(180, 255))
        facets[:, :x] = (facets[:, :x] * 0.4 + np.array(amber) * 0.6).astype(np.uint8)
    shape = np.zeros((h, w), np.uint8)
    centre = (w // 2, h // 2)
    if r.random() < 0.6:
        cv2.ellipse(shape, centre, (w // 2, h // 2), r.uniform(-15, 15), 0, 360, 255, -1)
    else:
        corners = [(r.random() * 0.3, r.random() * 0.3) for _ in range(4)]
        (a, b), (c, d), (e, f), (g, i) = corners
        outline = [(a, b), (1 - c, d), (1 - e, 1 - f), (g, 1 - i)]
        cv2.fillPoly(shape, [np.int32([(u * w, v * h) for u, v in outline])], 255, cv2.LINE_AA)
    share = shape[:, :, None].astype(np.float32) / 255
    part = picture[y0:y1, x0:x1]
    part[:] = (part * (1 - share) + facets * share).astype(np.uint8)


def _reflector(facets: np.ndarray, r: Random, size: int) -> None:
    """Rings around a bulb."""
    h, w = facets.shape[:2]
    at = (r.randrange(w), int(h * r.uniform(0.3, 0.7)))
    radius = max(2, int(size * r.uniform(0.15, 0.5)))
    for k in range(r.randint(2, 5)):
        level = r.choice([r.randint(0, 90), r.randint(150, 255)])
        thick = -1 if k == 0 else max(1, radius // r.randint(3, 8))
        cv2.circle(
            facets, at, max(1, int(radius * (1 - 0.22 * k))), [level] * 3, thick, cv2.LINE_AA
        )


def emblem(picture: np.ndarray, r: Random, box: Box) -> None:
    """A maker's badge: rings, bars and wings of chrome."""
    x0, y0, x1, y1 = box
    colour = [r.choice([r.randint(150, 255), r.randint(0, 60)])] * 3
    thick = max(1, int((y1 - y0) * r.uniform(0.06, 0.16)))
    centre = ((x0 + x1) // 2, (y0 + y1) // 2)
    for _ in range(r.randint(1, 4)):
        kind = r.random()
        rx, ry = int((x1 - x0) * r.uniform(0.15, 0.5)), int((y1 - y0) * r.uniform(0.15, 0.5))
        at = (centre[0] + r.choice([0, 0, r.randint(-rx, rx)]), centre[1])
        if kind < 0.6:
            cv2.ellipse(
                picture, at, (max(1, rx), max(1, ry)), 0, 0, 360, colour, thick, cv2.LINE_AA
            )
        elif kind < 0.8:
            cv2.line(picture, (x0, at[1]), (x1, at[1]), colour, thick, cv2.LINE_AA)
        else:
            cv2.line(picture, (at[0], y0), (at[0] + rx // 2, y1), colour, thick, cv2.LINE_AA)


def lettering(picture: np.ndarray, r: Random, box: Box) -> None:
    """A make, a model, a firm: letters on whatever is there."""
    x0, y0, x1, y1 = box
    word = "".join(
        r.choice("ABCDEGHIKLMNOPRSTUVXYZ0123456789") for _ in range(r.choice([2, 3, 3, 4, 6, 8]))
    )
    mask = word_mask(word, r, max(5, y1 - y0), r.uniform(0.7, 1.3))
    colour = [r.choice([r.randint(150, 255), r.randint(0, 70)]) for _ in range(3)]
    put(picture, mask, x0, y0, [colour[0]] * 3 if r.random() < 0.6 else colour)


def stain(picture: np.ndarray, r: Random, box: Box) -> None:
    """Oil, dirt and scratches on a floor: spots in a patch, sometimes as if in rows."""
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    shade = np.zeros((h, w), np.uint8)
    rows = r.choice([0, 1, 2])
    size = r.uniform(0.3, 1.2)
    for _ in range(r.randint(6, 40)):
        y = r.triangular(0, h, h / 2)
        if rows:
            y = h * (r.randrange(rows) + 0.5) / rows + r.uniform(-0.1, 0.1) * h
        axes = [
            max(1, int(size * v)) for v in (w * r.uniform(0.01, 0.1), h * r.uniform(0.03, 0.2))
        ]
        at = (r.randrange(w), int(y))
        cv2.ellipse(shade, at, axes, r.uniform(0, 180), 0, 360, r.randint(60, 255), -1)
    shade = cv2.GaussianBlur(shade, (0, 0), r.uniform(0.5, 2.0))
    below = picture[y0:y1, x0:x1].reshape(-1, 3).mean(0)
    put(picture, shade, x0, y0, below * r.uniform(0.3, 0.85) + r.choice([0, 0, 60]))


def ribbed(picture: np.ndarray, r: Random, box: Box) -> None:
    """A retroreflector, a vent: a bright rectangle full of fine lines."""
    x0, y0, x1, y1 = box
    colour = r.choice([(0, 150, 230), (20, 20, 220), (200, 200, 200), (30, 30, 30)])
    cv2.rectangle(picture, (x0, y0), (x1 - 1, y1 - 1), colour, -1)
    step, lean = r.randint(2, 6), r.choice([0, 0, (y1 - y0), -(y1 - y0)])
    line = [int(c * r.uniform(0.3, 1.5)) for c in colour]
    part = picture[y0:y1, x0:x1]
    for x in range(-abs(lean), x1 - x0 + abs(lean), step):
        cv2.line(part, (x, 0), (x + lean, y1 - y0), line, 1, cv2.LINE_AA)


def any_of(picture: np.ndarray, r: Random, box: Box) -> None:
    """One of those that are things of the scene."""
    kinds = [
        crystal,
        crystal,
        crystal,
        emblem,
        emblem,
        lettering,
        lettering,
        stain,
        stain,
        ribbed,
    ]
    r.choice(kinds)(picture, r, box)
