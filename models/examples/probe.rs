#![allow(warnings)]
use models::*;
use domain::*;
use std::sync::Arc;
fn frame(p: &std::path::Path) -> Frame {
    let rgb = image::open(p).unwrap().to_rgb8();
    Frame { camera: "t".parse().unwrap(), seq: 0, captured_at: Timestamp::EPOCH, width: rgb.width(), height: rgb.height(), rgb: rgb.into_raw().into() }
}
fn main() {
    let rt = Runtime::start(&RuntimeSearch{root: Some(".".into()), ..Default::default()}).unwrap();
    let store = Store::new("third_party/models".as_ref(), Catalog::built_in());
    let args: Vec<String> = std::env::args().collect();
    if args[1] == "objects" {
        for id in ["picodet-s-416","nanodet-m-416","nanodet-2022nov","yolox-nano","centernet-512"] {
            let mut a = Analyzers::with_models(&rt, &store, &[id]).unwrap().analyzer().unwrap();
            for p in &args[2..] {
                let f = frame(p.as_ref());
                let t = std::time::Instant::now();
                let d = a.detect_objects(&f).unwrap();
                for x in &d { println!("BOX {id} {p} {:?} {:.2} {:.0} {:.0} {:.0} {:.0}", x.class, x.score, x.bounds.x_min, x.bounds.y_min, x.bounds.x_max, x.bounds.y_max); }
                eprintln!("{id} {p} {} {:?}", d.len(), t.elapsed());
            }
        }
    }
    if args[1] == "plates" {
        // file gt.tsv: file, text at last column
        let dir = std::path::Path::new(&args[2]);
        let step: usize = args[3].parse().unwrap();
        let ids: Vec<&str> = std::iter::once("plate-yolov9-t-416").chain(args[4..].iter().map(|s| s.as_str())).collect();
        let mut a = Analyzers::with_models(&rt, &store, &ids).unwrap().analyzer().unwrap();
        let text = std::fs::read_to_string(dir.join("gt.tsv")).unwrap();
        let (mut n, mut det, mut exact, mut rows2, mut fit, mut agree) = (0,0,0,0,0,0);
        let mut colours = std::collections::BTreeMap::new();
        for line in text.lines().skip(1).step_by(step) {
            let c: Vec<&str> = line.split('\t').collect();
            let f = frame(&dir.join(c[0]));
            let all = BoxInImage::new(0.,0.,f.width as f32,f.height as f32);
            let d = a.detect_plates_thoroughly(&f, all).unwrap();
            n += 1;
            let Some(best) = d.first() else { println!("MISS"); continue };
            det += 1;
            let Some(r) = a.read_plate(&f, best).unwrap() else { continue };
            let t: String = r.rows.iter().map(|r| r.text()).collect();
            let truth: String = c.last().unwrap().chars().filter(|c| c.is_alphanumeric()).collect();
            if t == truth { exact += 1 }
            rows2 += (r.rows.len() == 2) as i32;
            fit += r.plate().is_some_and(|p| !p.classes().is_empty()) as i32;
            *colours.entry(format!("{:?}", r.colour)).or_insert(0) += 1;
            if t != truth && true { println!("{t} {truth} {:.2}", r.score()); }
            *colours.entry(format!("aspect {:.0}", best.bounds.width()/best.bounds.height()*2.)).or_insert(0) += 1;
        }
        println!("{ids:?} n {n} det {det} exact {exact} = {:.4} two-rows {rows2} fit {fit} {colours:?}", exact as f32 / n as f32);
    }
}
