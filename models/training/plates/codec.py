"""What the stream of a camera leaves of a picture: coded by H.264 (ITU-T) and decoded again."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import av
import cv2
import numpy as np
from av.video.frame import PictureType

#: Quantisers of the streams: 0 leaves all, 51 next to nothing.
QUANTISERS = (22, 26, 30, 33, 36, 39)


class Stream:
    """A coder and its decoder for pictures of one size."""

    def __init__(self, width: int, height: int, quantiser: int) -> None:
        options = {"preset": "veryfast", "tune": "zerolatency", "qp": str(quantiser)}
        self.coder = av.CodecContext.create("libx264", "w")
        self.coder.width, self.coder.height = width, height
        self.coder.pix_fmt, self.coder.time_base = "yuv420p", Fraction(1, 25)
        self.coder.thread_count, self.coder.options = 1, options
        self.decoder = av.CodecContext.create("h264", "r")
        self.decoder.thread_count = 1
        self.n_frames = 0

    def passed(self, picture: np.ndarray, is_key: bool) -> np.ndarray:
        """The picture behind the stream: coded by itself, or as a change of the one before."""
        planes = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, frame.time_base = self.n_frames, self.coder.time_base
        frame.pict_type = PictureType.I if is_key else PictureType.P
        self.n_frames += 1
        found = [f for packet in self.coder.encode(frame) for f in self.decoder.decode(packet)]
        if len(found) != 1:
            raise RuntimeError(f"the decoder gave {len(found)} pictures for one")
        return cv2.cvtColor(found[0].to_ndarray(format="yuv420p"), cv2.COLOR_YUV2BGR_I420)


class Recorder:
    """Streams at some quantisers, for pictures up to one size."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width + width % 2, height + height % 2
        self.streams: dict[int, Stream] = {}

    def recorded(self, picture: np.ndarray, r: Random) -> np.ndarray:
        """The picture as a key frame, or as the frame after one of what moved a little."""
        h, w = picture.shape[:2]
        if self.height < h or self.width < w:
            return picture
        quantiser = r.choice(QUANTISERS)
        if quantiser not in self.streams:
            self.streams[quantiser] = Stream(self.width, self.height, quantiser)
        stream = self.streams[quantiser]
        edge = (0, self.height - h, 0, self.width - w, cv2.BORDER_REPLICATE)
        canvas = cv2.copyMakeBorder(picture, *edge)
        is_key = r.random() < 0.4
        if not is_key:
            dx, dy, k = r.gauss(0, 2.5), r.gauss(0, 1.5), r.uniform(0.98, 1.0)
            before = cv2.warpAffine(
                canvas,
                np.array([(k, 0, dx), (0, k, dy)], np.float32),
                (self.width, self.height),
                borderMode=cv2.BORDER_REPLICATE,
            )
            stream.passed(before, True)
        return stream.passed(canvas, is_key)[:h, :w]
