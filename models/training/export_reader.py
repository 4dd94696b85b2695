#!/usr/bin/env python3
"""Writes a trained reader as ONNX: probabilities out, temperature inside, 32-bit and 8-bit.

    python export_reader.py runs/reader/state.pt --out plate-reader.onnx

The temperature is fitted on generated views that training never saw, so that a character that is
told with 0.99 is right 99 times of 100 there; the picture of that stands beside the model.
"""

from __future__ import annotations

import argparse
import hashlib
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch.nn import functional as F

from plates.evaluation import characters
from plates.photo import HEIGHT, WIDTH, Photographer
from plates.reader import Reader
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


def reliability(
    probabilities: np.ndarray, right: np.ndarray, path: Path
) -> list[tuple[float, float, int]]:
    """Told against true, in bins that grow finer towards 1; drawn as an SVG picture."""
    edges = [0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0001]
    rows = []
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (low <= probabilities) & (probabilities < high)
        if inside.sum():
            rows.append(
                (
                    float(probabilities[inside].mean()),
                    float(right[inside].mean()),
                    int(inside.sum()),
                )
            )
    at = lambda told, true: f"{50 + 300 * told:.1f},{330 - 300 * true:.1f}"
    points = " ".join(at(told, true) for told, true, _ in rows)
    dots = "".join(
        '<circle cx="{}" cy="{}" r="3.5"/>'.format(*at(a, b).split(",")) for a, b, _ in rows
    )
    path.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 370 370" '
        'font-family="sans-serif" font-size="12">'
        '<rect width="370" height="370" fill="#fff"/>'
        '<path d="M50 330 L350 30" stroke="#999" stroke-dasharray="4"/>'
        f'<polyline points="{points}" fill="none" stroke="#1b6ac9" stroke-width="2"/>'
        f'<g fill="#1b6ac9">{dots}</g>'
        '<path d="M50 30 V330 H350" fill="none" stroke="#333"/>'
        '<text x="130" y="360">probability told</text>'
        '<text x="-240" y="20" transform="rotate(-90)">share that is right</text></svg>\n'
    )
    return rows


class Ranges(
    onnxruntime.quantization.CalibrationDataReader
    if hasattr(onnxruntime, "quantization")
    else object
):
    """Feeds views to the quantiser."""

    def __init__(self, pictures: np.ndarray) -> None:
        self.left = iter(pictures)

    def get_next(self):
        picture = next(self.left, None)
        return None if picture is None else {"plates": rgb(picture[None])}


def rgb(pictures: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(pictures[:, :, :, ::-1].transpose(0, 3, 1, 2)).astype(np.float32)


def main() -> None:
    from onnxruntime import quantization as q

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("state", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--width", type=int, default=32)
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
        small = args.out.with_suffix(".int8.onnx")
        prepared = args.out.with_suffix(".prepared.onnx")
        q.quant_pre_process(str(args.out), str(prepared))
        q.quantize_static(
            str(prepared),
            str(small),
            Ranges(views(777, N_RANGES)[0]),
            quant_format=q.QuantFormat.QDQ,
            per_channel=True,
            activation_type=q.QuantType.QUInt8,
            weight_type=q.QuantType.QInt8,
            op_types_to_quantize=["Conv"],
        )
        prepared.unlink()
        tell(small)
    tell(args.out)


def shrink(path: Path) -> None:
    """Folds what is constant, so that the file says only what is computed."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path) + ".folded"
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    folded = Path(options.optimized_model_filepath)
    onnx.checker.check_model(onnx.load(str(folded)))
    folded.replace(path)


def tell(path: Path) -> None:
    data = path.read_bytes()
    print(f"{path}: {len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
