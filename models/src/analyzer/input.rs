//! How each decoder wants its picture.

use crate::{
    catalog::Decoder,
    preprocess::{
        Channels, Fit, Letterbox, Normalise, Picture, Pixels, Place, letterbox, planar, stretch,
    },
    runtime::Tensor,
};
use domain::BoxInImage;

/// NanoDet's own statistics, blue first.
const NANODET: Normalise = Normalise::new(
    Channels::Bgr,
    [103.53, 116.28, 123.675],
    [57.375, 57.12, 58.395],
);
const ULTRAFACE: Normalise = Normalise::new(Channels::Rgb, [127.0; 3], [128.0; 3]);
const BLAZEFACE: Normalise = Normalise::new(Channels::Rgb, [127.5; 3], [127.5; 3]);
const DLIB: Normalise = Normalise::new(Channels::Rgb, [122.782, 117.001, 104.298], [256.0; 3]);
const YOLO_GREY: [u8; 3] = [114; 3];

/// The scale of numbers that a decoder's models were trained with.
pub(super) fn normalise(decoder: Decoder) -> Normalise {
    match decoder {
        Decoder::Nanodet => NANODET,
        Decoder::Picodet | Decoder::Mobilefacenet => Normalise::imagenet(),
        Decoder::Yolox | Decoder::Yunet | Decoder::Minifasnet => Normalise::raw(Channels::Bgr),
        Decoder::Centernet | Decoder::Slots | Decoder::PlateCorners | Decoder::PlateRows => {
            Normalise::raw(Channels::Rgb)
        }
        Decoder::Yolov9End2end | Decoder::FaceCrop => Normalise::unit(Channels::Rgb),
        Decoder::Ultraface => ULTRAFACE,
        Decoder::Blazeface => BLAZEFACE,
        Decoder::DlibResnet => DLIB,
    }
}

/// The input of a detector and how to come back from it; `shrink` below 1 shows the region smaller.
pub(super) fn detector_input(
    decoder: Decoder,
    picture: Picture<'_>,
    region: BoxInImage,
    (size, shrink): ([u32; 2], f32),
) -> (Tensor, Fit) {
    let boxed = |fill, place| {
        letterbox(
            picture,
            region,
            &Letterbox {
                size,
                fill,
                place,
                shrink,
            },
        )
    };
    let (pixels, fit): (Pixels, Fit) = match decoder {
        Decoder::Yolox | Decoder::PlateCorners => boxed(YOLO_GREY, Place::TopLeft),
        Decoder::Yolov9End2end => boxed(YOLO_GREY, Place::Centre),
        Decoder::Nanodet => boxed([0; 3], Place::Centre),
        Decoder::Yunet | Decoder::Blazeface => boxed([0; 3], Place::TopLeft),
        _ => stretch(picture, region, size),
    };
    (planar(&[pixels], &normalise(decoder)), fit)
}
