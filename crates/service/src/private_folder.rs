//! The folder of a site's state: plates, faces and keys are in it, and other users of the machine
//! have no business there.

use std::{
    fs::{self, DirBuilder, Permissions},
    io,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::Path,
};

/// Makes a folder, and those above it, that only its owner may enter. One that is there already
/// keeps what its group may do, and loses what everybody may.
pub fn private_folder(path: &Path) -> io::Result<()> {
    if let Some(above) = path.parent() {
        fs::create_dir_all(above)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    let mode = fs::metadata(path)?.permissions().mode() & 0o7777;
    if mode & 0o007 != 0 {
        fs::set_permissions(path, Permissions::from_mode(mode & !0o007))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_folder_is_its_owners_alone_and_an_old_one_is_closed_to_everybody() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("site/state");
        private_folder(&state).unwrap();
        assert_eq!(mode(&state), 0o700);
        fs::set_permissions(&state, Permissions::from_mode(0o755)).unwrap();
        private_folder(&state).unwrap();
        assert_eq!(mode(&state), 0o750);
        fs::write(folder.path().join("file"), b"").unwrap();
        assert!(private_folder(&folder.path().join("file/state")).is_err());
    }
}
