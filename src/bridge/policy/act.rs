//! What somebody may want to do with a chat.

/// One thing that somebody does in a room with contacts, or to the bridge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// A message, a sticker, a poll or a file that a contact has not had.
    FirstSend,
    /// New words for an earlier message.
    Edit,
    /// An earlier message once more, by 🔁 or `retry`.
    Resend,
    /// Taking a message back by its redaction.
    Redaction,
    Reaction,
    /// A message in a thread.
    Thread,
    /// A message that answers another.
    Reply,
    Typing,
    /// Any command; what each needs more stands in the table of commands.
    Command,
    /// Another name for the contact, by the name of the room.
    Rename,
    /// Another picture for the contact, by the picture of the room.
    Picture,
    /// The end of the room, with or without one that replaces it.
    Tombstone,
    /// An invitation of the bot or of a ghost.
    Invitation,
    /// A look at what waits.
    Queue,
    /// Taking back what waits, by `queue drop`.
    Drop,
    /// Having what waits go out as few messages.
    Merge,
}
