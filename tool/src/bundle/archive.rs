//! Bundles that are zip archives.

use super::{File, Kind, ParsedBundle, Role, kind_of_root};
use crate::input::InputError;
use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::path::Path;
use zip::ZipArchive;

/// Maximum size of all files of an archive in bytes. A larger archive could fill the memory.
const MAX_ARCHIVE_BYTES: u64 = 64 << 20;

/// Reads the bundles of an archive. A bundle can be in a subfolder.
///
/// # Errors
/// The bytes are not a zip archive, contain no bundle, or are too large.
pub(crate) fn read(path: &Path, bytes: &[u8]) -> Result<Vec<ParsedBundle>, InputError> {
    let broken = |error: &dyn std::fmt::Display| InputError::Archive { path: path.to_owned(), why: error.to_string() };
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
    let mut bundles: BTreeMap<String, (Kind, Vec<File>)> = BTreeMap::new();
    let mut left = MAX_ARCHIVE_BYTES;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| broken(&error))?;
        let name = entry.name().map_err(|error| broken(&error))?.replace('\\', "/");
        let Some((root, kind, inside)) = split(&name) else { continue };
        let (_, files) = bundles.entry(root).or_insert_with(|| (kind, Vec::new()));
        if entry.is_dir() || Role::from_path(inside).is_none() {
            continue;
        }
        let mut bytes = Vec::new();
        entry.take(left.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| broken(&error))?;
        left = left.checked_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX)).ok_or_else(|| {
            let megabytes = MAX_ARCHIVE_BYTES >> 20;
            broken(&format!("its files have more than {megabytes} MiB"))
        })?;
        files.push(File { inside: inside.to_owned(), shown: format!("{}/{name}", path.display()), bytes });
    }
    if bundles.is_empty() {
        return Err(InputError::NoBundle { path: path.to_owned() });
    }
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(bundles.into_values().map(|(kind, files)| ParsedBundle::new(kind, &stem, files)).collect())
}

/// The root folder of the bundle of an entry, its kind, and the path of the entry in the bundle.
fn split(name: &str) -> Option<(String, Kind, &str)> {
    let mut rest = name;
    let mut root = String::new();
    while let Some((folder, inside)) = rest.split_once('/') {
        // macOS adds this folder to archives.
        if folder == "__MACOSX" {
            return None;
        }
        root.push_str(folder);
        if let Some(kind) = kind_of_root(folder) {
            return Some((root, kind, inside));
        }
        root.push('/');
        rest = inside;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_belongs_to_a_bundle_in_any_folder() {
        let cases = [
            ("apiproxy/policies/a.xml", Some(("apiproxy", Kind::Proxy, "policies/a.xml"))),
            ("x/y/sharedflowbundle/log.xml", Some(("x/y/sharedflowbundle", Kind::SharedFlow, "log.xml"))),
            ("APIProxy/Policy/a", Some(("APIProxy", Kind::Proxy, "Policy/a"))),
            ("__MACOSX/apiproxy/policies/._a.xml", None),
            ("readme.md", None),
        ];
        for (name, expected) in cases {
            let expected = expected.map(|(root, kind, inside)| (root.to_owned(), kind, inside));
            assert_eq!(split(name), expected, "{name}");
        }
    }
}
