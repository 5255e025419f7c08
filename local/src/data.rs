//! Storage of the table and the code key.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::StartError;
use crate::random;

/// Where the stack stores the table and the code key.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Data {
    /// In memory. Nothing outlives the stack.
    #[default]
    Memory,
    /// In this directory, which is created if it does not exist.
    Directory(PathBuf),
}

/// The opened storage of a running stack.
pub(crate) struct Storage {
    /// `None` if the data is in memory.
    pub(crate) directory: Option<PathBuf>,
    /// The key that codes are derived from. It is generated at the first start and stored, so that
    /// a code that was emailed before a restart still works after it.
    pub(crate) code_key: String,
    /// Keeps other processes out of the directory until the last reference is dropped.
    pub(crate) lock: Option<Arc<File>>,
}

impl Storage {
    /// Locks the data directory, and creates it and the code key if they do not exist.
    pub(crate) fn open(data: Data) -> Result<Self, StartError> {
        let Data::Directory(directory) = data else {
            return Ok(Self { directory: None, code_key: new_key(), lock: None });
        };
        let lock = lock(&directory)?;
        let path = directory.join("code-key");
        let code_key = stored_key(&path).map_err(|source| StartError::Data { path, source })?;
        Ok(Self { directory: Some(directory), code_key, lock: Some(Arc::new(lock)) })
    }
}

/// Creates the directory if it does not exist, readable by its owner only, and makes sure that no
/// other stack uses it.
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

fn new_key() -> String {
    random::alphanumeric(64)
}

/// Reads the code key, or generates and stores it if the file does not exist.
fn stored_key(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Ok(text) => return Ok(text.trim().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let key = new_key();
    private_file().create_new(true).open(path)?.write_all(key.as_bytes())?;
    Ok(key)
}

/// Creates or overwrites a file. A new file is readable by its owner only.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    private_file().create(true).truncate(true).open(path)?.write_all(text.as_bytes())
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_directory() -> PathBuf {
        std::env::temp_dir().join(random::hexadecimal::<8>())
    }

    #[test]
    fn the_code_key_is_stored_and_readable_by_its_owner_only() {
        let directory = new_directory();
        let open = || Storage::open(Data::Directory(directory.clone())).unwrap().code_key;
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
    fn every_start_in_memory_generates_a_new_key() {
        let open = || Storage::open(Data::Memory).unwrap().code_key;
        assert_ne!(open(), open());
    }

    #[test]
    fn a_directory_can_be_opened_only_once_at_a_time() {
        let directory = new_directory();
        let open = || Storage::open(Data::Directory(directory.clone()));
        let first = open().unwrap();
        assert!(matches!(open(), Err(StartError::InUse(_))));
        drop(first);
        open().unwrap();
        fs::remove_dir_all(directory).unwrap();
    }
}
