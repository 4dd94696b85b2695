#![allow(warnings)]
use models::*; use models::preprocess::*; use domain::*;
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer, images::{Image, ImageRef}, CpuExtensions};
fn best(n: usize, mut f: impl FnMut()) -> f64 { let mut b = f64::MAX; for _ in 0..n { let t = std::time::Instant::now(); f(); b = b.min(t.elapsed().as_secs_f64()); } b * 1e3 }
fn main() {
    let px = Pixels { width: 1280, height: 720, rgb: (0..1280*720*3).map(|i| ((i/7)%251) as u8).collect() };
    let src = ImageRef::new(1280,720,&px.rgb,PixelType::U8x3).unwrap();
    let mut dst = Image::new(416,416,PixelType::U8x3);
    for (name, alg) in [("interp", ResizeAlg::Interpolation(FilterType::Bilinear)), ("conv", ResizeAlg::Convolution(FilterType::Bilinear)), ("nearest", ResizeAlg::Nearest), ("ss", ResizeAlg::SuperSampling(FilterType::Bilinear, 2))] {
        let mut r = Resizer::new();
        println!("ext {:?}", r.cpu_extensions());
        let o = ResizeOptions::new().resize_alg(alg);
        println!("{name} reused {:.2}", best(50, || r.resize(&src, &mut dst, &o).unwrap()));
        println!("{name} new {:.2}", best(50, || Resizer::new().resize(&src, &mut dst, &o).unwrap()));
        let o = o.crop(0.,0.,1280.,720.);
        println!("{name} crop {:.2}", best(50, || r.resize(&src, &mut dst, &o).unwrap()));
    }
    let v: Vec<u8> = vec![0; 1280*720*3];
    println!("copy {:.2}", best(50, || { std::hint::black_box(px.rgb.clone()); }));
    use opencv::prelude::*;
    let m = opencv::core::Mat::new_rows_cols_with_bytes::<opencv::core::Vec3b>(720, 1280, &px.rgb).unwrap();
    opencv::core::set_num_threads(1);
    let mut out = opencv::core::Mat::default();
    println!("cv linear {:.2}", best(50, || opencv::imgproc::resize(&m, &mut out, opencv::core::Size::new(416,416), 0., 0., opencv::imgproc::INTER_LINEAR).unwrap()));
}
