#!/usr/bin/env python3
"""Writes a trained reader as ONNX: probabilities out, temperature inside, 32-bit and 8-bit.

    python export_reader.py runs/reader/state.pt --out plate-reader.onnx

The temperature is fitted on generated views that training never saw, so that a character that is
told with 0.99 is right 99 times of 100 there; the picture of that stands beside the model.
"""

from __future__ import annotations

import argparse
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from plates.evaluation import characters
from plates.onnx_file import quantised, shrink, tell
from plates.cutout import HEIGHT, WIDTH
from plates.photo import Photographer
from plates.reader import Reader
from plates.reliability import reliability
from plates.texts import CHARSET, SLOTS, SLOTS_FIRST

#: Views for the temperature, and for the ranges of 8-bit numbers.
N_CALIBRATION, N_RANGES = 6000, 400


class Told(torch.nn.Module):
    """The reader as the product calls it: red, green, blue in, probabilities out."""

    def __init__(self, reader: Reader, temperature: tuple[float, float]) -> None:
        super().__init__()
        self.reader, self.temperature = reader, temperature
        with torch.no_grad():
            first = reader.features[0][0]
            first.weight.copy_(first.weight.flip(1))

    def forward(self, plates: torch.Tensor) -> tuple[torch.Tensor, ...]:
        first, last, kind, colour = self.reader(plates)
        t_chars, t_kind = self.temperature
        rows = (first / t_chars).softmax(-1), (last / t_chars).softmax(-1)
        return *rows, (kind / t_kind).softmax(-1), colour.softmax(-1)


def views(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Views as training has them, in blue, green, red, and their labels."""
    photographer = Photographer(seed)
    pictures = np.empty((n, HEIGHT, WIDTH, 3), np.uint8)
    labels = np.empty((n, SLOTS + 2), np.int64)
    for k in range(n):
        view = photographer.view()
        pictures[k] = view.picture
        labels[k] = [*view.slots, view.kind, view.colour]
    return pictures, labels


@torch.no_grad()
def logits(net: Reader, pictures: np.ndarray) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    found: list[list[torch.Tensor]] = [[], [], []]
    for k in range(0, len(pictures), 128):
        x = torch.from_numpy(pictures[k : k + 128]).permute(0, 3, 1, 2).float()
        for outputs, one in zip(found, net(x)[:3]):
            outputs.append(one)
    return tuple(torch.cat(outputs) for outputs in found)


def told_and_right(
    rows: list[torch.Tensor], labels: np.ndarray, t: float
) -> tuple[np.ndarray, np.ndarray]:
    """What is told of each character that is read, and whether it is one that stands there."""
    told, right = [], []
    parts = [labels[:, :SLOTS_FIRST], labels[:, SLOTS_FIRST:SLOTS]]
    for row, part in zip(rows, parts):
        for probabilities, wanted in zip((row / t).softmax(-1).numpy(), part):
            read, scores = characters(probabilities)
            truth = "".join(CHARSET[k] for k in wanted if 0 < k)
            same = SequenceMatcher(None, read, truth, autojunk=False).get_matching_blocks()
            fits = np.zeros(len(read), bool)
            for block in same:
                fits[block.a : block.a + block.size] = True
            told += scores
            right += fits.tolist()
    return np.array(told), np.array(right)


def temperature_of_characters(rows: list[torch.Tensor], labels: np.ndarray) -> float:
    """The divisor of the logits with which what is told surprises least."""

    def surprise(t: float) -> float:
        told, right = told_and_right(rows, labels, t)
        told = np.clip(told, 1e-6, 1 - 1e-6)
        return float(-np.where(right, np.log(told), np.log(1 - told)).mean())

    return min(np.exp(np.linspace(np.log(0.6), np.log(3.0), 25)), key=surprise)


def temperature_of_kinds(outputs: torch.Tensor, truth: torch.Tensor) -> float:
    grid = torch.exp(torch.linspace(np.log(0.5), np.log(4.0), 61))
    return float(min(grid, key=lambda t: float(F.cross_entropy(outputs / t, truth))))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("state", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--width", type=int, default=48)
    parser.add_argument(
        "--int8", action="store_true", help="write the 8-bit model too, beside it"
    )
    args = parser.parse_args()
    net = Reader(args.width)
    net.load_state_dict(torch.load(args.state, weights_only=False)["mean"])
    net.eval()
    pictures, labels = views(424_242, N_CALIBRATION)
    first, last, kinds = logits(net, pictures)
    is_plate = labels[:, SLOTS] < 2
    rows, seen = [first[is_plate], last[is_plate]], labels[is_plate]
    t_chars = float(temperature_of_characters(rows, seen))
    t_kind = temperature_of_kinds(kinds, torch.from_numpy(labels[:, SLOTS]))
    bins = reliability(
        *told_and_right(rows, seen, t_chars), args.out.with_suffix(".reliability.svg")
    )
    print(f"temperature: characters {t_chars:.3f}, kind {t_kind:.3f}")
    for mean, right, n in bins:
        print(f"  told {mean:.4f}  right {right:.4f}  n {n}")
    model = Told(net, (t_chars, t_kind)).eval()
    torch.onnx.export(
        model,
        (torch.zeros(1, 3, HEIGHT, WIDTH),),
        str(args.out),
        input_names=["plates"],
        output_names=["first", "last", "kind", "colour"],
        dynamic_axes={name: {0: "n"} for name in ("plates", "first", "last", "kind", "colour")},
        opset_version=17,
        dynamo=False,
    )
    shrink(args.out)
    if args.int8:
        tell(quantised(args.out, "plates", views(777, N_RANGES)[0]))
    tell(args.out)


if __name__ == "__main__":
    main()
