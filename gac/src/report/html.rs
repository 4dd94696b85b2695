//! The report as a page that needs nothing beside it but its pictures.

use super::{CameraReport, Quantiles, Report};

const STYLE: &str = include_str!("report.css");

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// `2026-01-05T03:00:00.000001Z` as people write it.
fn moment(rfc3339: &str) -> String {
    let second = rfc3339.split('.').next().unwrap_or(rfc3339);
    format!("{} UTC", second.trim_end_matches('Z').replace('T', " "))
}

/// The whole page.
pub(super) fn page(report: &Report) -> String {
    let (tone, word) = if report.passed {
        ("good", "passed")
    } else {
        ("bad", "not passed")
    };
    let failures: String = report
        .failures
        .iter()
        .map(|line| format!("<li>{}</li>", escape(line)))
        .collect();
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>Gác demo report</title><style>{STYLE}</style>\
         <h1>Gác demo <span class=\"verdict {tone}\">{word}</span></h1>\
         <p class=\"note\">{at}</p><ul class=\"bad\">{failures}</ul>\
         <h2>Cameras</h2><div class=\"scroll\">{cameras}</div>\
         {counts}<h2>Latency</h2>{latency}\
         <h2>Asked for, and done</h2><div class=\"scroll\">{expectations}</div>\
         <h2>Pictures</h2><div class=\"pictures\">{pictures}</div>\
         <h2>Machine and models</h2>{facts}</html>",
        at = escape(&moment(&report.generated_at)),
        cameras = cameras(report),
        counts = counts(report),
        latency = latency(report),
        expectations = expectations(report),
        pictures = pictures(report),
        facts = facts(report),
    )
}

fn cameras(report: &Report) -> String {
    let share = |value: Option<f64>| value.map_or("–".to_owned(), |v| format!("{v:.3}"));
    let row = |c: &CameraReport| {
        if c.status == "skipped" {
            return format!(
                "<tr><td>{}</td><td class=\"text\" colspan=\"13\">skipped: {}</td></tr>",
                escape(&c.id),
                escape(&c.note)
            );
        }
        format!(
            "<tr><td>{}<br><span class=\"note\">{}</span></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>\
             <td>{:.1}</td><td>{:.1}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>\
             <td>{}</td><td>{}</td></tr>",
            escape(&c.id),
            escape(&c.note),
            c.frames,
            c.idle,
            c.analysed,
            c.dropped,
            c.fps,
            c.cpu_s,
            c.detections,
            c.tracks,
            c.sightings,
            c.verdicts,
            c.candidates,
            share(c.precision),
            share(c.recall)
        )
    };
    let rows: String = report.cameras.iter().map(row).collect();
    format!(
        "<table><tr><th>camera</th><th>frames</th><th>not decoded</th><th>analysed</th><th>dropped</th><th>fps</th>\
         <th>CPU s</th><th>detections</th><th>tracks</th><th>sightings</th><th>verdicts</th>\
         <th>candidates</th><th>precision</th><th>recall</th></tr>{rows}</table>"
    )
}

/// Who crossed a line, and which crossings of a stop line made no candidate and why.
fn counts(report: &Report) -> String {
    let row = |camera: &CameraReport, what: &str, n: u64| {
        format!(
            "<tr><td>{}</td><td class=\"text\">{}</td><td>{n}</td></tr>",
            escape(&camera.id),
            escape(what)
        )
    };
    let table = |title: &str, rows: String| {
        if rows.is_empty() {
            return rows;
        }
        format!(
            "<section><h2>{title}</h2><table><tr><th>camera</th><th class=\"text\">what</th>\
             <th>number</th></tr>{rows}</table></section>"
        )
    };
    let (mut crossed, mut lawful) = (String::new(), String::new());
    for camera in &report.cameras {
        for (what, n) in camera.counts.iter().filter(|(_, n)| 0 < **n) {
            crossed += &row(camera, what, *n);
        }
        for (why, n) in &camera.refusals {
            lawful += &row(camera, why, *n);
        }
    }
    format!(
        "<div class=\"pair\">{}{}</div>",
        table("Counted across lines", crossed),
        table("Crossings without a candidate", lawful)
    )
}

/// Bars from the median to the 99th percentile on one scale, with the numbers beside them.
fn latency(report: &Report) -> String {
    let longest = report
        .latency_ms
        .values()
        .map(|q| q.max)
        .fold(1.0, f64::max);
    let row = |(name, q): (&String, &Quantiles)| {
        let x = |ms: f64| 100.0 * ms / longest;
        format!(
            "<tr><td>{}</td><td class=\"text\"><svg viewBox=\"0 0 100 6\" width=\"100%\" \
             height=\"22\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"p50 {:.0} ms, \
             p99 {:.0} ms\"><rect x=\"0\" y=\"2\" width=\"{:.2}\" height=\"2\" \
             fill=\"var(--line)\"/><rect x=\"{:.2}\" y=\"1\" width=\"{:.2}\" height=\"4\" \
             fill=\"var(--bar)\"/></svg></td>\
             <td>{}</td><td>{:.0}</td><td>{:.0}</td><td>{:.0}</td><td>{:.0}</td></tr>",
            escape(&name.replace('_', " ")),
            q.p50,
            q.p99,
            x(q.max),
            x(q.p50),
            (x(q.p99) - x(q.p50)).max(0.6),
            q.n,
            q.p50,
            q.p95,
            q.p99,
            q.max
        )
    };
    let measured = report.latency_ms.iter().filter(|(_, q)| 0 < q.n);
    let rows: String = measured.map(row).collect();
    format!(
        "<table><tr><th>from → to</th><th class=\"text\" style=\"width:40%\">p50 to p99</th>\
         <th>n</th><th>p50 ms</th><th>p95 ms</th><th>p99 ms</th><th>max ms</th></tr>{rows}</table>"
    )
}

fn expectations(report: &Report) -> String {
    let rows: String = report
        .expectations
        .iter()
        .map(|e| {
            let (tone, word) = if e.is_met {
                ("good", "✓ right")
            } else {
                ("bad", "✗ wrong")
            };
            format!(
                "<tr><td>{}</td><td class=\"text\">{}</td><td class=\"text\">{}</td>\
                 <td class=\"text\">{}</td><td class=\"{tone}\">{word}</td></tr>",
                escape(&e.camera),
                escape(&e.subject),
                escape(&e.expected),
                escape(&e.happened)
            )
        })
        .collect();
    format!(
        "<table><tr><th>camera</th><th class=\"text\">came</th><th class=\"text\">should</th>\
         <th class=\"text\">did</th><th></th></tr>{rows}</table>"
    )
}

fn pictures(report: &Report) -> String {
    let figure = |picture: &super::Picture| {
        format!(
            "<figure><a href=\"{file}\"><img src=\"{file}\" alt=\"{caption}\" loading=\"lazy\"></a>\
             <figcaption>{caption}</figcaption></figure>",
            file = escape(&picture.file),
            caption = escape(&picture.caption)
        )
    };
    report
        .cameras
        .iter()
        .flat_map(|camera| &camera.pictures)
        .map(figure)
        .collect()
}

fn facts(report: &Report) -> String {
    let row = |(name, value): (&String, &String)| {
        format!(
            "<tr><td>{}</td><td class=\"text\">{}</td></tr>",
            escape(name),
            escape(value)
        )
    };
    let rows: String = report
        .machine
        .iter()
        .chain(&report.models)
        .map(row)
        .collect();
    format!("<table>{rows}</table>")
}
