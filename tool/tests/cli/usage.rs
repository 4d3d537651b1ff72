//! Arguments, help and exit statuses.

use super::{bundles, run, run_with, scratch, tool};

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
    assert_eq!(commands, ["check", "render", "trace", "run", "diff", "module", "schema", "completions", "man", "help"]);
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

#[test]
fn module_writes_the_module_and_render_names_it() {
    let file = scratch("module").join("own.wasm");
    std::fs::write(&file, b"\0asm\x01\xff").unwrap();
    let name = file.to_str().unwrap();
    for (arguments, environment) in
        [(&["module"][..], &[("CALLOUT_WASM", name)][..]), (&["module", "--module", name], &[])]
    {
        let output = tool(&bundles(), arguments, environment).output().unwrap();
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"\0asm\x01\xff"[..]));
    }
    let render = run_with(&["render", "weather", "log"], &[("CALLOUT_WASM", name)]);
    assert_eq!(render.status, 0, "{}", render.errors);
    assert!(render.output.contains(&format!("filename: {name}\n")), "{}", render.output);
}

#[test]
fn a_missing_module_is_a_usage_error() {
    let missing = "no module at gone.wasm: No such file or directory (os error 2)";
    for arguments in [&["module", "--module", "gone.wasm"][..], &["run", "weather", "log", "--module", "gone.wasm"]] {
        let run = run(arguments);
        assert_eq!((run.status, run.errors), (2, format!("envoy-callout: {missing}\n")), "{arguments:?}");
    }
    let run = run_with(&["render", "weather", "log"], &[("CALLOUT_WASM", "gone.wasm")]);
    assert_eq!((run.status, run.output.as_str()), (2, ""));
    assert!(run.errors.ends_with(&format!("envoy-callout: {missing}\n")), "{}", run.errors);
}

#[test]
fn completions_and_manual_pages_name_every_command() {
    let completions = run(&["completions", "bash"]);
    assert_eq!((completions.status, completions.errors.as_str()), (0, ""));
    assert!(
        completions.output.contains("check render trace run diff module schema completions man help"),
        "{}",
        completions.output
    );
    let folder = scratch("manual").join("man1");
    let pages = run(&["man", folder.to_str().unwrap()]);
    assert_eq!((pages.status, pages.output.as_str(), pages.errors.as_str()), (0, "", ""));
    let mut names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    let commands = ["-check", "-completions", "-diff", "-man", "-module", "-render", "-run", "-schema", "-trace", ""];
    assert_eq!(names, commands.map(|command| format!("envoy-callout{command}.1").into()) as [std::ffi::OsString; 10]);
    let check = std::fs::read_to_string(folder.join("envoy-callout-check.1")).unwrap();
    assert!(check.contains("Check bundles"), "{check}");
}

#[test]
fn the_schemas_are_those_in_the_folder_envoy() {
    for file in ["filter", "environment"] {
        let run = run(&["schema", file]);
        let kept = std::fs::read_to_string(super::project().join(format!("envoy/{file}.schema.json"))).unwrap();
        assert_eq!((run.status, run.output, run.errors.as_str()), (0, kept, ""));
    }
}
