//! The fences: rules about the whole repository that cargo and clippy do not check.

mod crates;
mod files;
mod graph;
mod lines;
mod purity;

use std::{collections::BTreeSet, path::PathBuf};

use crate::tree;

/// Runs every fence. The error is the list of what stands outside one.
pub(crate) fn run() -> Result<String, Vec<String>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let root = root
        .canonicalize()
        .map_err(|error| vec![format!("finding the root: {error}")])?;
    let files = tree::read(&root).map_err(|error| vec![error])?;
    if files.is_empty() {
        return Err(vec!["git lists no file here".to_owned()]);
    }
    let mut problems = Vec::new();
    problems.extend(crates::check(&files));
    problems.extend(files::check(&files));
    problems.extend(lines::check(
        &files,
        &lines::Private::of_this_machine(&root),
    ));
    problems.extend(purity::check_sources(&files));
    problems.extend(purity::check_closures(|krate| graph::closure(&root, krate)));
    problems.extend(graph::check_features(&root));
    if problems.is_empty() {
        return Ok(format!(
            "tidy: {} files, nothing outside the fences",
            files.len()
        ));
    }
    // One problem may be found by two fences.
    let unique: BTreeSet<String> = problems.into_iter().collect();
    Err(unique.into_iter().collect())
}
