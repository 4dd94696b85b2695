#!/usr/bin/env python3
"""Draws sheets of what training sees: characters, plates, views, scenes. Open them and judge.

python look.py --out look [--seed 1]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from random import Random

import cv2
import numpy as np

from plates import backgrounds, glyphs
from plates.draw import Press
from plates.photo import Photographer
from plates.scenery import Scenery
from plates.texts import CHARSET, KINDS, random_text


def sheet(tiles: list[np.ndarray], across: int) -> np.ndarray:
    while len(tiles) % across:
        tiles.append(np.zeros_like(tiles[0]))
    return np.vstack([np.hstack(tiles[k : k + across]) for k in range(0, len(tiles), across)])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--backgrounds")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    grounds = backgrounds.load(args.backgrounds)
    rows = []
    for k in range(10):
        style = glyphs.Style.random(Random(args.seed + k))
        width, stroke = (28, 8) if k % 2 else (39, 10)
        drawn = [255 - glyphs.draw(c, style, width, 64, stroke) for c in glyphs.DRAWABLE]
        rows.append(
            np.hstack(
                [np.pad(g, ((4, 4), (3, 42 - g.shape[1])), constant_values=255) for g in drawn]
            )
        )
    cv2.imwrite(str(args.out / "characters.png"), np.vstack(rows))
    press = Press(args.seed)
    plates = [cv2.resize(press.draw(random_text(press.r))[0], (250, 140)) for _ in range(48)]
    cv2.imwrite(str(args.out / "plates.png"), sheet(plates, 6))
    photographer = Photographer(args.seed, grounds)
    views = []
    for _ in range(77):
        view = photographer.view()
        tile = cv2.resize(view.picture, (192, 96))
        text = "".join(CHARSET[c] for c in view.slots if 0 < c).replace("Đ", "D-")
        cv2.putText(
            tile,
            f"{KINDS[view.kind]} {text}",
            (2, 94),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.35,
            (0, 255, 0),
        )
        views.append(tile)
    cv2.imwrite(str(args.out / "views.png"), sheet(views, 7))
    scenery = Scenery(args.seed, grounds)
    scenes = []
    for _ in range(16):
        scene = scenery.scene()
        corners = [np.round(q).astype(int) for q in scene.quads[scene.is_clear]]
        cv2.polylines(scene.picture, corners, True, (0, 255, 0), 1)
        scenes.append(scene.picture)
    cv2.imwrite(str(args.out / "scenes.png"), sheet(scenes, 4))
    print(f"look at {args.out}/characters.png, plates.png, views.png and scenes.png")


if __name__ == "__main__":
    main()
