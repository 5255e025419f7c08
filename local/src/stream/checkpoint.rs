//! The position up to which a function has processed the stream.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The sequence number of the last processed record, stored in a file if the table is.
///
/// The file is replaced atomically but not synced to disk. After a power cut it may be slightly out
/// of date, and a few records are delivered again. Lambda also guarantees only at-least-once
/// delivery.
pub(super) struct Checkpoint {
    file: Option<PathBuf>,
    position: Option<String>,
}

impl Checkpoint {
    /// Reads the checkpoint of `function` from `directory`, or starts without one in memory.
    pub(super) fn open(directory: Option<&Path>, function: &str) -> io::Result<Self> {
        let Some(directory) = directory else {
            return Ok(Self { file: None, position: None });
        };
        let file = directory.join(format!("{function}.checkpoint"));
        let position = match fs::read_to_string(&file) {
            // If the file contains anything but a sequence number, the stream is read from its
            // beginning.
            Ok(text) => Some(text.trim().to_owned())
                .filter(|text| (21..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(Self { file: Some(file), position })
    }

    pub(super) fn position(&self) -> Option<&str> {
        self.position.as_deref()
    }

    /// Stores that every record up to and including this one has been processed.
    pub(super) fn advance(&mut self, sequence_number: &str) {
        self.position = Some(sequence_number.to_owned());
        let Some(file) = &self.file else { return };
        let new = file.with_extension("checkpoint.new");
        if let Err(error) = fs::write(&new, sequence_number).and_then(|()| fs::rename(&new, file)) {
            tracing::warn!(file = %file.display(), %error, "the stream's checkpoint was not kept");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_position_outlives_the_process() {
        let directory = std::env::temp_dir().join(crate::random::hexadecimal::<8>());
        fs::create_dir(&directory).unwrap();
        let mut checkpoint = Checkpoint::open(Some(&directory), "send-mail").unwrap();
        assert_eq!(checkpoint.position(), None);
        checkpoint.advance("100000000000000000001");
        checkpoint.advance("100000000000000000002");
        let reopened = Checkpoint::open(Some(&directory), "send-mail").unwrap();
        assert_eq!(reopened.position(), Some("100000000000000000002"));
        fs::remove_dir_all(&directory).unwrap();
    }
}
