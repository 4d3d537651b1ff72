//! Bundles that are folders.

use super::{File, Kind, ParsedBundle, Role, kind_of_root};
use crate::input::InputError;
use std::fs;
use std::path::{Path, PathBuf};

/// Reads the bundles of a folder: `apiproxy`, `sharedflowbundle`, or a folder that contains them.
///
/// # Errors
/// The folder contains no bundle, or a file cannot be read.
pub(crate) fn read(path: &Path) -> Result<Vec<ParsedBundle>, InputError> {
    let unreadable = |path: &Path, error| InputError::Unreadable { path: path.to_owned(), error };
    // `.` and `..` have no name.
    let canonical = fs::canonicalize(path).map_err(|error| unreadable(path, error))?;
    let name = name_of(&canonical);
    if let Some(kind) = kind_of_root(&name) {
        let parent = canonical.parent().map(name_of).unwrap_or_default();
        return Ok(vec![read_root(kind, path, &parent)?]);
    }
    let mut bundles = Vec::new();
    for child in children(path)? {
        if let Some(kind) = kind_of_root(&name_of(&child)).filter(|_| child.is_dir()) {
            bundles.push(read_root(kind, &child, &name)?);
        }
    }
    if bundles.is_empty() && ["policies", "Policy"].iter().any(|folder| path.join(folder).is_dir()) {
        // The root folder of the bundle has another name.
        let kind = if path.join("sharedflows").is_dir() { Kind::SharedFlow } else { Kind::Proxy };
        bundles.push(read_root(kind, path, &name)?);
    }
    if bundles.is_empty() {
        return Err(InputError::NoBundle { path: path.to_owned() });
    }
    Ok(bundles)
}

fn read_root(kind: Kind, root: &Path, fallback: &str) -> Result<ParsedBundle, InputError> {
    let mut files = Vec::new();
    read_files(root, "", &mut files)?;
    Ok(ParsedBundle::new(kind, fallback, files))
}

/// Maximum depth of the folders of a bundle: `resources/properties`.
const MAX_DEPTH: usize = 2;

fn read_files(folder: &Path, inside: &str, files: &mut Vec<File>) -> Result<(), InputError> {
    for child in children(folder)? {
        let name = name_of(&child);
        let inside = if inside.is_empty() { name } else { format!("{inside}/{name}") };
        if child.is_dir() {
            if inside.matches('/').count() < MAX_DEPTH {
                read_files(&child, &inside, files)?;
            }
        } else if Role::from_path(&inside).is_some() {
            let bytes = fs::read(&child).map_err(|error| InputError::Unreadable { path: child.clone(), error })?;
            files.push(File { inside, shown: child.display().to_string(), bytes });
        }
    }
    Ok(())
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The files and folders in a folder, sorted by name.
fn children(folder: &Path) -> Result<Vec<PathBuf>, InputError> {
    let unreadable = |error| InputError::Unreadable { path: folder.to_owned(), error };
    let mut children = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        children.push(entry.map_err(unreadable)?.path());
    }
    children.sort();
    Ok(children)
}
