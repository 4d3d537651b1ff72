//! Arguments, help and exit statuses.

use super::{run, run_with, scratch};

#[test]
fn help_lists_the_commands() {
    let help = run(&["--help"]);
    assert_eq!((help.status, help.errors.as_str()), (0, ""));
    let commands: Vec<&str> = help
        .output
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|command| !command.is_empty())
        .collect();
    assert_eq!(commands, ["check", "render", "trace", "run", "help"]);
    let check = run(&["check", "--help"]);
    assert_eq!(check.status, 0);
    assert!(check.output.contains("envoy-callout check weather.zip shared/log"), "{}", check.output);
}

#[test]
fn invalid_arguments_are_usage_errors() {
    for arguments in [&[][..], &["check"], &["chekc"], &["check", "--jsn", "weather"]] {
        let run = run(arguments);
        assert_eq!((run.status, run.output.as_str()), (2, ""), "{arguments:?}");
        assert!(run.errors.contains("Usage: envoy-callout"), "{}", run.errors);
    }
}

#[test]
fn paths_that_cannot_be_read_are_usage_errors() {
    let folder = scratch("paths");
    let broken = folder.join("broken.zip");
    std::fs::write(&broken, b"PK\x03\x04nothing").unwrap();
    let (empty, broken) = (folder.to_str().unwrap(), broken.to_str().unwrap());
    let cases = [
        ("nowhere", "cannot read nowhere: No such file or directory (os error 2)".to_owned()),
        (empty, format!("{empty} contains no apiproxy/ or sharedflowbundle/ folder")),
    ];
    for (path, message) in cases {
        let run = run(&["check", "weather", path]);
        assert_eq!((run.status, run.output.as_str()), (2, ""), "{path}");
        assert_eq!(run.errors, format!("envoy-callout: {message}\n"));
    }
    let run = run(&["check", broken]);
    assert_eq!(run.status, 2);
    assert!(run.errors.starts_with(&format!("envoy-callout: cannot unpack {broken}: ")), "{}", run.errors);
}

#[test]
fn only_terminals_get_colours() {
    let plain = run(&["check", "sap"]);
    assert!(!plain.output.contains('\u{1b}'));
    let forced = run_with(&["check", "sap"], &[("CLICOLOR_FORCE", "1")]);
    assert!(forced.output.contains('\u{1b}'));
    let suppressed = run_with(&["check", "sap"], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]);
    assert_eq!(suppressed.output, plain.output);
}
