"""Pictures with plates in them, for the detector: where the corners are is known exactly."""

from __future__ import annotations

from random import Random

import cv2
import numpy as np

from .detector import HEIGHT, WIDTH
from .photo import Photographer
from .texts import CAR_LONG


class Scenery(Photographer):
    """Paints grounds with clutter, puts plates on them, and photographs the whole."""

    def __init__(self, seed: int, backgrounds: list[np.ndarray] | None = None) -> None:
        super().__init__(seed, backgrounds)
        shape = (HEIGHT, WIDTH, 3)
        self.noise = [self.n.standard_normal(shape).astype(np.float32) for _ in range(4)]

    def scene(self) -> tuple[np.ndarray, np.ndarray]:
        """A picture, and the corners of its plates (n x 4 x 2, top left first, clockwise)."""
        r = self.r
        picture = self._scenery()
        wanted = r.choices([0, 1, 2, 3, r.randint(4, 9)], [0.14, 0.5, 0.2, 0.1, 0.06])[0]
        taken: list[tuple[float, float, float, float]] = []
        quads = []
        smallest = 60.0
        for _ in range(wanted):
            placed = self._plate_on(picture, taken)
            if placed is not None:
                quads.append(placed)
                smallest = min(smallest, float(np.linalg.norm(placed[3] - placed[0])) * 0.4)
        for _ in range(r.choice([0, 0, 0, 1, 2])):
            self._distract(picture, taken)
        if r.random() < 0.05:
            self._arm(picture)
        picture, _ = self._lens(picture, max(4.0, smallest))
        picture = self._sensor(self._light(picture), self._noise_amount())
        return picture, np.array(quads, np.float32).reshape(-1, 4, 2)

    def _scenery(self) -> np.ndarray:
        r = self.r
        picture = self._ground((HEIGHT, WIDTH))
        for _ in range(r.randint(0, 14)):
            x, y = r.randint(-40, WIDTH), r.randint(-40, HEIGHT)
            w, h = int(np.exp(r.uniform(2, 5.5))), int(np.exp(r.uniform(2, 5)))
            level = r.randint(0, 255)
            c = tuple(max(0, min(255, level + r.randint(-40, 40))) for _ in range(3))
            kind = r.random()
            if kind < 0.3:
                cv2.rectangle(picture, (x, y), (x + w, y + h), c, r.choice([-1, -1, 1, 2, 4]))
            elif kind < 0.55:
                cv2.ellipse(
                    picture,
                    (x, y),
                    (w // 2 + 1, h // 2 + 1),
                    r.uniform(0, 180),
                    0,
                    360,
                    c,
                    r.choice([-1, -1, 2, 5]),
                    cv2.LINE_AA,
                )
            elif kind < 0.75:
                points = np.array(
                    [(x + r.randint(-w, w), y + r.randint(-h, h)) for _ in range(r.randint(3, 6))]
                )
                cv2.fillConvexPoly(picture, cv2.convexHull(points), c, cv2.LINE_AA)
            elif kind < 0.9:
                q = (x + r.randint(-200, 200), y + r.randint(-200, 200))
                cv2.line(picture, (x, y), q, c, r.choice([1, 2, 4, 8, 16]), cv2.LINE_AA)
            else:  # a grille, a kerb, a stair
                step = r.randint(3, 14)
                for k in range(r.randint(3, 10)):
                    cv2.line(
                        picture, (x, y + k * step), (x + w, y + k * step), c, max(1, step // 3)
                    )
        if r.random() < 0.3:
            self._writing(picture)
        return picture

    def _free(self, w: float, h: float, taken: list) -> tuple[float, float] | None:
        r = self.r
        for _ in range(8):
            x, y = r.uniform(2, max(3, WIDTH - w - 2)), r.uniform(2, max(3, HEIGHT - h - 2))
            if all(x + w < a or c < x or y + h < b or d < y for a, b, c, d in taken):
                taken.append((x, y, x + w, y + h))
                return x, y
        return None

    def _plate_on(self, picture: np.ndarray, taken: list) -> np.ndarray | None:
        r = self.r
        plate = self._plate()
        text, flat = plate.text, plate.flat
        fh, fw = flat.shape[:2]
        low, high = (28, 330) if text.shape == CAR_LONG else (18, 250)
        width = float(np.exp(r.triangular(np.log(low), np.log(high), np.log(75))))
        height = width * fh / fw * r.uniform(0.85, 1.15)
        quad = self._quad(width, height)
        quad -= quad.min(0)
        span = quad.max(0)
        if WIDTH - 6 < span[0] or HEIGHT - 6 < span[1]:
            return None
        at = self._free(float(span[0]), float(span[1]), taken)
        if at is None:
            return None
        quad += np.array(at, np.float32)
        if r.random() < 0.6:  # what it is screwed to
            k = 1 + np.array([r.uniform(0.02, 0.5), r.uniform(0.02, 0.6)])
            holder = quad.mean(0) + (quad - quad.mean(0)) * k
            level = r.choice([r.randint(0, 70), r.randint(0, 255)])
            c = tuple(max(0, min(255, level + r.randint(-25, 25))) for _ in range(3))
            cv2.fillConvexPoly(picture, np.round(holder * 16).astype(np.int32), c, cv2.LINE_AA, 4)
        self._place(picture, flat, quad, width / fw)
        return quad

    def _distract(self, picture: np.ndarray, taken: list) -> None:
        """What is taken for a plate: stickers, signs, lamps, badges, empty plates."""
        r: Random = self.r
        w = float(np.exp(r.uniform(np.log(20), np.log(160))))
        h = w * r.uniform(0.2, 1.0)
        at = self._free(w, h, taken)
        if at is None:
            return
        x, y = int(at[0]), int(at[1])
        x1, y1 = min(WIDTH, x + int(w)), min(HEIGHT, y + int(h))
        if x1 - x < 8 or y1 - y < 6:
            return
        part = (
            self._ground((y1 - y, x1 - x))
            if r.random() < 0.4
            else np.full((y1 - y, x1 - x, 3), r.choice([255, 235, 210, 30]), np.uint8)
        )
        if r.random() < 0.7:
            self._writing(part)
        picture[y:y1, x:x1] = part


def targets(
    quads: np.ndarray, height: int = HEIGHT, width: int = WIDTH
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """For each scale: wanted score, wanted corners and the weight of the corners, by cell."""
    from .detector import SCALES, SPREAD

    found = []
    for stride, low, high in SCALES:
        h, w = height // stride, width // stride
        score = np.zeros((h, w), np.float32)
        corners = np.zeros((8, h, w), np.float32)
        weight = np.zeros((h, w), np.float32)
        for quad in quads:
            sides = np.linalg.norm(np.roll(quad, -1, 0) - quad, axis=1)
            longest = float(sides.max())
            if not low <= longest < high:
                continue
            centre = quad.mean(0)
            across = max(1.0, float(min((sides[0] + sides[2]), (sides[1] + sides[3])) / 2))
            sigma = max(0.55 * stride, across * 0.16)
            reach = int(np.ceil(3 * sigma / stride))
            cx, cy = int(centre[0] // stride), int(centre[1] // stride)
            for y in range(max(0, cy - reach), min(h, cy + reach + 1)):
                for x in range(max(0, cx - reach), min(w, cx + reach + 1)):
                    at = np.array([(x + 0.5) * stride, (y + 0.5) * stride])
                    d2 = float(((at - centre) ** 2).sum())
                    s = float(np.exp(-d2 / (2 * sigma**2)))
                    if (x, y) == (cx, cy):
                        s = 1.0
                    if s <= score[y, x]:
                        continue
                    score[y, x] = s
                    if 0.3 < s:
                        corners[:, y, x] = ((quad - at) / (stride * SPREAD)).reshape(-1)
                        # An error counts by the plate's own size.
                        weight[y, x] = stride * SPREAD / across
        found.append((score, corners, weight))
    return found
