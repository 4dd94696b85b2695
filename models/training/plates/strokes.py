"""Strokes of one width: the pen that draws characters."""

from __future__ import annotations

import cv2
import numpy as np

Point = tuple[float, float]
#: A corner of a centre line: x, y and the radius with which it is rounded, in pixels.
Corner = tuple[float, float, float]


def rounded(corners: list[Corner], closed: bool = False) -> np.ndarray:
    """The centre line through these corners, each rounded with its radius."""
    n = len(corners)
    points: list[Point] = []
    for k, (x, y, radius) in enumerate(corners):
        if radius <= 0 or (not closed and k in (0, n - 1)):
            points.append((x, y))
            continue
        before, after = corners[k - 1], corners[(k + 1) % n]
        a = np.array([before[0] - x, before[1] - y])
        b = np.array([after[0] - x, after[1] - y])
        length_a, length_b = float(np.hypot(*a)), float(np.hypot(*b))
        if min(length_a, length_b) < 1e-6:
            points.append((x, y))
            continue
        # Half a side where both of its ends are rounded, so that neighbours meet.
        room_a = length_a * (0.5 if before[2] > 0 else 1.0)
        room_b = length_b * (0.5 if after[2] > 0 else 1.0)
        da, db = min(radius, room_a), min(radius, room_b)
        corner = np.array([x, y])
        p0, p3 = corner + a / length_a * da, corner + b / length_b * db
        p1, p2 = corner + (p0 - corner) * 0.448, corner + (p3 - corner) * 0.448
        for t in np.linspace(0, 1, 9):
            s = 1 - t
            point = s**3 * p0 + 3 * s * s * t * p1 + 3 * s * t * t * p2 + t**3 * p3
            points.append((float(point[0]), float(point[1])))
    if closed:
        points.append(points[0])
    return np.array(points)


class Pen:
    """Draws strokes of one width into a character's box; what leaves the box is cut off."""

    def __init__(self, width: int, height: int, stroke: float) -> None:
        self.pad = int(stroke * 2) + 2
        shape = (height + 2 * self.pad, width + 2 * self.pad)
        self.canvas = np.zeros(shape, np.uint8)
        self.width, self.height, self.stroke = width, height, stroke
        #: The centre lines' own box.
        self.w, self.h = max(1.0, width - stroke), max(1.0, height - stroke)

    def at(self, points: np.ndarray) -> np.ndarray:
        return points + self.stroke / 2 + self.pad

    def line(self, points: np.ndarray, extend: str = "") -> None:
        """A stroke along these points; `extend` names the ends that reach the box's edge."""
        points = np.asarray(points, float)
        if "a" in extend:
            points = np.vstack([extended(points[1], points[0], self.stroke * 1.2), points])
        if "b" in extend:
            points = np.vstack([points, extended(points[-2], points[-1], self.stroke * 1.2)])
        points = self.at(points)
        half = self.stroke / 2
        for p, q in zip(points[:-1], points[1:]):
            d = q - p
            length = float(np.hypot(*d))
            if length < 1e-6:
                continue
            n = np.array([-d[1], d[0]]) / length * half
            quad = np.array([p + n, q + n, q - n, p - n])
            cv2.fillConvexPoly(
                self.canvas, np.round(quad * 16).astype(np.int32), 255, cv2.LINE_AA, 4
            )
        for p, before, after in zip(points[1:-1], points[:-2], points[2:]):
            self._join(p, before, after)

    def _join(self, p: np.ndarray, before: np.ndarray, after: np.ndarray) -> None:
        a, b = p - before, after - p
        a, b = a / max(1e-6, np.hypot(*a)), b / max(1e-6, np.hypot(*b))
        cosine = float(a @ b)
        half = self.stroke / 2
        if cosine > 0.93:
            centre = tuple(int(v * 16) for v in p)
            cv2.circle(self.canvas, centre, int(half * 16), 255, -1, cv2.LINE_AA, 4)
            return
        # A sharp corner is mitred; a very sharp one is cut by the box.
        bisector = a - b
        norm = float(np.hypot(*bisector))
        if norm < 1e-6:
            return
        reach = min(half / max(0.3, np.sqrt(max(0.0, (1 + cosine) / 2))), half * 3)
        sign = 1.0 if a[0] * b[1] - a[1] * b[0] < 0 else -1.0
        na, nb = np.array([-a[1], a[0]]) * half * sign, np.array([-b[1], b[0]]) * half * sign
        tip = p + bisector / norm * reach
        wedge = np.array([p, p + na, tip, p + nb])
        cv2.fillConvexPoly(
            self.canvas, np.round(wedge * 16).astype(np.int32), 255, cv2.LINE_AA, 4
        )

    def closed(self, corners: list[Corner]) -> None:
        points = rounded(corners, closed=True)
        # The seam lies inside a side, where nothing shows.
        points = np.vstack([points, points[1]])
        self.line(points)

    def open(self, corners: list[Corner], extend: str = "") -> None:
        self.line(rounded(corners), extend)

    def mask(self) -> np.ndarray:
        p = self.pad
        return self.canvas[p : p + self.height, p : p + self.width]


def extended(inner: np.ndarray, end: np.ndarray, by: float) -> np.ndarray:
    d = end - inner
    length = float(np.hypot(*d))
    return end + d / max(length, 1e-6) * by
