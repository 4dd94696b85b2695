//! Weights of our own, built into the program: they are there in whatever folder it runs, and
//! nothing has to be fetched.

/// Paths from the root of the repository, as the catalogue's `repository` sources name them, with
/// the files' bytes.
pub(super) static WEIGHTS: [(&str, &[u8]); 2] = [
    (
        "models/weights/plate-detector.onnx",
        include_bytes!("../../weights/plate-detector.onnx"),
    ),
    (
        "models/weights/plate-reader.onnx",
        include_bytes!("../../weights/plate-reader.onnx"),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Catalog, Source, store::sha256_of};

    #[test]
    fn what_the_catalogue_names_is_built_in_and_nothing_else() {
        let mut named = Vec::new();
        for model in Catalog::built_in().models {
            for source in &model.sources {
                if let Source::Repository { path } = source {
                    named.push((path.clone(), model.sha256.clone(), model.n_bytes));
                }
            }
        }
        let of_file = |(path, bytes): &(&str, &[u8])| {
            ((*path).to_owned(), sha256_of(bytes), bytes.len() as u64)
        };
        let mut built_in: Vec<_> = WEIGHTS.iter().map(of_file).collect();
        named.sort();
        built_in.sort();
        assert_eq!(built_in, named);
    }
}
