//! The kinds of rooms in which a command is sent.

/// The kind of room in which a command is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommandScope {
    /// The room of a contact; `own` when the sender may manage it.
    Portal {
        own: bool,
    },
    Management,
    /// A room with several contacts.
    Group,
    Other,
}
