//! Folders of pictures with what stands on their plates.

use super::text::folded;
use domain::BoxInImage;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// A folder of pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct PlateSet {
    /// The folder's name.
    pub name: String,
    /// In the order of their names.
    pub pictures: Vec<LabelledPicture>,
    /// Whether the plates are known; else there is nothing to hold reads against.
    pub has_truth: bool,
    /// Lines of its table that say nothing of use, each with the reason.
    pub unused: Vec<String>,
}

/// A picture with its plates.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledPicture {
    /// The file.
    pub path: PathBuf,
    /// What is known of its plates.
    pub plates: Vec<TruePlate>,
}

/// What is known of one plate.
#[derive(Clone, Debug, PartialEq)]
pub struct TruePlate {
    /// Where it is.
    pub bounds: Option<BoxInImage>,
    /// What stands on it.
    pub text: String,
    /// What it is counted with besides, such as `red-night`.
    pub group: Option<String>,
}

impl PlateSet {
    /// Reads a folder: with `gt.tsv`, or in the layout of `vn-mit` or of the benchmark of openalpr,
    /// or else just the pictures in it.
    ///
    /// A bad line of the table loses nothing but itself; a table without one good line is an
    /// error.
    pub fn load(folder: &Path) -> Result<Self, String> {
        let whole = fs::canonicalize(folder);
        let whole = whole.map_err(|error| format!("{}: {error}", folder.display()))?;
        let name = whole.file_name().unwrap_or(whole.as_os_str());
        let of = |labels: Labels, pictures: &Path, has_truth| Self {
            name: name.to_string_lossy().into_owned(),
            pictures: in_folder(pictures, labels),
            has_truth,
            unused: Vec::new(),
        };
        let tables = [("gt.tsv", ""), ("gt_main_plate.tsv", "images")];
        for (table, pictures) in tables.map(|(t, p)| (folder.join(t), folder.join(p))) {
            if table.is_file() {
                let (labels, unused) = parse(&text_of(&table)?, &table)?;
                let set = of(labels, &pictures, true);
                return Ok(Self { unused, ..set });
            }
        }
        let files = files(folder)?;
        let labels = openalpr(&files)?;
        if !labels.is_empty() {
            return Ok(of(labels, folder, true));
        }
        let pictures = files.iter().filter(|path| is_picture(path));
        let names = pictures.filter_map(|path| path.file_name());
        let names = names.map(|name| (name.to_string_lossy().into_owned(), Vec::new()));
        let labels: Labels = names.collect();
        if labels.is_empty() {
            return Err(format!(
                "{}: no gt.tsv and no picture (jpg, png) is in it",
                folder.display()
            ));
        }
        Ok(of(labels, folder, false))
    }
}

/// Plates by the name of their picture.
type Labels = BTreeMap<String, Vec<TruePlate>>;

fn in_folder(folder: &Path, labels: Labels) -> Vec<LabelledPicture> {
    let picture = |(name, plates)| LabelledPicture {
        path: folder.join(name),
        plates,
    };
    labels.into_iter().map(picture).collect()
}

fn text_of(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        files.push(entry.map_err(failed)?.path());
    }
    Ok(files)
}

fn is_picture(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    ["jpg", "jpeg", "png"]
        .iter()
        .any(|known| extension == *known)
}

/// `file`, a box as `x y w h` or `x0 y0 x1 y1` where there is one, `text` or `main_plate`, and
/// `group` where there is one: under these headings. With the lines that cannot be used.
fn parse(table: &str, path: &Path) -> Result<(Labels, Vec<String>), String> {
    let at = |line: usize| format!("{}, line {}", path.display(), line + 1);
    let mut lines = table.lines().enumerate();
    let (_, heading) = lines.next().unwrap_or_default();
    let columns = Columns::of(heading).map_err(|reason| format!("{}: {reason}", at(0)))?;
    let (mut labels, mut unused) = (Labels::new(), Vec::new());
    for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        match columns.plate(line) {
            Ok((file, plate)) => labels.entry(file).or_default().push(plate),
            Err(reason) => unused.push(format!("{}: {reason}", at(number))),
        }
    }
    if labels.is_empty() {
        let first = unused.first().map_or_else(|| at(1), String::clone);
        return Err(format!(
            "{}: no line names a plate; {first}",
            path.display()
        ));
    }
    Ok((labels, unused))
}

/// Where in a line what stands.
struct Columns {
    file: usize,
    text: usize,
    group: Option<usize>,
    sized: Option<Vec<usize>>,
    cornered: Option<Vec<usize>>,
}

impl Columns {
    fn of(heading: &str) -> Result<Self, String> {
        let heading = heading.trim_start_matches('\u{feff}');
        let cells: Vec<&str> = heading.split('\t').map(str::trim).collect();
        let column = |name: &str| cells.iter().position(|cell| *cell == name);
        let columns = |names: [&str; 4]| -> Option<Vec<usize>> {
            names.iter().map(|name| column(name)).collect()
        };
        let file = column("file").ok_or("no column `file`");
        let text = column("text").or_else(|| column("main_plate"));
        let has_box = ["x", "y", "w", "h", "x0", "y0", "x1", "y1"];
        let has_box = has_box.iter().any(|name| column(name).is_some());
        let (sized, cornered) = (
            columns(["x", "y", "w", "h"]),
            columns(["x0", "y0", "x1", "y1"]),
        );
        if has_box && sized.is_none() && cornered.is_none() {
            return Err("a box needs the columns `x y w h` or `x0 y0 x1 y1`".to_owned());
        }
        Ok(Self {
            file: file?,
            text: text.ok_or("no column `text`")?,
            group: column("group"),
            sized,
            cornered,
        })
    }

    fn plate(&self, line: &str) -> Result<(String, TruePlate), &'static str> {
        let cells: Vec<&str> = line.split('\t').map(str::trim).collect();
        let cell = |index: usize| cells.get(index).copied().unwrap_or_default();
        let numbers = |columns: &[usize]| -> Option<Vec<f32>> {
            let numbers = columns.iter().map(|index| cell(*index).parse().ok());
            numbers.collect()
        };
        let bounds = match (&self.sized, &self.cornered) {
            (Some(columns), _) => Some(numbers(columns).and_then(|n| sized_box(&n))),
            (None, Some(columns)) => Some(numbers(columns).and_then(|n| cornered_box(&n))),
            (None, None) => None,
        };
        if cell(self.file).is_empty() {
            return Err("no file");
        }
        if bounds == Some(None) {
            return Err("the box is not four numbers with an area");
        }
        if folded(cell(self.text)).is_empty() {
            return Err("no text");
        }
        let group = self.group.map(cell).filter(|group| !group.is_empty());
        let plate = TruePlate {
            bounds: bounds.flatten(),
            text: cell(self.text).to_owned(),
            group: group.map(str::to_owned),
        };
        Ok((cell(self.file).to_owned(), plate))
    }
}

fn sized_box(numbers: &[f32]) -> Option<BoxInImage> {
    let [x, y, w, h] = *numbers else { return None };
    cornered_box(&[x, y, x + w, y + h])
}

fn cornered_box(numbers: &[f32]) -> Option<BoxInImage> {
    let [x0, y0, x1, y1] = *numbers else {
        return None;
    };
    let bounds = BoxInImage::new(x0, y0, x1, y1);
    (bounds.is_finite() && 0.0 < bounds.area()).then_some(bounds)
}

/// Beside each picture a text file with `file x y w h text`.
fn openalpr(files: &[PathBuf]) -> Result<Labels, String> {
    let mut labels = Labels::new();
    for path in files {
        if path.extension().is_some_and(|extension| extension == "txt") {
            for line in text_of(path)?.lines() {
                if let Some((file, plate)) = openalpr_line(line) {
                    labels.entry(file).or_default().push(plate);
                }
            }
        }
    }
    Ok(labels)
}

fn openalpr_line(line: &str) -> Option<(String, TruePlate)> {
    let cells: Vec<&str> = line.trim().split('\t').collect();
    let [file, x, y, w, h, text] = cells[..] else {
        return None;
    };
    let numbers: Vec<f32> = [x, y, w, h].iter().filter_map(|n| n.parse().ok()).collect();
    let plate = TruePlate {
        bounds: Some(sized_box(&numbers)?),
        text: text.to_owned(),
        group: None,
    };
    Some((file.to_owned(), plate))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(table: &str) -> Result<Labels, String> {
        parse(table, Path::new("gt.tsv")).map(|(labels, _)| labels)
    }

    #[track_caller]
    fn check(table: &str, bounds: Option<BoxInImage>) {
        let labels = labels(table).unwrap();
        let expect = TruePlate {
            bounds,
            text: "43A-000.01".to_owned(),
            group: None,
        };
        assert_eq!(labels["a.jpg"], [expect]);
    }

    #[test]
    fn boxes_have_sizes_or_corners_or_are_not_known() {
        let bounds = Some(BoxInImage::new(5.0, 6.0, 15.0, 12.0));
        check(
            "file\tx\ty\tw\th\ttext\na.jpg\t5\t6\t10\t6\t43A-000.01\n",
            bounds,
        );
        check(
            "file\tx0\ty0\tx1\ty1\ttext\na.jpg\t5\t6\t15\t12\t43A-000.01",
            bounds,
        );
        check("text\tfile\r\n43A-000.01\ta.jpg\r\n\r\n", None);
        check("file\tmain_plate\na.jpg\t43A-000.01\n", None);
    }

    #[test]
    fn a_picture_can_have_many_plates() {
        let labels = labels("file\ttext\nb.jpg\t1\na.jpg\t2\nb.jpg\t3\n").unwrap();
        let n: Vec<usize> = labels.values().map(Vec::len).collect();
        assert_eq!(n, [1, 2]);
    }

    #[track_caller]
    fn refused(table: &str, reason: &str) {
        let said = labels(table).unwrap_err();
        assert!(said.contains(reason), "{said}");
    }

    #[test]
    fn a_table_that_is_none_says_why() {
        refused("", "line 1: no column `file`");
        refused("a.jpg\t1\t2\t3\t4\tX", "line 1: no column `file`");
        refused(
            "file\tx\ty\tw\th\na\t1\t2\t3\t4",
            "line 1: no column `text`",
        );
        refused(
            "file\ttext\tx0\ty0\tx1\n",
            "line 1: a box needs the columns",
        );
        refused("file\ttext\n\n", "gt.tsv: no line names a plate");
        refused("file\ttext\n\tX", "line 2: no file");
    }

    #[test]
    fn a_bad_line_loses_only_itself() {
        let table = "file\tx\ty\tw\th\ttext\n\na\t1\t2\t3\tx\tX\nb\t1\t2\t3\t4\tX\n\
            c\t1\t2\t-3\t4\tX\nd\t1\t2\t3\ne\t1\t2\t3\t4\t-\n\t1\t2\t3\t4\tX\n\
            f\tNaN\t2\t3\t4\tX";
        let (labels, unused) = parse(table, Path::new("gt.tsv")).unwrap();
        assert_eq!(labels.keys().collect::<Vec<_>>(), ["b"]);
        let of_box = "the box is not four numbers with an area";
        let expect = [
            format!("gt.tsv, line 3: {of_box}"),
            format!("gt.tsv, line 5: {of_box}"),
            format!("gt.tsv, line 6: {of_box}"),
            "gt.tsv, line 7: no text".to_owned(),
            "gt.tsv, line 8: no file".to_owned(),
            format!("gt.tsv, line 9: {of_box}"),
        ];
        assert_eq!(unused, expect);
    }

    #[test]
    fn groups_are_kept() {
        let labels = labels("file\tgroup\ttext\na\tred-night\tX\nb\t\tX\n").unwrap();
        assert_eq!(labels["a"][0].group.as_deref(), Some("red-night"));
        assert_eq!(labels["b"][0].group, None);
    }

    #[test]
    fn folders_of_each_layout() {
        let dir = tempfile::tempdir().unwrap();
        let set = |name: &str, files: &[(&str, &str)]| {
            let folder = dir.path().join(name);
            fs::create_dir(&folder).unwrap();
            for (file, text) in files {
                fs::write(folder.join(file), text).unwrap();
            }
            PlateSet::load(&folder.join(""))
        };
        let mine = set("my.own", &[("a.JPG", ""), ("b.png", ""), ("c.md", "")]).unwrap();
        assert_eq!((mine.name.as_str(), mine.pictures.len()), ("my.own", 2));
        assert!(!mine.has_truth);
        let eu = [
            ("a.jpg", ""),
            ("a.txt", "a.jpg\t5\t6\t10\t6\tX1\n"),
            ("s.txt", "?"),
        ];
        let eu = set("eu", &eu).unwrap();
        assert!(eu.has_truth && eu.pictures[0].plates[0].text == "X1");
        let main = set(
            "mit",
            &[("gt_main_plate.tsv", "file\tmain_plate\na.jpg\tX\n")],
        );
        let main = main.unwrap();
        assert_eq!(main.name, "mit");
        assert_eq!(main.pictures[0].path, dir.path().join("mit/images/a.jpg"));
        assert!(
            set("none", &[("a.txt", "")])
                .unwrap_err()
                .contains("no picture")
        );
        assert!(PlateSet::load(&dir.path().join("absent")).is_err());
    }
}
