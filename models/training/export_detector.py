#!/usr/bin/env python3
"""Writes a trained detector as ONNX: scores and corners out, calibration inside, 32-bit and 8-bit.

    python export_detector.py runs/detector/state.pt --out plate-detector.onnx

The scores are fitted on generated scenes that training never saw, so that of the plates that are
found with 0.9 nine of ten are plates there; the picture of that stands beside the model.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from plates.detector import HEIGHT, WIDTH, Detector, decode
from plates.finding import box_of, found_of, iou
from plates.onnx_file import quantised, shrink, tell
from plates.reliability import reliability
from plates.scenery import Scenery

#: Scenes for the calibration, and for the ranges of 8-bit numbers.
N_CALIBRATION, N_RANGES = 3000, 300

#: The least score that calibration looks at: what is below is never used.
SCORE_MIN = 0.02


class Told(torch.nn.Module):
    """The detector as the product calls it: red, green, blue in, calibrated scores out."""

    def __init__(self, detector: Detector, fit: tuple[float, float]) -> None:
        super().__init__()
        self.detector, self.fit = detector, fit
        with torch.no_grad():
            first = detector.first[0][0]
            first.weight.copy_(first.weight.flip(1))

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        scores, corners = decode(self.detector(pictures))
        scale, shift = self.fit
        logits = torch.log(scores.clamp(1e-6, 1 - 1e-6) / (1 - scores.clamp(1e-6, 1 - 1e-6)))
        return torch.sigmoid(logits * scale + shift), corners


def told_and_right(net: Detector, seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The score of each plate that is found in fresh scenes, and whether it is one (IoU 0.5)."""
    scenery = Scenery(seed)
    told, right = [], []
    for _ in range(n):
        scene = scenery.scene()
        boxes, hit = [box_of(quad) for quad in scene.quads], set()
        for score, corners in found_of(net, scene.picture, SCORE_MIN):
            overlaps = [iou(box_of(corners), box) for box in boxes]
            best = int(np.argmax(overlaps)) if overlaps else -1
            is_hit = 0 <= best and 0.5 <= overlaps[best] and best not in hit
            if is_hit and not scene.is_clear[best]:
                continue
            told.append(score)
            right.append(is_hit)
            if is_hit:
                hit.add(best)
    return np.array(told), np.array(right)


def fit_of(told: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """Scale and shift of the logits with which what is told surprises least (Platt, 1999)."""
    logits = torch.logit(torch.tensor(told, dtype=torch.float64).clamp(1e-6, 1 - 1e-6))
    truth = torch.tensor(right, dtype=torch.float64)
    fit = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([fit], max_iter=100)

    def surprise() -> torch.Tensor:
        optimiser.zero_grad()
        loss = F.binary_cross_entropy_with_logits(logits * fit[0] + fit[1], truth)
        loss.backward()
        return loss

    optimiser.step(surprise)
    scale, shift = fit.detach().tolist()
    return scale, shift


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("state", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument(
        "--size", type=int, nargs=2, default=(WIDTH, HEIGHT), help="width and height of the input"
    )
    parser.add_argument(
        "--int8", action="store_true", help="write the 8-bit model too, beside it"
    )
    args = parser.parse_args()
    net = Detector(args.width)
    net.load_state_dict(torch.load(args.state, weights_only=False)["mean"])
    net.eval()
    told, right = told_and_right(net, 424_242, N_CALIBRATION)
    scale, shift = fit_of(told, right)
    fitted = 1 / (1 + np.exp(-(np.log(told / (1 - told)) * scale + shift)))
    print(f"calibration: scale {scale:.3f}, shift {shift:.3f}")
    for mean, share, n in reliability(fitted, right, args.out.with_suffix(".reliability.svg")):
        print(f"  told {mean:.4f}  right {share:.4f}  n {n}")
    width, height = args.size
    torch.onnx.export(
        Told(net, (scale, shift)).eval(),
        (torch.zeros(1, 3, height, width),),
        str(args.out),
        input_names=["picture"],
        output_names=["scores", "corners"],
        opset_version=17,
        dynamo=False,
    )
    shrink(args.out)
    if args.int8:
        scenery = Scenery(777)
        tell(quantised(args.out, "picture", pictures_of(scenery, (width, height))))
    tell(args.out)


def pictures_of(scenery: Scenery, size: tuple[int, int]) -> np.ndarray:
    """Fresh scenes beside and below each other, as large as the input."""
    width, height = size
    pictures = []
    for _ in range(N_RANGES):
        picture = scenery.scene().picture
        h, w = picture.shape[:2]
        rows = [
            np.hstack([scenery.scene().picture for _ in range(-(-width // w))])
            for _ in range(-(-height // h))
        ]
        pictures.append(np.vstack(rows)[:height, :width])
    return np.stack(pictures)


if __name__ == "__main__":
    main()
