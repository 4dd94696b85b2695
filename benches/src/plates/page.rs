//! A page of figures, diagrams and crops with what was read in them, in one file.

use super::chart;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::fmt::Write as _;

/// One crop with its reads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// The picture's name.
    pub file: String,
    /// What stands there; `None` where no plate is known.
    pub truth: Option<String>,
    /// The crop.
    pub jpeg: Vec<u8>,
    /// What each chain made of it.
    pub reads: Vec<EntryRead>,
}

/// What one chain made of a crop.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntryRead {
    /// The chain.
    pub chain: String,
    /// The characters of each row with their scores; none where nothing was read.
    pub rows: Vec<Vec<(char, f32)>>,
    /// Whether that is what stands there; `None` where it is not known.
    pub is_right: Option<bool>,
}

impl EntryRead {
    /// What it read, rows parted by `/`; `-` where it read nothing.
    pub fn text(&self) -> String {
        let row = |row: &Vec<(char, f32)>| row.iter().map(|(c, _)| *c).collect();
        let rows: Vec<String> = self.rows.iter().map(row).collect();
        if rows.is_empty() {
            "-".to_owned()
        } else {
            rows.join("/")
        }
    }

    /// The score of its weakest character.
    pub fn score(&self) -> f32 {
        let scores = self.rows.iter().flatten().map(|(_, score)| *score);
        scores.reduce(f32::min).unwrap_or(0.0)
    }
}

/// What stands on a page.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Its title.
    pub title: String,
    /// Under the title, one paragraph for each.
    pub notes: Vec<String>,
    /// Its figures: the first row has the headings, the first two columns are words.
    pub table: Vec<Vec<String>>,
    /// Diagrams, as they are.
    pub charts: Vec<String>,
    /// Crops.
    pub entries: Vec<Entry>,
}

const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;margin:0 auto;padding:1.5rem;\
max-width:90rem;color:#1a1a1a;background:#fff}h1{margin:0 0 .3rem}h2{margin:2rem 0 .6rem;\
font-size:1.15rem}p{margin:.2rem 0;color:#444}.scroll{overflow-x:auto}\
.figures{border-collapse:collapse;margin:1rem 0;font-size:13px;font-variant-numeric:tabular-nums;\
white-space:nowrap}.figures th,.figures td{padding:.25rem .4rem;text-align:right;\
border-bottom:1px solid #ddd}.figures th{font-weight:600;color:#555}\
.figures :is(th,td):nth-child(-n+2){text-align:left}.charts{display:flex;flex-wrap:wrap;\
gap:1.5rem 2.5rem;align-items:flex-start}.legend{flex-basis:100%;display:flex;\
flex-wrap:wrap;gap:.3rem 1.4rem;font-size:13px}.legend i{display:inline-block;width:12px;\
height:12px;margin-right:.4rem;vertical-align:-1px}svg{max-width:100%;height:auto}\
svg text{font:12px system-ui,sans-serif;fill:#333}.all{display:grid;gap:1rem;align-items:start;\
grid-template-columns:repeat(auto-fill,minmax(19rem,1fr))}figure{margin:0;padding:.7rem;\
border:1px solid #ccc;border-radius:6px}img{display:block;max-width:100%;min-height:3rem;\
margin:0 auto .5rem;border-radius:3px}figcaption{overflow-wrap:anywhere}.file{color:#666;\
font-size:.85em}.truth{font:600 1.15rem ui-monospace,monospace}.read{margin:.35rem 0 0;\
padding-top:.35rem;border-top:1px solid #eee}.chain{font-size:.85em;color:#444}\
.wrong .chain b{color:#b00020}.right .chain b{color:#0a6b2d}.row{display:flex;gap:2px;\
margin-top:2px}.c{display:flex;flex-direction:column;align-items:center;min-width:1.75rem;\
border-radius:3px;background:#f3f3f3;font:600 1rem/1.3 ui-monospace,monospace}\
.c i{font:normal .68rem/1.2 system-ui,sans-serif;color:#444}.c.low{background:#ffd9d6}\
.c.some{background:#fff0c2}";

/// A character with a smaller score than this is shown as doubtful.
const SOME_MAX: f32 = 0.95;

/// The page, in one file that needs nothing beside it.
pub fn page(page: &Page) -> String {
    let title = escaped(&page.title);
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style>\n<h1>{title}</h1>\n"
    );
    for note in &page.notes {
        add(&mut html, format_args!("<p>{}</p>\n", escaped(note)));
    }
    table(&mut html, &page.table);
    if !page.charts.is_empty() {
        let charts = page.charts.join("\n");
        add(
            &mut html,
            format_args!("<div class=\"charts\">{charts}</div>\n"),
        );
    }
    let (plates, others): (Vec<&Entry>, Vec<&Entry>) =
        page.entries.iter().partition(|e| e.truth.is_some());
    for (heading, entries) in [
        ("Plates that a chain did not read as they are", plates),
        ("Boxes with no known plate", others),
    ] {
        if entries.is_empty() {
            continue;
        }
        let n = entries.len();
        add(
            &mut html,
            format_args!("<h2>{heading}: {n}</h2>\n<div class=\"all\">\n"),
        );
        for entry in entries {
            figure(&mut html, entry);
        }
        html.push_str("</div>\n");
    }
    html.push_str("</html>\n");
    html
}

fn add(html: &mut String, text: std::fmt::Arguments<'_>) {
    html.write_fmt(text)
        .expect("a string takes all that is written");
}

fn table(html: &mut String, rows: &[Vec<String>]) {
    let Some((headings, rows)) = rows.split_first().filter(|(_, rows)| !rows.is_empty()) else {
        return;
    };
    html.push_str("<div class=\"scroll\"><table class=\"figures\"><tr>");
    for cell in headings {
        add(html, format_args!("<th>{}", escaped(cell)));
    }
    for row in rows {
        html.push_str("\n<tr>");
        for cell in row {
            add(html, format_args!("<td>{}", escaped(cell)));
        }
    }
    html.push_str("</table></div>\n");
}

fn figure(html: &mut String, entry: &Entry) {
    let what = match &entry.truth {
        Some(truth) => format!("<span class=\"truth\">{}</span>", escaped(truth)),
        None => "not labelled".to_owned(),
    };
    let crop = STANDARD.encode(&entry.jpeg);
    let file = escaped(&entry.file);
    add(
        html,
        format_args!(
            "<figure><img alt=\"{file}\" src=\"data:image/jpeg;base64,{crop}\">\
             <figcaption>{what} <span class=\"file\">{file}</span>"
        ),
    );
    for read in &entry.reads {
        let class = match read.is_right {
            Some(true) => " right",
            Some(false) => " wrong",
            None => "",
        };
        let chain = escaped(&read.chain);
        let text = escaped(&read.text());
        add(
            html,
            format_args!(
                "<div class=\"read{class}\"><span class=\"chain\">{chain}: <b>{text}</b> \
                 {:.3}</span>",
                read.score()
            ),
        );
        // What all read rightly needs no look at its scores.
        if read.is_right != Some(true) {
            rows(html, &read.rows);
        }
        html.push_str("</div>");
    }
    html.push_str("</figcaption></figure>\n");
}

fn rows(html: &mut String, rows: &[Vec<(char, f32)>]) {
    for row in rows {
        html.push_str("<div class=\"row\">");
        for (c, score) in row {
            let class = match *score {
                s if s < domain::plate::PLATE_SCORE_MIN => " low",
                s if s < SOME_MAX => " some",
                _ => "",
            };
            let c = escaped(&c.to_string());
            let percent = chart::percent(f64::from(*score));
            add(
                html,
                format_args!("<span class=\"c{class}\">{c}<i>{percent}</i></span>"),
            );
        }
        html.push_str("</div>");
    }
}

/// Text as text in HTML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_needs_nothing_beside_it_and_runs_nothing() {
        let entry = Entry {
            file: "<script>.jpg".to_owned(),
            truth: Some("43A\"00001".to_owned()),
            jpeg: vec![0xff, 0xd8, 0xff],
            reads: vec![EntryRead {
                chain: "ours".to_owned(),
                rows: vec![vec![('4', 0.99), ('3', 0.9)], vec![('&', 0.5)]],
                is_right: Some(false),
            }],
        };
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let html = page(&Page {
            title: "a & b".to_owned(),
            notes: vec!["1 < 2".to_owned()],
            table: vec![row(["set", "chain", "<=1"]), row(["a", "ours", "1"])],
            charts: vec!["<svg></svg>".to_owned()],
            entries: vec![entry, Entry::default()],
        });
        for part in [
            "<title>a &amp; b</title>",
            "<p>1 &lt; 2</p>",
            "<th>&lt;=1",
            "<td>ours<td>1</table>",
            "<span class=\"truth\">43A&quot;00001</span>",
            "alt=\"&lt;script&gt;.jpg\"",
            "src=\"data:image/jpeg;base64,/9j/\"",
            "<div class=\"read wrong\"><span class=\"chain\">ours: <b>43/&amp;</b> 0.500</span>",
            "<span class=\"c some\">3<i>90</i></span>",
            "<span class=\"c low\">&amp;<i>50</i></span>",
            "did not read as they are: 1<",
            "with no known plate: 1<",
        ] {
            assert!(html.contains(part), "{part} is not in {html}");
        }
        assert!(!html.contains("<script") && !html.contains("http"));
    }

    #[test]
    fn a_page_of_nothing_is_a_page() {
        let html = page(&Page::default());
        assert!(html.contains("</html>") && !html.contains("<table") && !html.contains("<h2"));
    }
}
