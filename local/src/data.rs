//! Where the table and the code key are kept.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::StartError;
use crate::random;

/// Where the table and the code key are kept.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Data {
    /// In memory: nothing outlives the stack.
    #[default]
    Memory,
    /// In this directory, which is created if it is not there.
    Directory(PathBuf),
}

/// The data of a running stack.
pub(crate) struct Home {
    /// None: in memory.
    pub(crate) directory: Option<PathBuf>,
    /// Codes are derived from it. Made at the first start, and kept, so that a code mailed before a restart works after.
    pub(crate) code_key: String,
    /// Keeps other processes out for as long as somebody holds it.
    pub(crate) lock: Option<Arc<File>>,
}

impl Home {
    /// Takes possession of the data, and creates what is not there yet.
    pub(crate) fn open(data: Data) -> Result<Self, StartError> {
        let Data::Directory(directory) = data else {
            return Ok(Self { directory: None, code_key: fresh_key(), lock: None });
        };
        let lock = lock(&directory)?;
        let path = directory.join("code-key");
        let code_key = kept_key(&path).map_err(|source| StartError::Data { path, source })?;
        Ok(Self { directory: Some(directory), code_key, lock: Some(Arc::new(lock)) })
    }
}

/// Creates the directory if need be, for its owner's eyes only, and makes sure that no other stack works in it.
fn lock(directory: &Path) -> Result<File, StartError> {
    let failed = |source| StartError::Data { path: directory.to_owned(), source };
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory).map_err(failed)?;
    let file = File::create(directory.join("lock")).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse(directory.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

fn fresh_key() -> String {
    random::alphanumeric(64)
}

fn kept_key(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Ok(text) => return Ok(text.trim().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let key = fresh_key();
    private().create_new(true).open(path)?.write_all(key.as_bytes())?;
    Ok(key)
}

/// Writes a file anew, for its owner's eyes only.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    private().create(true).truncate(true).open(path)?.write_all(text.as_bytes())
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn somewhere() -> PathBuf {
        std::env::temp_dir().join(random::hexadecimal::<8>())
    }

    #[test]
    fn the_code_key_is_kept_and_only_its_owner_reads_it() {
        let directory = somewhere();
        let open = || Home::open(Data::Directory(directory.clone())).unwrap().code_key;
        let key = open();
        assert_eq!(key.len(), 64);
        assert_eq!(open(), key);
        #[cfg(unix)]
        {
            let mode = |path: &Path| {
                std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o777
            };
            assert_eq!(mode(&directory), 0o700);
            assert_eq!(mode(&directory.join("code-key")), 0o600);
        }
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn in_memory_every_start_has_a_key_of_its_own() {
        let open = || Home::open(Data::Memory).unwrap().code_key;
        assert_ne!(open(), open());
    }

    #[test]
    fn a_directory_has_room_for_one() {
        let directory = somewhere();
        let open = || Home::open(Data::Directory(directory.clone()));
        let first = open().unwrap();
        assert!(matches!(open(), Err(StartError::InUse(_))));
        drop(first);
        open().unwrap();
        fs::remove_dir_all(directory).unwrap();
    }
}
