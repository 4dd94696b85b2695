//! Fences about files as wholes: their size, their name, and where they are from.

use crate::tree::File;

const BYTES_MAX: u64 = 2 * 1024 * 1024;
const ORIGINS: &str = "samples/ORIGINS.md";

pub(super) fn check(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files {
        problems.extend(check_size(file));
        problems.extend(check_name(file));
    }
    problems.extend(check_origins(files));
    problems
}

fn check_size(file: &File) -> Option<String> {
    (file.size > BYTES_MAX).then(|| {
        format!(
            "{}: {} bytes are too many for git, {BYTES_MAX} at most",
            file.path, file.size
        )
    })
}

fn check_name(file: &File) -> Option<String> {
    let is_mod = file.path == "mod.rs" || file.path.ends_with("/mod.rs");
    is_mod.then(|| {
        format!(
            "{}: name it after its module, `foo.rs` beside `foo/`",
            file.path
        )
    })
}

/// Whether a file of `samples/` came from somewhere, rather than having been written as source.
fn is_asset(file: &File) -> bool {
    file.path.starts_with("samples/") && !matches!(file.extension(), "rs" | "toml" | "md" | "py")
}

fn check_origins(files: &[File]) -> Vec<String> {
    let listed: Vec<&str> = files
        .iter()
        .filter(|file| file.path == ORIGINS)
        .filter_map(|file| file.text.as_deref())
        .flat_map(|text| text.split('`').skip(1).step_by(2))
        .collect();
    let name = |file: &File| file.path.trim_start_matches("samples/").to_owned();
    files
        .iter()
        .filter(|file| is_asset(file) && !listed.contains(&name(file).as_str()))
        .map(|file| {
            format!(
                "{}: say in {ORIGINS} where `{}` is from",
                file.path,
                name(file)
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_file_is_rejected() {
        let file = File {
            size: BYTES_MAX + 1,
            ..File::fake("models/a.onnx", "")
        };
        assert_eq!(check(&[file]).len(), 1);
        let file = File {
            size: BYTES_MAX,
            ..File::fake("models/a.onnx", "")
        };
        assert_eq!(check(&[file]), Vec::<String>::new());
    }

    #[test]
    fn a_module_named_mod_is_rejected() {
        assert_eq!(check(&[File::fake("a/src/b/mod.rs", "")]).len(), 1);
        assert_eq!(
            check(&[File::fake("a/src/mod_rs.rs", "")]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn an_asset_must_be_listed_by_its_path() {
        let asset = File::fake("samples/pictures/road.jpg", "");
        let origins = |text| File::fake(ORIGINS, text);
        assert_eq!(check(std::slice::from_ref(&asset)).len(), 1);
        assert_eq!(
            check(&[asset.clone(), origins("| `road.jpg` | ours |")]).len(),
            1
        );
        let listed = origins("| `pictures/road.jpg` | ours | Apache-2.0 |");
        assert_eq!(check(&[asset, listed]), Vec::<String>::new());
    }

    #[test]
    fn source_needs_no_origin() {
        let source = [
            "samples/src/lib.rs",
            "samples/Cargo.toml",
            "samples/README.md",
            "gac/a.png",
        ];
        let files: Vec<File> = source.iter().map(|path| File::fake(path, "")).collect();
        assert_eq!(check(&files), Vec::<String>::new());
    }
}
