"""Pictures with plates in them, for the detector: where the corners are is known exactly."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import cv2
import numpy as np

from . import lookalikes, vehicles
from .bent import bend
from .codec import Recorder
from .detector import LESSON_HEIGHT as HEIGHT
from .detector import LESSON_WIDTH as WIDTH
from .detector import SCALES, SPREAD
from .photo import BENT, CONTRAST_MIN, Photographer, Plate, contrast
from .texts import BIKE, CAR_LONG

#: A plate lower than this, in the camera's pixels, is not asked for.
PLATE_HEIGHT_MIN = 7.0

#: Nothing is asked of a plate that is seen lower than this, in pixels of the input: a thin bright
#: line is one as well.
SEEN_HEIGHT_MIN = 4.5

#: A share of all pictures is seen by a camera that was farther off, and enlarged.
ENLARGED = 0.35

#: A share has writing of the recorder in it.
BURNT_IN = 0.4

#: A share of all plates is red besides those drawn by chance: among red lamps and on red paint they
#: are missed first.
RED_MORE = 0.12

#: A share of all vehicles is painted nearly as their plate is.
PAINTED_ALIKE = 0.12


@dataclass
class Scene:
    """A picture, the corners of its plates (n x 4 x 2, top left first, clockwise), and which of
    them a person would see: of the others nothing is asked."""

    picture: np.ndarray
    quads: np.ndarray
    is_clear: np.ndarray


class Scenery(Photographer):
    """Paints grounds with clutter, puts plates on them, and photographs the whole."""

    def __init__(self, seed: int, backgrounds: list[np.ndarray] | None = None) -> None:
        super().__init__(seed, backgrounds)
        shape = (HEIGHT, WIDTH, 3)
        self.recorder = Recorder(WIDTH, HEIGHT)
        self.noise = [self.n.standard_normal(shape).astype(np.float32) for _ in range(6)]

    def scene(self) -> Scene:
        """A picture and where its plates are."""
        r = self.r
        picture = self._scenery()
        wanted = r.choices([0, 1, 2, 3, r.randint(4, 8)], [0.16, 0.56, 0.17, 0.07, 0.04])[0]
        taken: list[tuple[float, float, float, float]] = []
        quads = []
        for _ in range(wanted):
            placed = self._on_vehicle(picture, taken) if r.random() < 0.65 else None
            placed = self._plate_on(picture, taken) if placed is None else placed
            if placed is not None:
                quads.append(placed)
        if wanted == 0 and r.random() < 0.6:  # a vehicle without a plate
            self._vehicle(picture, taken, r.random() < 0.5)
        for _ in range(r.choice([0, 0, 1, 2, 3])):
            self._distract(picture, taken)
        if r.random() < 0.05:
            self._arm(picture)
        heights = [float(np.linalg.norm(q[3] - q[0])) for q in quads]
        lowest = min(heights, default=40.0)
        scale = 1.0
        if r.random() < ENLARGED:
            scale = r.uniform(max(0.22, min(1.0, PLATE_HEIGHT_MIN / lowest)), 1.0)
            picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        picture, _ = self._lens(picture, max(4.0, lowest * scale * 0.4))
        picture = self._light(picture)
        if r.random() < BURNT_IN:
            lookalikes.burnt_in(picture, r)
        picture = self._sensor(picture, self._noise_amount())
        if scale < 1.0:
            how = r.choice([cv2.INTER_LINEAR, cv2.INTER_LINEAR, cv2.INTER_CUBIC])
            picture = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=how)
        clear = [
            CONTRAST_MIN <= contrast(picture, q) and SEEN_HEIGHT_MIN <= seen_height(q)
            for q in quads
        ]
        return Scene(
            picture, np.array(quads, np.float32).reshape(-1, 4, 2), np.array(clear, bool)
        )

    def _plate(self) -> Plate:
        if self.r.random() < RED_MORE:
            red = [plate for plate in self.drawn if plate.text.colour == "red"]
            if red:
                return self.r.choice(red)
        return super()._plate()

    def _vehicle(
        self,
        picture: np.ndarray,
        taken: list,
        is_bike: bool,
        paint: vehicles.Colour | None = None,
    ) -> vehicles.Box | None:
        """Paints one; returns where its plate hangs."""
        r = self.r
        h = float(np.exp(r.uniform(np.log(50), np.log(260))))
        w = h * (r.uniform(0.42, 0.6) if is_bike else r.uniform(0.9, 1.5))
        x, y = r.uniform(-0.2 * w, WIDTH - 0.8 * w), r.uniform(-0.4 * h, HEIGHT - 0.75 * h)
        if any(x < c and a < x + w and y < d and b < y + h for a, b, c, d in taken):
            return None
        draw = vehicles.motorbike if is_bike else vehicles.car
        plate = draw(picture, r, (x, y, x + w, y + h), paint)
        taken.append((x, y, x + w, y + h))
        return plate

    def _on_vehicle(self, picture: np.ndarray, taken: list) -> np.ndarray | None:
        """A vehicle with its plate, when both fit."""
        r = self.r
        plate, paint = self._plate(), None
        fh, fw = plate.flat.shape[:2]
        if r.random() < PAINTED_ALIKE:
            ground = np.median(plate.flat.reshape(-1, plate.flat.shape[2])[:, :3], 0)
            paint = vehicles.near(r, tuple(int(c) for c in ground))
        found = self._vehicle(picture, taken, plate.text.shape == BIKE, paint)
        if found is None:
            return None
        x0, y0, x1, y1 = found
        width = (x1 - x0) * r.uniform(0.85, 1.15)
        if plate.text.shape not in (BIKE, CAR_LONG):
            width *= 0.7
        if width < 14:
            return None
        quad = self._quad(width, width * fh / fw * r.uniform(0.85, 1.15))
        quad += np.array([(x0 + x1) / 2, (y0 + y1) / 2], np.float32)
        return self._hang(picture, plate, quad, width)

    def _hang(self, picture, plate, quad: np.ndarray, width: float) -> np.ndarray | None:
        """Paints the plate and what it is screwed to; `None` when the border would cut it."""
        r = self.r
        over = 0.12 if r.random() < 0.06 else 0.0
        room = (quad.max(0) - quad.min(0)) * over
        low, high = quad.min(0) + room, quad.max(0) - room
        if low.min() < 1 or WIDTH - 1 < high[0] or HEIGHT - 1 < high[1]:
            return None
        if r.random() < 0.5:
            self._holder(picture, quad)
        self._place(picture, plate.flat, quad, width / plate.flat.shape[1])
        if r.random() < BENT:
            bend(picture, quad, r)
        if r.random() < 0.05:
            self._cover(picture, quad)
        return quad

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
        """A plate anywhere."""
        r = self.r
        plate = self._plate()
        fh, fw = plate.flat.shape[:2]
        low, high = (24, 230) if plate.text.shape == CAR_LONG else (14, 180)
        width = float(np.exp(r.triangular(np.log(low), np.log(high), np.log(60))))
        quad = self._quad(width, width * fh / fw * r.uniform(0.85, 1.15))
        quad -= quad.min(0)
        span = quad.max(0)
        if WIDTH - 6 < span[0] or HEIGHT - 6 < span[1]:
            return None
        at = self._free(float(span[0]), float(span[1]), taken)
        if at is None:
            return None
        return self._hang(picture, plate, quad + np.array(at, np.float32), width)

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
        if r.random() < 0.6:
            lookalikes.any_of(picture, r, (x, y, x1, y1))
            return
        part = (
            self._ground((y1 - y, x1 - x))
            if r.random() < 0.4
            else np.full((y1 - y, x1 - x, 3), r.choice([255, 235, 210, 30]), np.uint8)
        )
        if r.random() < 0.7:
            self._writing(part)
        picture[y:y1, x:x1] = part


def seen_height(quad: np.ndarray) -> float:
    """Between the upper and the lower edge: the area over the longer of both."""
    widest = max(np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[2] - quad[3]))
    return float(cv2.contourArea(quad.astype(np.float32)) / max(1e-6, widest))


def targets(
    scene: Scene, height: int = HEIGHT, width: int = WIDTH
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """For each scale, by cell: wanted score, wanted corners, the weight of the corners, and whether
    the score counts."""
    found = []
    for stride, low, high in SCALES:
        h, w = height // stride, width // stride
        score = np.zeros((h, w), np.float32)
        corners = np.zeros((8, h, w), np.float32)
        weight = np.zeros((h, w), np.float32)
        counts = np.ones((h, w), np.float32)
        xs, ys = (np.arange(w) + 0.5) * stride, (np.arange(h) + 0.5) * stride
        for quad, is_clear in zip(scene.quads, scene.is_clear):
            if not is_clear:
                inside = np.outer(
                    (quad[:, 1].min() < ys) & (ys < quad[:, 1].max()),
                    (quad[:, 0].min() < xs) & (xs < quad[:, 0].max()),
                )
                counts[inside] = 0
                continue
            sides = np.linalg.norm(np.roll(quad, -1, 0) - quad, axis=1)
            longest = float(sides.max())
            if not low <= longest < high:
                continue
            centre = quad.mean(0)
            across = max(1.0, float(min((sides[0] + sides[2]), (sides[1] + sides[3])) / 2))
            sigma = max(0.55 * stride, across * 0.16)
            d2 = (ys[:, None] - centre[1]) ** 2 + (xs[None] - centre[0]) ** 2
            near = np.exp(-d2 / (2 * sigma**2)).astype(np.float32)
            cy, cx = min(h - 1, int(centre[1] // stride)), min(w - 1, int(centre[0] // stride))
            near[max(0, cy), max(0, cx)] = 1.0
            better = score < near
            score[better] = near[better]
            told = better & (0.3 < near)
            for k in range(4):
                corners[2 * k][told] = ((quad[k, 0] - xs)[None].repeat(h, 0) / (stride * SPREAD))[
                    told
                ]
                corners[2 * k + 1][told] = (
                    (quad[k, 1] - ys)[:, None].repeat(w, 1) / (stride * SPREAD)
                )[told]
            # An error counts by the plate's own size.
            weight[told] = stride * SPREAD / across
        found.append((score, corners, weight, counts))
    return found
