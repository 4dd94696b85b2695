//! Pixels into the order and scale of numbers that a model was trained with.

use super::Pixels;
use crate::runtime::Tensor;

/// Which colour comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red, as OpenCV reads pictures.
    Bgr,
}

/// `(pixel - mean) / divisor`, each in the order of the channels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalise {
    /// Which colour comes first.
    pub channels: Channels,
    /// Taken away first.
    pub mean: [f32; 3],
    /// Divided by then.
    pub divisor: [f32; 3],
}

impl Normalise {
    /// Pixels as they are, 0 to 255.
    pub const fn raw(channels: Channels) -> Self {
        Self::new(channels, [0.0; 3], [1.0; 3])
    }

    /// 0 to 1.
    pub const fn unit(channels: Channels) -> Self {
        Self::new(channels, [0.0; 3], [255.0; 3])
    }

    /// Mean and divisor of one's own.
    pub const fn new(channels: Channels, mean: [f32; 3], divisor: [f32; 3]) -> Self {
        Self {
            channels,
            mean,
            divisor,
        }
    }

    /// The statistics of ImageNet, red first.
    pub const fn imagenet() -> Self {
        Self::new(
            Channels::Rgb,
            [123.675, 116.28, 103.53],
            [58.395, 57.12, 57.375],
        )
    }
}

/// Pictures of one size as N x 3 x height x width.
pub fn planar(pictures: &[Pixels], normalise: &Normalise) -> Tensor {
    let (width, height) = pictures.first().map_or((0, 0), |p| (p.width, p.height));
    let n_pixels = width as usize * height as usize;
    let mut data = vec![0.0; pictures.len() * 3 * n_pixels];
    let factor = normalise.divisor.map(|divisor| 1.0 / divisor);
    let [mean_0, mean_1, mean_2] = normalise.mean;
    let order = match normalise.channels {
        Channels::Rgb => [0, 1, 2],
        Channels::Bgr => [2, 1, 0],
    };
    for (picture, planes) in pictures.iter().zip(data.chunks_exact_mut(3 * n_pixels)) {
        let (plane_0, rest) = planes.split_at_mut(n_pixels);
        let (plane_1, plane_2) = rest.split_at_mut(n_pixels);
        let planes = plane_0.iter_mut().zip(plane_1).zip(plane_2);
        for (((v0, v1), v2), pixel) in planes.zip(picture.rgb.chunks_exact(3)) {
            *v0 = (f32::from(pixel[order[0]]) - mean_0) * factor[0];
            *v1 = (f32::from(pixel[order[1]]) - mean_1) * factor[1];
            *v2 = (f32::from(pixel[order[2]]) - mean_2) * factor[2];
        }
    }
    Tensor::F32 {
        shape: vec![pictures.len(), 3, height as usize, width as usize],
        data,
    }
}

/// Pictures of one size as N x height x width x 3, bytes as they are.
pub fn stacked(pictures: &[Pixels]) -> Tensor {
    let (width, height) = pictures.first().map_or((0, 0), |p| (p.width, p.height));
    let mut data = Vec::new();
    for picture in pictures {
        data.extend_from_slice(&picture.rgb);
    }
    Tensor::U8 {
        shape: vec![pictures.len(), height as usize, width as usize, 3],
        data,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_pixels() -> Pixels {
        Pixels {
            width: 2,
            height: 1,
            rgb: vec![10, 20, 30, 40, 50, 60],
        }
    }

    #[test]
    fn planes_in_the_asked_order() {
        let rgb = planar(&[two_pixels()], &Normalise::raw(Channels::Rgb));
        let expect = Tensor::F32 {
            shape: vec![1, 3, 1, 2],
            data: vec![10., 40., 20., 50., 30., 60.],
        };
        assert_eq!(rgb, expect);
        let bgr = planar(
            &[two_pixels(), two_pixels()],
            &Normalise::raw(Channels::Bgr),
        );
        let one = [30., 60., 20., 50., 10., 40.];
        let expect = Tensor::F32 {
            shape: vec![2, 3, 1, 2],
            data: [one, one].concat(),
        };
        assert_eq!(bgr, expect);
    }

    #[test]
    fn mean_and_divisor_go_with_the_channel() {
        let normalise = Normalise::new(Channels::Bgr, [30., 20., 10.], [1., 2., 4.]);
        let Tensor::F32 { data, .. } = planar(&[two_pixels()], &normalise) else {
            panic!("planes are numbers");
        };
        assert_eq!(data, [0., 30., 0., 15., 0., 7.5]);
    }

    #[test]
    fn nothing_gives_an_empty_tensor() {
        let empty = Tensor::U8 {
            shape: vec![0, 0, 0, 3],
            data: vec![],
        };
        assert_eq!(stacked(&[]), empty);
    }
}
