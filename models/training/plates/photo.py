"""A camera's view of a plate, cut out as the reader gets it.

The plate is projected into a small picture at the size that the camera would give it, everything
that happens to light and lens happens there, and only then is it cut out and scaled to the reader's
input: so that blur, noise and compression have the grain of the camera and not of the input.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import cv2
import numpy as np

from . import weather
from .bent import bend
from .codec import Recorder
from .columns import Columns, nothing
from .cutout import cut, cut_and_map
from .draw import Press
from .texts import BIKE, CAR_LONG, COLOURS, KINDS, Text, random_text, slots

#: Characters lower than this, in the camera's pixels, are not to be read.
CHAR_HEIGHT_MIN = 5.5

#: A point spread over more than this share of a character's height hides what it is.
BLUR_MAX = 0.17

#: Plates are turned by up to so much, in radians: 50 degrees to the side, and up or down.
TURNED_MAX = 0.88

#: Shares of all plates that are bent, and of all pictures with rain in the air and on the glass.
BENT, STREAKS, DROPS = 0.12, 0.05, 0.05

#: Shares of all pictures that were compressed as a photo and as a frame of a stream.
JPEG, STREAMED = 0.4, 0.2

#: The largest picture of a plate and what is around it that a stream is kept for.
STREAM_WIDTH, STREAM_HEIGHT = 400, 160

#: The least standard deviation of a plate's brightness, alone and against the noise.
CONTRAST_MIN, CONTRAST_TO_NOISE_MIN = 5.0, 1.3


@dataclass
class View:
    """One example: the input in blue, green, red, and what it shows."""

    picture: np.ndarray
    slots: list[int]
    kind: int
    colour: int
    columns: Columns


@dataclass
class Plate:
    """A drawn plate: what stands on it, its picture, and where each character is."""

    text: Text
    flat: np.ndarray
    places: np.ndarray


class Photographer:
    """Takes views of the plates of one press, each plate several times."""

    def __init__(self, seed: int, backgrounds: list[np.ndarray] | None = None) -> None:
        self.r = Random(seed ^ 0x9E3779B9)
        self.n = np.random.default_rng(seed ^ 0x51ED)
        self.press = Press(seed)
        self.backgrounds = backgrounds or []
        self.noise = [self.n.standard_normal((160, 400, 3)).astype(np.float32) for _ in range(6)]
        self.drawn: list[Plate] = []
        self.recorder = Recorder(STREAM_WIDTH, STREAM_HEIGHT)

    def view(self) -> View:
        if self.r.random() < 0.07:
            return self._nothing()
        return self._photograph(self._plate())

    def _plate(self) -> Plate:
        """A plate that was just drawn, or one that was seen from another side before."""
        if len(self.drawn) < 400 or self.r.random() < 0.34:
            text = random_text(self.press.r)
            item = Plate(text, *self.press.draw(text))
            if len(self.drawn) < 400:
                self.drawn.append(item)
            else:
                self.drawn[self.r.randrange(400)] = item
            return item
        return self.drawn[self.r.randrange(len(self.drawn))]

    def _ground(self, shape: tuple[int, int]) -> np.ndarray:
        """What is around the plate."""
        r, (h, w) = self.r, shape
        if self.backgrounds and r.random() < 0.6:
            scene = self.backgrounds[r.randrange(len(self.backgrounds))]
            k = r.uniform(0.5, 2.0)
            ph, pw = min(scene.shape[0], max(4, int(h * k))), min(
                scene.shape[1], max(4, int(w * k))
            )
            y, x = r.randint(0, scene.shape[0] - ph), r.randint(0, scene.shape[1] - pw)
            return cv2.resize(scene[y : y + ph, x : x + pw], (w, h))
        base = np.empty((h, w, 3), np.uint8)
        base[:] = (
            [r.randint(0, 255)] * 3 if r.random() < 0.5 else [r.randint(0, 255) for _ in range(3)]
        )
        if r.random() < 0.7:
            field = self.press.texture((h, w))
            base = cv2.addWeighted(
                base, r.uniform(0.3, 0.9), cv2.merge([field] * 3), r.uniform(0.1, 0.7), 0
            )
        for _ in range(r.choice([0, 0, 1, 2, 3])):
            p, q = (r.randrange(w), r.randrange(h)), (r.randrange(w), r.randrange(h))
            c = tuple(r.randint(0, 255) for _ in range(3))
            cv2.rectangle(base, p, q, c, r.choice([-1, 1, 2, 4]))
        return base

    def _photograph(self, plate: Plate) -> View:
        r, text, flat = self.r, plate.text, plate.flat
        fh, fw = flat.shape[:2]
        one_row = len(text.rows) == 1
        # The plate's width in the camera's picture: mostly what a gate sees.
        low, high = (36, 260) if text.shape == CAR_LONG else (24, 190)
        width = float(
            np.exp(
                r.triangular(
                    np.log(low), np.log(high), np.log(95 if text.shape == CAR_LONG else 75)
                )
            )
        )
        height = width * fh / fw * r.uniform(0.82, 1.15)
        quad = self._quad(width, height)
        margin = r.uniform(0.12, 0.4)
        span = quad.max(0) - quad.min(0)
        size = np.maximum(np.ceil(span * (1 + 2 * margin)).astype(int), 12)
        quad = quad - quad.min(0) + (size - span) / 2
        w, h = int(size[0]), int(size[1])
        scene = self._ground((h, w))
        if r.random() < 0.4:
            self._holder(scene, quad)
        placed = self._place(scene, flat, quad, width / fw)
        if r.random() < BENT:
            bend(scene, quad, r)
        sides = np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[2] - quad[1])
        char_h = float(np.mean(sides)) * (0.62 if one_row else 0.38)
        if r.random() < 0.05:
            self._arm(scene)
        if r.random() < 0.08:
            self._cover(scene, quad)
        scene, blur = self._lens(scene, char_h)
        field = self._light(scene)
        if r.random() < 0.24:
            self._streak(field, quad)
        if r.random() < 0.38:
            self._burn(field, quad)
        noise = self._noise_amount()
        seen = contrast(field, quad)
        scene = self._sensor(field, noise)
        is_sharp = CHAR_HEIGHT_MIN <= char_h and blur < BLUR_MAX * char_h
        is_readable = is_sharp and max(CONTRAST_MIN, CONTRAST_TO_NOISE_MIN * noise) <= seen
        kind = (0 if one_row else 1) if is_readable else 2
        picture, to_input = self._cut(scene, quad)
        columns = Columns.of(text.rows, plate.places, to_input @ placed)
        return View(picture, slots(text.rows), kind, COLOURS.index(text.colour), columns)

    def _quad(self, width: float, height: float) -> np.ndarray:
        """The plate's corners, turned in space and seen by a camera some plate widths away."""
        r = self.r
        limit = r.choice([0.12, 0.3, 0.55, TURNED_MAX])
        yaw, pitch = r.uniform(-limit, limit), r.uniform(-limit, limit)
        roll = r.gauss(0, 0.07) if r.random() < 0.85 else r.uniform(-0.35, 0.35)
        x, y = width / 2, height / 2
        corners = np.array([(-x, -y, 0), (x, -y, 0), (x, y, 0), (-x, y, 0)])
        cy, sy, cp, sp, cr, sr = (
            np.cos(yaw),
            np.sin(yaw),
            np.cos(pitch),
            np.sin(pitch),
            np.cos(roll),
            np.sin(roll),
        )
        turn_y = np.array([(cy, 0, sy), (0, 1, 0), (-sy, 0, cy)])
        turn_x = np.array([(1, 0, 0), (0, cp, -sp), (0, sp, cp)])
        turn_z = np.array([(cr, -sr, 0), (sr, cr, 0), (0, 0, 1)])
        corners = corners @ turn_y.T @ turn_x.T @ turn_z.T
        distance = width * r.uniform(2.5, 12)
        return (corners[:, :2] * (distance / (distance + corners[:, 2:]))).astype(np.float32)

    def _place(
        self, scene: np.ndarray, flat: np.ndarray, quad: np.ndarray, scale: float
    ) -> np.ndarray:
        """Paints the plate; returns the homography from the flat plate to the scene."""
        h, w = scene.shape[:2]
        flat_h, flat_w = flat.shape[:2]
        if scale < 0.7:  # a lens averages what it cannot resolve
            smaller = (
                max(8, int(flat.shape[1] * scale * 1.15)),
                max(6, int(flat.shape[0] * scale * 1.15)),
            )
            flat = cv2.resize(flat, smaller, interpolation=cv2.INTER_AREA)
        fh, fw = flat.shape[:2]
        corners = np.array(
            [(-0.5, -0.5), (fw - 0.5, -0.5), (fw - 0.5, fh - 0.5), (-0.5, fh - 0.5)], np.float32
        )
        m = cv2.getPerspectiveTransform(corners, quad.astype(np.float32))
        cv2.warpPerspective(
            flat, m, (w, h), dst=scene, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT
        )
        return m @ np.diag([fw / flat_w, fh / flat_h, 1.0])

    def _arm(self, scene: np.ndarray) -> None:
        """A barrier's arm, or some rod, before the plate: it hides a narrow strip."""
        r = self.r
        h, w = scene.shape[:2]
        y = r.choice([r.uniform(0, 0.25), r.uniform(0.75, 1.0)]) * h
        y1 = y + r.uniform(-0.2, 0.2) * h
        thick = max(1, int(h * r.uniform(0.03, 0.1)))
        c = r.choice([(40, 40, 200), (235, 235, 235), (30, 30, 30), (60, 190, 230)])
        cv2.line(scene, (0, int(y)), (w, int(y1)), c, thick, cv2.LINE_AA)

    def _cover(self, scene: np.ndarray, quad: np.ndarray) -> None:
        """Something before a corner or an edge: the end of an arm, a mudguard, a cable, a leaf."""
        r = self.r
        (x0, y0), (x1, y1) = quad.min(0), quad.max(0)
        w, h = x1 - x0, y1 - y0
        grey = r.choice([r.randint(0, 60), r.randint(180, 255), r.randint(0, 255)])
        colour = tuple(max(0, min(255, grey + r.randint(-20, 20))) for _ in range(3))
        side = r.choice(["left", "right", "top", "bottom"])
        if side in ("left", "right"):
            reach = w * r.uniform(0.01, 0.1)
            top = y0 + h * r.uniform(-0.2, 0.7)
            low, high = (x0 - w, x0 + reach) if side == "left" else (x1 - reach, x1 + w)
            corners = (low, top), (high, top + h * r.uniform(0.2, 1.2))
        else:
            reach = h * r.uniform(0.02, 0.16)
            left = x0 + w * r.uniform(-0.2, 0.8)
            low, high = (y0 - h, y0 + reach) if side == "top" else (y1 - reach, y1 + h)
            corners = (left, low), (left + w * r.uniform(0.1, 1.2), high)
        (ax, ay), (bx, by) = corners
        cv2.rectangle(scene, (int(ax), int(ay)), (int(bx), int(by)), colour, -1)

    def _streak(self, field: np.ndarray, quad: np.ndarray) -> None:
        """A lamp's reflection along the bent metal: a bright soft band across the plate."""
        r = self.r
        h, w = field.shape[:2]
        (x0, y0), (x1, y1) = quad.min(0), quad.max(0)
        span = y1 - y0
        y = r.uniform(y0, y1)
        xs = np.linspace(x0 - 0.1 * (x1 - x0), x1 + 0.1 * (x1 - x0), 9)
        bend = r.uniform(-0.25, 0.25) * span
        t = np.linspace(-1, 1, 9)
        ys = y + bend * t**2 + r.uniform(-0.2, 0.2) * span * t
        first = r.choice([0, 0, r.randint(0, 5)])
        points = np.stack([xs, ys], 1)[first : first + r.randint(3, 9)]
        band = np.zeros((h, w), np.uint8)
        thick = max(1, int(span * r.uniform(0.02, 0.14)))
        cv2.polylines(band, [np.round(points).astype(np.int32)], False, 255, thick, cv2.LINE_AA)
        band = cv2.GaussianBlur(band, (0, 0), max(0.6, span * r.uniform(0.01, 0.06)))
        self._shine(field, quad, band)

    def _burn(self, field: np.ndarray, quad: np.ndarray) -> None:
        """The sun in the metal: patches that are burnt out, with whatever stood there."""
        r = self.r
        (x0, y0), (x1, y1) = quad.min(0), quad.max(0)
        w, h = x1 - x0, y1 - y0
        patch = np.zeros(field.shape[:2], np.uint8)
        for _ in range(r.choice([1, 1, 2, 3])):
            centre = (int(r.uniform(x0, x1)), int(r.uniform(y0, y1)))
            axes = [max(1, int(w * r.uniform(0.03, 0.22))), max(1, int(h * r.uniform(0.04, 0.3)))]
            cv2.ellipse(patch, centre, axes, r.uniform(-60, 60), 0, 360, 255, -1, cv2.LINE_AA)
        if r.random() < 0.3:  # of any shape
            folds = self.press.texture(patch.shape)
            patch[np.percentile(folds, r.uniform(80, 97)) < folds] = 255
        patch = cv2.GaussianBlur(patch, (0, 0), max(0.6, h * r.uniform(0.01, 0.07)))
        self._shine(field, quad, patch)

    def _shine(self, field: np.ndarray, quad: np.ndarray, where: np.ndarray) -> None:
        """A reflection: light added to what is there, or so much of it that it hides all."""
        r = self.r
        share = where[:, :, None].astype(np.float32) / 255
        if r.random() < 0.35:
            field += share * (255 * r.uniform(0.3, 1.3))
            return
        if r.random() < 0.6:  # nothing is left of what is below, up to a sharp edge
            share = np.minimum(share * r.uniform(1, 3), 1)
        else:
            share *= r.uniform(0.7, 1.0)
        (x0, y0), (x1, y1) = np.maximum(quad.min(0), 0).astype(int), quad.max(0).astype(int) + 1
        ground = float(np.percentile(field[y0:y1, x0:x1], 80))
        field += share * (ground * r.uniform(0.95, 1.3) + r.uniform(0, 45) - field)

    def _holder(self, scene: np.ndarray, quad: np.ndarray) -> None:
        """What the plate is screwed to: its edges stand beside the plate's own."""
        r = self.r
        k = 1 + np.array([r.uniform(0.01, 0.35), r.uniform(0.02, 0.5)])
        holder = quad.mean(0) + (quad - quad.mean(0)) * k
        level = r.choice([r.randint(0, 70), r.randint(0, 255)])
        c = tuple(max(0, min(255, level + r.randint(-25, 25))) for _ in range(3))
        cv2.fillConvexPoly(scene, np.round(holder * 16).astype(np.int32), c, cv2.LINE_AA, 4)

    def _lens(self, scene: np.ndarray, char_h: float) -> tuple[np.ndarray, float]:
        """Defocus and motion; returns how far a point is spread, in pixels."""
        r = self.r
        blur = 0.0
        if r.random() < 0.7:
            sigma = abs(r.gauss(0, 0.04)) * char_h + r.uniform(0.2, 0.6)
            scene = cv2.GaussianBlur(scene, (0, 0), sigma)
            blur = sigma
        if r.random() < 0.22:
            length = r.uniform(0.05, 0.32) * char_h
            n = max(2, int(length))
            size = 2 * (n // 2) + 3
            kernel = np.zeros((size, size), np.float32)
            angle = r.choice([0.0, np.pi / 2, r.uniform(0, np.pi)])
            dx, dy = np.cos(angle) * length / 2, np.sin(angle) * length / 2
            c = (size - 1) / 2
            p = (int((c - dx) * 16), int((c - dy) * 16))
            q = (int((c + dx) * 16), int((c + dy) * 16))
            cv2.line(kernel, p, q, 1.0, 1, cv2.LINE_AA, 4)
            kernel /= max(1e-6, kernel.sum())
            scene = cv2.filter2D(scene, -1, kernel)
            blur = max(blur, length * 0.4)
        if r.random() < 0.08:  # a weak second image beside the first, as of a bad cable
            dx = r.choice([-1, 1]) * max(1, round(r.uniform(0.08, 0.3) * char_h))
            moved = np.roll(scene, dx, 1)
            k = r.uniform(0.08, 0.3)
            scene = cv2.addWeighted(scene, 1 - k, moved, k, 0)
        if r.random() < 0.35:  # sharpened by the camera
            soft = cv2.GaussianBlur(scene, (0, 0), r.uniform(0.8, 2.2))
            k = r.uniform(0.4, 2.2)
            scene = cv2.addWeighted(scene, 1 + k, soft, -k, 0)
        return scene, blur

    def _light(self, scene: np.ndarray) -> np.ndarray:
        r = self.r
        h, w = scene.shape[:2]
        field = scene.astype(np.float32)
        if r.random() < 0.5:  # uneven light, soft shadow
            shade = self.press.texture((h, w)).astype(np.float32)[:, :, None] / 255
            depth = r.uniform(0.1, 0.65)
            field *= 1 - depth * shade
        if r.random() < 0.15:  # a hard shadow's edge
            angle, at = r.uniform(0, np.pi), r.uniform(0.2, 0.8)
            ys, xs = np.mgrid[0:h, 0:w]
            side = (np.cos(angle) * (xs / w - at) + np.sin(angle) * (ys / h - at)) * r.choice(
                [6, 20, 60]
            )
            field *= 1 - r.uniform(0.25, 0.7) / (1 + np.exp(-side, dtype=np.float32))[:, :, None]
        if r.random() < 0.16:  # glare, a headlight's bloom
            cx, cy = r.uniform(-0.1, 1.1) * w, r.uniform(-0.1, 1.1) * h
            ys, xs = np.mgrid[0:h, 0:w]
            reach = r.uniform(0.1, 0.6) * w
            spot = np.exp(-((xs - cx) ** 2 + (ys - cy) ** 2 * r.uniform(1, 4)) / (2 * reach**2))
            field += (r.uniform(40, 220) * spot)[:, :, None]
        mode = r.random()
        if mode < 0.22:  # night: dark, or lit by a flash and burnt out
            gain, lift = (
                (r.uniform(0.12, 0.5), r.uniform(0, 12))
                if r.random() < 0.5
                else (r.uniform(1.2, 1.9), r.uniform(-20, 40))
            )
        else:
            gain, lift = r.uniform(0.55, 1.25), r.uniform(-25, 35)
        field = field * gain + lift
        if r.random() < 0.25:  # white balance
            field *= np.array([r.uniform(0.75, 1.2) for _ in range(3)], np.float32)
        if r.random() < STREAKS:
            weather.streaks(field, r)
        if r.random() < DROPS:
            weather.drops(field, r)
        if r.random() < 0.12:  # haze
            k = r.uniform(0.2, 0.65)
            field = field * (1 - k) + r.uniform(90, 220) * k
        if r.random() < 0.05:
            field[:] = field.mean(2, keepdims=True)
        return field

    def _noise_amount(self) -> float:
        return abs(self.r.gauss(0, 6)) + 0.5 if self.r.random() < 0.6 else 0.0

    def _sensor(self, field: np.ndarray, amount: float) -> np.ndarray:
        r = self.r
        h, w = field.shape[:2]
        if 0 < amount:
            noise = self.noise[r.randrange(len(self.noise))]
            if h <= noise.shape[0] and w <= noise.shape[1]:
                y, x = r.randint(0, noise.shape[0] - h), r.randint(0, noise.shape[1] - w)
                part = noise[y : y + h, x : x + w]
                if r.random() < 0.5:
                    part = part[:, :, :1]
                field = field + part * amount
        scene = np.clip(field, 0, 255).astype(np.uint8)
        how = r.random()
        if how < STREAMED:
            scene = self.recorder.recorded(scene, r)
        elif how < STREAMED + JPEG:
            quality = r.choice([r.randint(25, 60), r.randint(50, 95)])
            ok, data = cv2.imencode(".jpg", scene, [cv2.IMWRITE_JPEG_QUALITY, quality])
            if ok:
                scene = cv2.imdecode(data, cv2.IMREAD_COLOR)
        return scene

    def _cut(self, scene: np.ndarray, quad: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What is cut out: by corners that are not quite right, or by the box around them."""
        r = self.r
        if r.random() < 0.65:
            span = np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[3] - quad[0])
            error = np.array(
                [[r.gauss(0, 0.02) * span[0], r.gauss(0, 0.035) * span[1]] for _ in range(4)]
            )
            centre = quad.mean(0)
            grown = centre + (quad - centre) * (
                1 + np.array([r.uniform(-0.01, 0.08), r.uniform(-0.02, 0.12)])
            )
            corners = grown + error
        else:
            (x0, y0), (x1, y1) = quad.min(0), quad.max(0)
            w, h = x1 - x0, y1 - y0
            x0, x1 = x0 - r.gauss(0.02, 0.03) * w, x1 + r.gauss(0.02, 0.03) * w
            y0, y1 = y0 - r.gauss(0.02, 0.04) * h, y1 + r.gauss(0.02, 0.04) * h
            corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
        return cut_and_map(scene, corners)

    def _nothing(self) -> View:
        """No plate: scenery, other writing, or a piece of a plate."""
        r = self.r
        kind = r.random()
        h, w = r.randint(30, 110), r.randint(60, 260)
        scene = self._ground((h, w))
        if kind < 0.55:
            self._writing(scene)
        elif kind < 0.7:
            flat = self._plate().flat
            fh, fw = flat.shape[:2]
            # Less than half of it, or mirrored: nothing to go by.
            if r.random() < 0.5:
                part = flat[:, : max(8, int(fw * r.uniform(0.1, 0.4)))]
            else:
                part = flat[:, ::-1]
            scene = cv2.resize(np.ascontiguousarray(part), (w, h), interpolation=cv2.INTER_AREA)
        scene, _ = self._lens(scene, h * 0.4)
        scene = self._sensor(self._light(scene), self._noise_amount())
        x, y = r.uniform(0, 0.15) * w, r.uniform(0, 0.15) * h
        corners = np.array([(x, y), (w - x, y), (w - x, h - y), (x, h - y)])
        return View(cut(scene, corners), [-1] * len(slots(("1",))), 3, -1, nothing())

    def _writing(self, scene: np.ndarray) -> None:
        """Phone numbers, brands, banners, a recorder's time: writing that is on no plate."""
        r = self.r
        h, w = scene.shape[:2]
        words = [
            f"09{r.randrange(10**8):08}",
            f"0{r.randrange(10**3):03}.{r.randrange(10**3):03}.{r.randrange(10**3):03}",
            f"20{r.randrange(20, 40)}-{r.randrange(1, 13):02}-{r.randrange(1, 29):02} "
            f"{r.randrange(24):02}:{r.randrange(60):02}:{r.randrange(60):02}",
            "".join(r.choice("ABCDEFGHIKLMNOPRSTUVXY") for _ in range(r.randint(4, 9))),
            " ".join(
                "".join(r.choice("ABCDEGHIKLMNOPRSTUVXY") for _ in range(r.randint(2, 5)))
                for _ in range(3)
            ),
            "".join(r.choice("abcdeghiklmnoprstuvxy") for _ in range(r.randint(4, 12))),
            f"{r.randrange(10**3)} KM",
            f"{r.choice('PQ')}.{r.randrange(1, 40)}",
            f"{r.randrange(5, 90)}T",
            f"CAM {r.randrange(1, 99)}",
        ]
        for line in range(r.choice([1, 1, 2, 3])):
            font = r.choice(
                [
                    cv2.FONT_HERSHEY_SIMPLEX,
                    cv2.FONT_HERSHEY_DUPLEX,
                    cv2.FONT_HERSHEY_COMPLEX,
                    cv2.FONT_HERSHEY_TRIPLEX,
                ]
            )
            word = r.choice(words)
            (tw, th), _ = cv2.getTextSize(word, font, 1.0, 2)
            k = min(w * r.uniform(0.5, 1.1) / tw, h * r.uniform(0.25, 0.7) / th)
            c = tuple(r.randint(0, 255) for _ in range(3))
            at = (
                int(r.uniform(0, 0.2) * w),
                int(min(h, (line + 1) * h * r.uniform(0.3, 0.5) + th * k * 0.3)),
            )
            cv2.putText(
                scene, word, at, font, k, c, max(1, int(k * r.uniform(1, 5))), cv2.LINE_AA
            )


def contrast(field: np.ndarray, quad: np.ndarray) -> float:
    """The standard deviation of the brightness inside the plate."""
    (x0, y0), (x1, y1) = quad.min(0), quad.max(0)
    dx, dy = (x1 - x0) * 0.15, (y1 - y0) * 0.15
    part = field[int(y0 + dy) : int(y1 - dy) + 1, int(x0 + dx) : int(x1 - dx) + 1, 1]
    return float(np.clip(part, 0, 255).std()) if part.size else 0.0
