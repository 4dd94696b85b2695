"""A flat plate seen from the front: characters, separators, frame, screws, dirt and wear."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import cv2
import numpy as np

from . import glyphs
from .texts import BIKE, CAR_LONG, CAR_SHORT, Text

#: Pixels per millimetre of the drawn plate, by shape: characters become about 60 pixels high.
SCALE = {BIKE: 1.15, CAR_SHORT: 0.95, CAR_LONG: 0.95}

#: Sizes in millimetres (width, height), since 2025 and before.
SIZES = {
    BIKE: [(190, 140), (190, 140), (190, 145)],
    CAR_SHORT: [(330, 165), (330, 165), (280, 200)],
    CAR_LONG: [(520, 110), (520, 110), (470, 110)],
}

#: Styles of characters that are kept at one time, and after how many plates one is replaced.
STYLES, RENEWED_EVERY = 48, 300


@dataclass
class Ink:
    """Colours in blue, green, red."""

    ground: tuple[int, int, int]
    text: tuple[int, int, int]


class Press:
    """Draws plates. Keeps the characters of some styles, and now and then replaces a style."""

    def __init__(self, seed: int) -> None:
        self.r = Random(seed)
        self.n = np.random.default_rng(seed)
        self.styles = [glyphs.Style.random(self.r) for _ in range(STYLES)]
        self.cache: dict[tuple, np.ndarray] = {}
        self.textures = [self._texture() for _ in range(40)]
        self.n_drawn = 0

    def _texture(self) -> np.ndarray:
        """Soft blots, 0..255, for dirt and shade."""
        n = self.n
        small = n.random((int(n.integers(2, 9)), int(n.integers(2, 14)))).astype(np.float32)
        field = cv2.resize(small, (512, 256), interpolation=cv2.INTER_CUBIC)
        fine = n.random((int(n.integers(16, 64)), int(n.integers(24, 128)))).astype(np.float32)
        field += 0.35 * cv2.resize(fine, (512, 256), interpolation=cv2.INTER_LINEAR)
        field -= field.min()
        return (field / max(1e-6, field.max()) * 255).astype(np.uint8)

    def texture(self, shape: tuple[int, int]) -> np.ndarray:
        """A piece of some texture in this height and width."""
        field = self.textures[self.r.randrange(len(self.textures))]
        h, w = self.r.randint(64, 256), self.r.randint(128, 512)
        y, x = self.r.randint(0, 256 - h), self.r.randint(0, 512 - w)
        return cv2.resize(field[y : y + h, x : x + w], (shape[1], shape[0]))

    def glyph(
        self, c: str, style: int, width: int, height: int, look: tuple[int, int]
    ) -> np.ndarray:
        """A character in this size. `look`: its width and stroke when drawn 72 pixels high."""
        key = (c, style, look)
        mask = self.cache.get(key)
        if mask is None:
            drawn_w, stroke = look
            mask = glyphs.draw(c, self.styles[style], drawn_w, 72, stroke)
            self.cache[key] = mask
        return cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)

    def draw(self, text: Text) -> tuple[np.ndarray, np.ndarray]:
        """The plate in blue, green, red, and where its characters are.

        A place for each character: row, left, right, middle height, in pixels of the picture.
        """
        r = self.r
        self.places: list[tuple[int, float, float, float]] = []
        self.n_drawn += 1
        if self.n_drawn % RENEWED_EVERY == 0:
            changed = r.randrange(STYLES)
            self.styles[changed] = glyphs.Style.random(r)
            self.cache = {key: m for key, m in self.cache.items() if key[1] != changed}
        scale = SCALE[text.shape]
        w_mm, h_mm = r.choice(SIZES[text.shape])
        width, height = round(w_mm * scale), round(h_mm * scale)
        mask = np.zeros((height, width), np.uint8)
        red = np.zeros((height, width), np.uint8) if text.red else None
        self._rows(text, mask, red, (w_mm, h_mm), scale)
        ink = self._ink(text.colour)
        if r.random() < 0.85:
            self._frame(mask)
        picture = self._coloured(mask, ink)
        if red is not None:
            share = red[:, :, None].astype(np.float32) / 255
            colour = np.array(
                [r.randint(20, 70), r.randint(15, 60), r.randint(140, 215)], np.float32
            )
            picture = (picture * (1 - share) + colour * share).astype(np.uint8)
        return self._worn(picture, mask), np.array(self.places, np.float32)

    def _rows(
        self, text: Text, mask: np.ndarray, red: np.ndarray | None, mm: tuple, scale: float
    ) -> None:
        r = self.r
        style = r.randrange(STYLES)
        w_mm, h_mm = mm
        is_bike = text.shape == BIKE
        if text.shape == CAR_LONG:
            char_h = r.uniform(0.52, 0.76) * h_mm
        elif is_bike:
            char_h = r.uniform(0.345, 0.425) * h_mm
        else:
            char_h = r.uniform(0.36, 0.43) * h_mm
        stroke = char_h * r.uniform(0.115, 0.165)
        aspect = r.uniform(0.38, 0.56) if is_bike else r.uniform(0.46, 0.64)
        n_rows = len(text.rows)
        slack = h_mm - n_rows * char_h
        between = 0.0 if n_rows == 1 else r.uniform(0.2, 0.42) * slack
        top = (slack - between) / 2 + r.uniform(-0.08, 0.08) * slack
        one_narrow, one_cell = r.choice([0.4, 0.5, 0.6, 0.75, 1.0]), r.choice(
            [0.0, 0.0, 0.5, 1.0]
        )
        dot_low = r.choice([True, True, False])
        for k, row in enumerate(text.rows):
            span = (r.uniform(0.8, 0.93) if k == n_rows - 1 else r.uniform(0.66, 0.93)) * w_mm
            self._row(
                (k, row),
                text.marks[k],
                (mask, red if k == n_rows - 1 else None),
                text.red,
                ((w_mm - span) / 2 + r.uniform(-0.012, 0.012) * w_mm, top, span, char_h),
                (style, aspect, stroke, (one_narrow, one_cell), dot_low),
                scale,
            )
            top += char_h + between

    def _row(self, numbered_row, marks, masks, red_range, place, look, scale) -> None:
        mask, red = masks
        k, row = numbered_row
        x, y, span, char_h = place
        style, aspect, stroke, (one_narrow, one_cell), dot_low = look
        by_place = dict(marks)
        items: list[tuple[str, float, int]] = []
        for n, c in enumerate(row):
            if n in by_place:
                sep = by_place[n]
                items.append((sep, {"-": 0.24, ".": 0.15, " ": 0.2}[sep] * char_h, -1))
            # A narrow character may keep some of the room of a usual one.
            share = max(one_narrow, one_cell) if c in "1I" else 1.0
            items.append((c, char_h * aspect * share, n))
        total = sum(w for _, w, _ in items)
        n_gaps = max(1, len(items) - 1)
        gap = (span - total) / n_gaps
        # Neither crowded nor torn apart: otherwise the characters give way.
        gap = min(gap, char_h * 0.42)
        if gap < char_h * 0.06:
            shrink = (span - n_gaps * char_h * 0.06) / total
            items = [(c, w * shrink, n) for c, w, n in items]
            total, gap = total * shrink, char_h * 0.06
        x += (span - total - gap * n_gaps) / 2
        px = lambda v: int(round(v * scale))
        for c, w, n in items:
            x0, y0, x1, y1 = px(x), px(y), px(x + w), px(y + char_h)
            x += w + gap
            if c == " ":
                continue
            if c == "-":
                half = max(1, px(stroke * 0.45))
                middle = (y0 + y1) // 2
                cv2.rectangle(mask, (x0, middle - half), (x1, middle + half), 255, -1)
            elif c == ".":
                radius = max(1, px(stroke * 0.55))
                cy = y1 - radius if dot_low else (y0 + y1) // 2
                if self.r.random() < 0.5:
                    cv2.circle(mask, ((x0 + x1) // 2, cy), radius, 255, -1, cv2.LINE_AA)
                else:
                    cx = (x0 + x1) // 2
                    cv2.rectangle(
                        mask, (cx - radius, cy - radius), (cx + radius, cy + radius), 255, -1
                    )
            else:
                target = mask
                if red is not None and red_range and red_range[0] <= n < red_range[1]:
                    target = red
                wide, high = max(3, x1 - x0), max(6, y1 - y0)
                # Two widths and one stroke for each style, so that drawn characters are used again.
                usual = 32 if aspect < 0.48 else 40
                narrow = one_narrow if c in "1I" else 1.0
                if c in "1I" and one_narrow < one_cell:
                    spare = round(wide * (1 - one_narrow / one_cell))
                    wide, x0 = max(3, wide - spare), x0 + spare // 2
                drawn = (round(usual * narrow), 9 if usual == 32 else 10)
                self._stamp(target, self.glyph(c, style, wide, high, drawn), x0, y0)
                self.places.append((k, x0, x0 + wide, (y0 + y1) / 2))

    @staticmethod
    def _stamp(mask: np.ndarray, glyph: np.ndarray, x: int, y: int) -> None:
        h, w = glyph.shape
        x0, y0 = max(0, x), max(0, y)
        x1, y1 = min(mask.shape[1], x + w), min(mask.shape[0], y + h)
        if x0 < x1 and y0 < y1:
            area = mask[y0:y1, x0:x1]
            np.maximum(area, glyph[y0 - y : y1 - y, x0 - x : x1 - x], out=area)

    def _frame(self, mask: np.ndarray) -> None:
        r = self.r
        inset, thick = r.randint(1, 7), r.randint(1, 4)
        h, w = mask.shape
        line = np.zeros_like(mask)
        cv2.rectangle(
            line,
            (inset, inset),
            (w - 1 - inset, h - 1 - inset),
            r.choice([255, 180, 120, 70]),
            thick,
        )
        np.maximum(mask, line, out=mask)

    def _ink(self, colour: str) -> Ink:
        r = self.r
        dark = lambda high: tuple(r.randint(0, high) for _ in range(3))
        light = lambda low: tuple(r.randint(low, 255) for _ in range(3))
        if colour == "white":
            level = r.randint(150, 255)
            tint = [max(0, min(255, level + r.randint(-18, 10))) for _ in range(3)]
            if r.random() < 0.12:  # yellowed by age
                tint[0] = max(0, tint[0] - r.randint(10, 60))
            return Ink(
                tuple(tint), tuple([r.randint(0, 75)] * 3) if r.random() < 0.8 else dark(80)
            )
        if colour == "yellow":
            return Ink((r.randint(0, 80), r.randint(135, 200), r.randint(195, 255)), dark(60))
        if colour == "blue":
            return Ink((r.randint(110, 215), r.randint(45, 125), r.randint(0, 70)), light(190))
        return Ink((r.randint(10, 70), r.randint(5, 60), r.randint(120, 215)), light(190))

    def _coloured(self, mask: np.ndarray, ink: Ink) -> np.ndarray:
        steps = np.arange(256, dtype=np.float32)[:, None] / 255
        table = np.array(ink.ground) * (1 - steps) + np.array(ink.text) * steps
        table = table.astype(np.uint8).reshape(256, 1, 3)
        return cv2.LUT(cv2.merge([mask, mask, mask]), table)

    def _worn(self, picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
        r = self.r
        h, w = mask.shape
        if r.random() < 0.35:  # pressed letters catch the light on one side
            shift = np.roll(mask, (r.choice([-2, -1, 1, 2]), r.choice([-2, -1, 0, 1, 2])), (0, 1))
            edge = cv2.subtract(shift, mask)
            amount = r.uniform(-0.45, 0.45)
            picture = _lit(picture, edge, amount)
        for _ in range(r.choice([0, 0, 0, 1, 2, 2, 4])):  # screws and rivets
            y = r.choice([r.uniform(0, 0.15), r.uniform(0.4, 0.6), r.uniform(0.85, 1.0)]) * h
            x = r.choice([r.uniform(0.02, 0.2), r.uniform(0.3, 0.7), r.uniform(0.8, 0.98)]) * w
            grey = r.randint(20, 235)
            cv2.circle(
                picture,
                (int(x), int(y)),
                max(1, int(h * r.uniform(0.02, 0.05))),
                (grey, grey, grey),
                -1,
                cv2.LINE_AA,
            )
        if r.random() < 0.3:  # a seal or sticker
            c = tuple(r.randint(60, 240) for _ in range(3))
            at = (int(r.uniform(0.35, 0.65) * w), int(r.uniform(0.05, 0.5) * h))
            cv2.circle(
                picture,
                at,
                max(2, int(h * r.uniform(0.03, 0.07))),
                c,
                r.choice([-1, 1, 2]),
                cv2.LINE_AA,
            )
        if r.random() < 0.35:  # dirt
            field = self.texture((h, w))
            level = r.randint(110, 220)
            amount = cv2.LUT(
                field,
                np.clip(
                    (np.arange(256) - level) * r.uniform(1.0, 6.0), 0, 255 * r.uniform(0.2, 0.85)
                ).astype(np.uint8),
            )
            share = amount[:, :, None].astype(np.float32) / 255
            colour = np.array(
                [r.randint(20, 110), r.randint(30, 130), r.randint(40, 150)], np.float32
            )
            picture = (picture * (1 - share) + colour * share).astype(np.uint8)
        if r.random() < 0.12:  # scratches
            for _ in range(r.randint(1, 5)):
                p = (r.randrange(w), r.randrange(h))
                q = (p[0] + r.randint(-w // 3, w // 3), p[1] + r.randint(-h // 3, h // 3))
                grey = r.randint(60, 230)
                cv2.line(picture, p, q, (grey, grey, grey), 1, cv2.LINE_AA)
        return picture


def _lit(picture: np.ndarray, edge: np.ndarray, amount: float) -> np.ndarray:
    change = edge[:, :, None].astype(np.float32) * amount
    return np.clip(picture + change, 0, 255).astype(np.uint8)
