//! `check` of whole bundles.

use super::{project, run, scratch};
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use zip::write::SimpleFileOptions;

/// `render` writes the clusters of the callouts.
const NO_PROBLEMS: &str = "no problems in 13 files\n";

#[test]
fn a_proxy_needs_its_shared_flow() {
    let both = run(&["check", "weather", "log"]);
    assert_eq!((both.status, both.output.as_str(), both.errors.as_str()), (0, NO_PROBLEMS, ""));
    let alone = run(&["check", "weather"]);
    assert_eq!(alone.status, 1);
    let expected = "\
error: unknown shared flow log; pass its bundle as a further path
 --> weather/apiproxy/policies/FC-Log.xml:1:28
  |
1 | <FlowCallout name=\"FC-Log\"><SharedFlowBundle>log</SharedFlowBundle></FlowCallout>
  |                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

1 error in 10 files
";
    assert_eq!(alone.output, expected);
}

#[test]
fn a_shared_flow_is_checked_without_a_proxy() {
    let run = run(&["check", "log/sharedflowbundle"]);
    assert_eq!((run.status, run.output.as_str()), (0, "no problems in 3 files\n"));
}

/// The environment contains the identity of an integration.
#[test]
fn an_integration_can_replace_a_target() {
    let endpoint = "risk/apiproxy/integration-endpoints/default.xml";
    let expected = "\
error: the environment file (--environment) must contain google: the proxy endpoint default, IC-Audit need it
 --> risk/apiproxy/proxies/default.xml:9:29
  |
9 |   <RouteRule name=\"default\"><IntegrationEndpoint>default</IntegrationEndpoint></RouteRule>
  |                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

1 error in 5 files
";
    let whole = run(&["check", "risk"]);
    assert_eq!((whole.status, whole.output.as_str()), (1, expected));
    let alone = run(&["check", endpoint]);
    assert_eq!((alone.status, alone.output.as_str()), (0, "no problems in 1 file\n"));
}

#[test]
fn all_problems_of_a_bundle_are_reported() {
    let run = run(&["check", "troubled"]);
    assert_eq!(run.status, 1);
    assert_eq!(run.output, include_str!("troubled.txt"));
}

#[test]
fn proxies_of_sap_are_bundles() {
    let run = run(&["check", "sap"]);
    assert_eq!(run.status, 1);
    assert_eq!(run.output, include_str!("sap.txt"));
}

#[test]
fn a_bundle_without_flows_has_a_warning() {
    let folder = scratch("no-flows");
    let policies = folder.join("sharedflowbundle/policies");
    std::fs::create_dir_all(&policies).unwrap();
    std::fs::write(policies.join("AM 1.xml"), "<AssignMessage/>").unwrap();
    let run = run(&["check", folder.to_str().unwrap()]);
    let expected =
        "warning: the bundle no-flows has no shared flow, so none of its policies run\n\n1 warning in 1 file\n";
    assert_eq!((run.status, run.output.as_str()), (0, expected));
}

/// Adds the files of a folder to an archive under a prefix.
fn add(folder: &Path, prefix: &str, archive: &mut zip::ZipWriter<File>) {
    let mut children: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    children.sort();
    for child in children {
        let name = format!("{prefix}/{}", child.file_name().unwrap().to_str().unwrap());
        if child.is_dir() {
            add(&child, &name, archive);
        } else {
            archive.start_file(name, SimpleFileOptions::default()).unwrap();
            archive.write_all(&std::fs::read(child).unwrap()).unwrap();
        }
    }
}

#[test]
fn an_archive_has_the_findings_of_its_folder() {
    let path = scratch("archive").join("weather.zip");
    let mut archive = zip::ZipWriter::new(File::create(&path).unwrap());
    let bundles = project().join("tests/bundles");
    add(&bundles.join("weather"), "downloads/rev3", &mut archive);
    archive.start_file("__MACOSX/apiproxy/policies/._SC.xml", SimpleFileOptions::default()).unwrap();
    archive.finish().unwrap();
    let path = path.to_str().unwrap();
    let both = run(&["check", path, "log"]);
    assert_eq!((both.status, both.output.as_str()), (0, NO_PROBLEMS));
    let alone = run(&["check", path]);
    let position = format!("{path}/downloads/rev3/apiproxy/policies/FC-Log.xml:1:28");
    assert!(alone.output.contains(&position), "{}", alone.output);
}
