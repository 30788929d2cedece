//! `[encryption]`: whether the bridge reads and writes in encrypted rooms.

use super::section::{ConfigSection, Told};

/// `[encryption]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encryption {
    /// Whether the bridge reads and writes in encrypted rooms.
    pub allow: bool,
}

pub(super) fn encryption(section: &mut ConfigSection<'_>) -> Result<Encryption, Told> {
    Ok(Encryption { allow: section.flag("allow", true)? })
}
