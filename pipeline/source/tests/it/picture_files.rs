//! Picture files that few programs write: each is converted rightly or refused with its name.

use image::{ImageBuffer, Luma, LumaA, Rgb, Rgba};
use source::read_picture;
use std::{fs, path::Path};

/// Blocks of 8 x 8 pixels in a row, each of one colour, as a baseline JPEG with four components:
/// cyan, magenta, yellow and black in shares of 255, stored upside down as Adobe's programs do.
fn cmyk_jpeg(blocks: &[[u8; 4]]) -> Vec<u8> {
    let width = 8 * blocks.len() as u16;
    let mut file = vec![0xff, 0xd8];
    let mut segment = |marker: u8, data: &[u8]| {
        file.extend([0xff, marker]);
        file.extend((data.len() as u16 + 2).to_be_bytes());
        file.extend(data);
    };
    segment(0xee, b"Adobe\0\x64\0\0\0\0\0");
    // Every coefficient is stored as it is, but the mean, of which an eighth is.
    let mut quantiser = [1; 65];
    quantiser[0] = 0;
    quantiser[1] = 8;
    segment(0xdb, &quantiser);
    let [high, low] = width.to_be_bytes();
    let mut frame = vec![8, 0, 8, high, low, 4];
    (1..=4).for_each(|id| frame.extend([id, 0x11, 0]));
    segment(0xc0, &frame);
    // Twelve sizes of differences, four bits each; of the other coefficients only "no more".
    let mut sizes = [0u8; 29];
    sizes[4] = 12;
    (0..12).for_each(|n| sizes[17 + n] = n as u8);
    segment(0xc4, &sizes);
    let mut ends = [0u8; 18];
    (ends[0], ends[1]) = (0x10, 1);
    segment(0xc4, &ends);
    let mut scan = vec![4];
    (1..=4).for_each(|id| scan.extend([id, 0]));
    scan.extend([0, 63, 0]);
    segment(0xda, &scan);
    file.extend(entropy(blocks));
    file.extend([0xff, 0xd9]);
    file
}

fn entropy(blocks: &[[u8; 4]]) -> Vec<u8> {
    let (mut bits, mut last) = (Vec::new(), [0i32; 4]);
    let mut push = |value: u32, n: u32| bits.extend((0..n).rev().map(|k| value >> k & 1));
    for block in blocks {
        for (component, share) in block.iter().enumerate() {
            let mean = 255 - i32::from(*share) - 128;
            let change = mean - last[component];
            last[component] = mean;
            let size = 32 - change.unsigned_abs().leading_zeros();
            let code = if change < 0 {
                change - 1 + (1 << size)
            } else {
                change
            };
            push(size, 4);
            push(code as u32, size);
            push(0, 1);
        }
    }
    while bits.len() % 8 != 0 {
        bits.push(1);
    }
    let byte = |bits: &[u32]| bits.iter().fold(0, |byte, bit| byte << 1 | *bit as u8);
    let bytes = bits.chunks(8).map(byte);
    let stuffed = |b| if b == 0xff { vec![b, 0] } else { vec![b] };
    bytes.flat_map(stuffed).collect()
}

fn colours(path: &Path, xs: &[u32]) -> Vec<[u8; 3]> {
    let picture = read_picture(path).unwrap();
    xs.iter().map(|x| picture.get_pixel(*x, 2).0).collect()
}

#[test]
fn a_cmyk_jpeg_has_its_colours() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.jpg");
    let blocks = [
        [0, 0, 0, 0],
        [255, 0, 0, 0],
        [0, 255, 255, 0],
        [0, 0, 0, 255],
        [0, 0, 255, 128],
    ];
    fs::write(&path, cmyk_jpeg(&blocks)).unwrap();
    let found = colours(&path, &[3, 11, 19, 27, 35]);
    let expect = [
        [255, 255, 255],
        [0, 255, 255],
        [255, 0, 0],
        [0, 0, 0],
        [127, 127, 0],
    ];
    for (found, expect) in found.iter().zip(expect) {
        let is_near = found.iter().zip(expect).all(|(a, b)| a.abs_diff(b) < 6);
        assert!(is_near, "{found:?} {expect:?}");
    }
}

#[test]
fn sixteen_bits_grey_and_transparency_become_colours_of_eight_bits() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.png");
    let deep = ImageBuffer::from_pixel(8, 4, Rgb([0xffffu16, 0x8080, 0x00ff]));
    deep.save(&path).unwrap();
    let [[red, green, blue]] = colours(&path, &[7])[..] else {
        panic!("one pixel was asked for");
    };
    assert_eq!((red, green), (255, 128));
    assert!(blue <= 1, "rounded");
    ImageBuffer::from_pixel(3, 3, Luma([0x4040u16]))
        .save(&path)
        .unwrap();
    assert_eq!(colours(&path, &[1]), [[64; 3]]);
    ImageBuffer::from_pixel(3, 3, LumaA([77u8, 0]))
        .save(&path)
        .unwrap();
    assert_eq!(colours(&path, &[1]), [[77; 3]]);
    let see_through = ImageBuffer::from_pixel(3, 3, Rgba([0x1010u16, 0x2020, 0x3030, 0]));
    see_through.save(&path).unwrap();
    assert_eq!(colours(&path, &[1]), [[16, 32, 48]]);
}

/// Width and height of a PNG stand in its bytes 16 to 24, with a checksum after them.
fn png_of_size(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    file.extend(&header);
    let crc = header.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    });
    file.extend((!crc).to_be_bytes());
    file
}

#[test]
fn what_is_no_picture_is_refused_with_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.jpg");
    assert!(read_picture(&path).unwrap_err().contains("a.jpg: "));
    let whole = cmyk_jpeg(&[[9, 9, 9, 9]; 40]);
    for bytes in [
        &[][..],
        b"text",
        b"\xff\xd8\xff\xe0 and no more",
        &whole[..60],
        &png_of_size(0, 0),
        &png_of_size(0, 9),
        &png_of_size(u32::MAX, 1),
        &png_of_size(100_000, 100_000),
    ] {
        fs::write(&path, bytes).unwrap();
        let error = read_picture(&path).unwrap_err();
        assert!(
            error.contains("a.jpg: ") && !error.contains('\n'),
            "{error}"
        );
    }
}

#[test]
fn a_picture_of_8k_is_read_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.png");
    ImageBuffer::from_pixel(7680, 4320, Luma([50u8]))
        .save(&path)
        .unwrap();
    assert_eq!(read_picture(&path).unwrap().dimensions(), (7680, 4320));
}
