//! A page that shows crops with what was read in them, in one file.

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
    /// What it read.
    pub text: String,
    /// The score of its weakest character.
    pub score: f32,
    /// Whether that is what stands there; `None` where it is not known.
    pub is_right: Option<bool>,
}

const STYLE: &str = "body{font:14px/1.4 system-ui,sans-serif;margin:1.5rem;color:#1a1a1a;\
background:#fff}pre{overflow-x:auto}.all{display:grid;gap:1rem;\
grid-template-columns:repeat(auto-fill,minmax(17rem,1fr))}figure{margin:0;padding:.6rem;\
border:1px solid #ccc;border-radius:6px}img{display:block;max-width:100%;min-height:3rem}\
figcaption{overflow-wrap:anywhere}table{border-spacing:0}td{padding:0 .6rem 0 0;\
font-family:ui-monospace,monospace}.wrong{color:#b00020}.right{color:#0a6b2d}";

/// The page: a title, lines of figures as they are, and the crops.
pub fn page(title: &str, figures: &str, entries: &[Entry]) -> String {
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\
         <style>{STYLE}</style>\n<h1>{title}</h1>\n<pre>{}</pre>\n<div class=\"all\">\n",
        escaped(figures),
        title = escaped(title),
    );
    for entry in entries {
        figure(&mut html, entry);
    }
    html.push_str("</div></html>\n");
    html
}

fn figure(html: &mut String, entry: &Entry) {
    let what = match &entry.truth {
        Some(truth) => format!("<b>{}</b>", escaped(truth)),
        None => "not labelled".to_owned(),
    };
    let crop = STANDARD.encode(&entry.jpeg);
    let file = escaped(&entry.file);
    let mut add = |text: std::fmt::Arguments<'_>| {
        html.write_fmt(text)
            .expect("a string takes all that is written");
    };
    add(format_args!(
        "<figure><img alt=\"{file}\" src=\"data:image/jpeg;base64,{crop}\">\
         <figcaption>{file}: {what}<table>"
    ));
    for read in &entry.reads {
        let class = match read.is_right {
            Some(true) => " class=\"right\"",
            Some(false) => " class=\"wrong\"",
            None => "",
        };
        let (chain, text) = (escaped(&read.chain), escaped(&read.text));
        add(format_args!(
            "<tr><td>{chain}<td{class}>{text}<td>{:.3}",
            read.score
        ));
    }
    add(format_args!("</table></figcaption></figure>\n"));
}

fn escaped(text: &str) -> String {
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
                text: "43A&".to_owned(),
                score: 0.5,
                is_right: Some(false),
            }],
        };
        let html = page("a & b", "1 < 2", &[entry, Entry::default()]);
        for part in [
            "<title>a &amp; b</title>",
            "<pre>1 &lt; 2</pre>",
            "&lt;script&gt;.jpg: <b>43A&quot;00001</b>",
            "src=\"data:image/jpeg;base64,/9j/\"",
            "<td>ours<td class=\"wrong\">43A&amp;<td>0.500",
            ": not labelled<table>",
        ] {
            assert!(html.contains(part), "{part} is not in {html}");
        }
        assert!(!html.contains("<script") && !html.contains("http"));
    }
}
