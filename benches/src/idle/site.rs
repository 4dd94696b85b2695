//! The site of one gate lane.

use anyhow::Result;
use gac::offline::Checkout;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Writes `site.toml` into a folder, and gives its path.
pub(super) fn write(
    checkout: &Checkout,
    folder: &Path,
    (source, decode): (&str, &str),
) -> Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let runtime = checkout
        .root()
        .join("third_party/onnxruntime/libonnxruntime.so");
    let text = format!(
        "[site]\nid = \"idle\"\nname = \"Idle\"\n\n[storage]\ndir = \"state\"\n\n\
         [web]\nlisten = \"127.0.0.1:0\"\n\n\
         [models]\nstore = {:?}\nruntime = {runtime:?}\nworkers = 1\n\n\
         [[camera]]\nid = \"gate-1\"\nsource = {source}\ntasks = [\"vehicles\", \"plates\"]\n\
         decode = {decode:?}\n\n\
         [[gate]]\nid = \"gate-1\"\ncamera = \"gate-1\"\nfactor = \"plate\"\n\
         actuator = \"simulator\"\n",
        checkout.store_dir()
    );
    let path = folder.join("site.toml");
    fs::write(&path, text)?;
    Ok(path)
}
