#!/usr/bin/env python3
"""Reads text lines with PP-OCR for `make bench-plates PP_OCR=1`.

Its model and pre-processing are those of the PyPI package rapidocr-onnxruntime (Apache-2.0), on one
thread, as the package runs them. Takes on its standard input the number of lines, then for each
width and height (all 32 bits, little end first) and the pixels, BGR; answers with one line of JSON:
for each line its characters with their scores, and the milliseconds that reading took.
"""

import json
import pathlib
import struct
import sys
import time

import numpy as np
import rapidocr_onnxruntime
from rapidocr_onnxruntime.ch_ppocr_rec import TextRecognizer

LINES_MAX = 1000
SIDE_MAX = 16_384


def recognizer():
    models = pathlib.Path(rapidocr_onnxruntime.__file__).parent / "models"
    return TextRecognizer({
        "model_path": str(models / "ch_PP-OCRv4_rec_infer.onnx"),
        "rec_img_shape": [3, 48, 320],
        "rec_batch_num": 6,
        "intra_op_num_threads": 1,
        "inter_op_num_threads": 1,
    })


def numbers(stream, n):
    data = stream.read(4 * n)
    return struct.unpack(f"<{n}I", data) if len(data) == 4 * n else None


def picture(stream):
    width, height = numbers(stream, 2) or sys.exit("a line is cut short")
    if not (1 <= width <= SIDE_MAX and 1 <= height <= SIDE_MAX):
        sys.exit(f"a line of {width} x {height} pixels")
    data = stream.read(3 * width * height)
    return np.frombuffer(data, np.uint8).reshape(height, width, 3)


def characters(names, probabilities):
    """The most likely path: what is repeated counts once, with its best score; blanks part."""
    found, last = [], 0
    for best, score in zip(probabilities.argmax(axis=1), probabilities.max(axis=1)):
        if best != 0:
            if best == last:
                found[-1][1] = max(found[-1][1], float(score))
            else:
                found.append([names[best], float(score)])
        last = best
    return found


def read(reader, lines):
    results = []
    for first in range(0, len(lines), reader.rec_batch_num):
        batch = lines[first:first + reader.rec_batch_num]
        channels, height, width = reader.rec_image_shape
        ratio = max([width / height] + [line.shape[1] / line.shape[0] for line in batch])
        pictures = np.stack([reader.resize_norm_img(line, ratio) for line in batch])
        scores = reader.session(pictures.astype(np.float32))[0]
        results += [characters(reader.postprocess_op.character, one) for one in scores]
    return results


def main():
    reader = recognizer()
    read(reader, [np.full((48, 320, 3), 128, np.uint8)])
    source, answers = sys.stdin.buffer, sys.stdout
    while (head := numbers(source, 1)) is not None:
        if head[0] > LINES_MAX:
            sys.exit(f"{head[0]} lines at once")
        lines = [picture(source) for _ in range(head[0])]
        start = time.perf_counter()
        found = read(reader, lines)
        took_ms = (time.perf_counter() - start) * 1000.0
        answers.write(json.dumps({"ms": took_ms, "lines": found}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
