//! What a configuration is read for.

/// What the configuration is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Run,
    Registration,
    PuppetRegistration,
}
