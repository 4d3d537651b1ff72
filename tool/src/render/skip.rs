//! `--skip-unsupported`: the steps that the filter skips because it does not run their policy type.

use crate::finding::{Finding, Severity};
use envoy_callout::diagnostic::Code;

/// The option of `check`, `render` and `run`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct SkipArguments {
    /// Skip steps whose policy type the filter does not run, instead of rejecting the bundle
    ///
    /// Policies that authenticate clients, such as OAuthV2 and VerifyAPIKey, are skipped only with
    /// --skip-unsupported=including-authentication. The proxy is then open to every client unless Envoy authenticates.
    #[arg(long, value_enum, value_name = "SCOPE", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "except-authentication")]
    skip_unsupported: Option<Skip>,
}

/// The unsupported policies whose steps are skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Skip {
    /// All that do not authenticate clients
    ExceptAuthentication,
    /// All
    IncludingAuthentication,
}

impl SkipArguments {
    /// Skips every unsupported policy.
    pub(super) const fn all() -> SkipArguments {
        SkipArguments { skip_unsupported: Some(Skip::IncludingAuthentication) }
    }

    /// Whether the filter skips steps.
    pub(crate) fn is_given(self) -> bool {
        self.skip_unsupported.is_some()
    }

    /// A problem of a bundle with the hint about this option. A skipped policy that authenticates clients is an error
    /// unless the option includes it.
    pub(crate) fn adjusted(self, mut finding: Finding) -> Finding {
        if finding.code == Code::AuthenticationNotEnforced.into()
            && self.skip_unsupported != Some(Skip::IncludingAuthentication)
        {
            finding.severity = Severity::Error;
            finding.text.push_str("; --skip-unsupported=including-authentication allows this");
        }
        if finding.code == Code::UnsupportedPolicy.into() && finding.severity == Severity::Error {
            finding.text.push_str("; --skip-unsupported skips its steps");
        }
        finding
    }
}
