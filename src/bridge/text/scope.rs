//! The kinds of rooms in which a command can stand.

/// The kind of room in which a command stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommandScope {
    /// The room of a contact, and whether the one who asks may look after it.
    Portal {
        own: bool,
    },
    Management,
    /// A room with contacts that were brought into it.
    Group,
    Other,
}
