//! The paths of the command line: bundles, single documents and filter configurations.

use super::bundle::{self, ParsedBundle};
use super::document::Document;
use super::finding::Finding;
use super::source::Source;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The content of a path.
#[derive(Debug)]
pub(crate) enum Input {
    /// A bundle.
    Bundle(ParsedBundle),
    /// One XML document.
    Document(Document),
    /// A filter configuration, JSON or YAML.
    Configuration(Source),
    /// A file that is not text.
    NoText(Finding),
}

/// An error of a path.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    /// The file or folder does not exist, or its permissions forbid reading.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
    /// A folder or an archive without a bundle.
    #[error("{} contains no apiproxy/ or sharedflowbundle/ folder", path.display())]
    NoBundle {
        /// The path.
        path: PathBuf,
    },
    /// A file that selects codes has another content.
    #[error("{}: {why}", path.display())]
    Configuration {
        /// The path.
        path: PathBuf,
        /// The cause.
        why: String,
    },
    /// An archive that cannot be unpacked.
    #[error("cannot unpack {}: {why}", path.display())]
    Archive {
        /// The path.
        path: PathBuf,
        /// The cause.
        why: String,
    },
}

/// Reads several paths.
///
/// # Errors
/// One of them cannot be read, or is a folder or an archive without a bundle.
pub(crate) fn read_all(paths: &[PathBuf]) -> Result<Vec<Input>, InputError> {
    let mut inputs = Vec::new();
    for path in paths {
        inputs.extend(read(path)?);
    }
    Ok(inputs)
}

/// Reads a path.
///
/// # Errors
/// It cannot be read, or is a folder or an archive without a bundle.
fn read(path: &Path) -> Result<Vec<Input>, InputError> {
    let unreadable = |error| InputError::Unreadable { path: path.to_owned(), error };
    if std::fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(bundle::read_folder(path)?.into_iter().map(Input::Bundle).collect());
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    if bytes.starts_with(b"PK") {
        return Ok(bundle::read_archive(path, &bytes)?.into_iter().map(Input::Bundle).collect());
    }
    let (source, problem) = Source::new(path.display().to_string(), &bytes);
    Ok(vec![match problem {
        Some(problem) => Input::NoText(Finding::not_text(&Rc::new(source), &problem)),
        None if is_xml(&source) => Input::Document(Document::named_after_file(Rc::new(source))),
        None => Input::Configuration(source),
    }])
}

fn is_xml(source: &Source) -> bool {
    source.text.trim_start().starts_with('<') || source.file.to_ascii_lowercase().ends_with(".xml")
}
