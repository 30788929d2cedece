//! The purpose for which a configuration is read.

/// The purpose for which a configuration is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Run,
    Registration,
    PuppetRegistration,
}
