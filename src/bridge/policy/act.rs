//! The acts of users in a chat.

/// An act in a room with contacts, or towards the bridge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Sending a message, a sticker, a poll or a file.
    FirstSend,
    /// Editing an earlier message.
    Edit,
    /// Sending an earlier message again, by 🔁 or `retry`.
    Resend,
    /// Redacting a message.
    Redaction,
    Reaction,
    /// Sending a message in a thread.
    Thread,
    /// Replying to a message.
    Reply,
    Typing,
    /// Sending any command; further conditions are in the table of commands.
    Command,
    /// Renaming the contact, by the name of the room.
    Rename,
    /// Changing the contact's avatar, by the avatar of the room.
    Picture,
    /// Ending the room, with or without one that replaces it.
    Tombstone,
    /// Inviting the bot or a ghost.
    Invitation,
    /// Looking at the queue.
    Queue,
    /// Dropping waiting messages, by `queue drop`.
    Drop,
    /// Merging waiting messages into as few as possible.
    Merge,
}
