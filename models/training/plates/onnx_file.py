"""ONNX files: made small, made of 8-bit numbers, and told of."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnxruntime import quantization as q


class Ranges(q.CalibrationDataReader):
    """Feeds pictures to the quantiser, one by one."""

    def __init__(self, name: str, pictures: np.ndarray) -> None:
        self.name = name
        self.left = iter(pictures)

    def get_next(self) -> dict[str, np.ndarray] | None:
        picture = next(self.left, None)
        return None if picture is None else {self.name: rgb(picture[None])}


def rgb(pictures: np.ndarray) -> np.ndarray:
    """Rows of blue, green, red to planes of red, green, blue."""
    return np.ascontiguousarray(pictures[:, :, :, ::-1].transpose(0, 3, 1, 2)).astype(np.float32)


def quantised(path: Path, name: str, pictures: np.ndarray) -> Path:
    """Writes the model with 8-bit convolutions beside it; `pictures` give the ranges."""
    small, prepared = path.with_suffix(".int8.onnx"), path.with_suffix(".prepared.onnx")
    q.quant_pre_process(str(path), str(prepared))
    q.quantize_static(
        str(prepared),
        str(small),
        Ranges(name, pictures),
        quant_format=q.QuantFormat.QDQ,
        per_channel=True,
        activation_type=q.QuantType.QUInt8,
        weight_type=q.QuantType.QInt8,
        op_types_to_quantize=["Conv"],
    )
    prepared.unlink()
    return small


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
