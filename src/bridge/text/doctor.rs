//! The findings of `doctor`, and how each is judged.

use super::Cause;

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoctorVerdict {
    /// Everything is right.
    Well,
    /// There is something to know, and nothing to change.
    Note,
    /// Something has to be changed.
    Wrong,
}

/// A finding of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    Homeserver { version: String },
    HomeserverAway { url: String, why: Cause },
    Token { bot: String },
    TokenRefused,
    BotOutside { bot: String, why: Cause },
    Ghosts,
    GhostsOutside { ghost: String, why: Cause },
    Puppets,
    PuppetsRefused { why: Cause },
    Registration { file: String },
    RegistrationDiffers { file: String, keys: String },
    RegistrationUnreadable { file: String, why: Cause },
    Reached { millis: u128, running: bool },
    NotReached { url: String, why: Cause },
    ReachedStranger { url: String },
    OtherRegistration { id: String },
    NoAddress,
    CannotListen { address: String, why: Cause },
    Ilink { host: String },
    IlinkAway { host: String, why: Cause },
    IlinkUnusable { why: Cause },
    Polls { polling: usize },
    StalePolls { polling: usize, stale: usize },
    Store { logins: usize },
    StoreNew { path: String },
    StoreInUse { by_us: bool },
    StoreOfOther { path: String },
    StoreRefused { why: Cause },
    Disk { free_mib: u64 },
    DiskFull { path: String, free_mib: u64, wanted_mib: u64 },
    Clock { of: Server },
    ClockOff { of: Server, seconds: u64, ahead: bool },
    Sandbox,
    SandboxMissing { why: Cause },
    NoSandboxHere { why: Cause },
    Page { url: String },
    PageAway { url: String, why: Cause },
    PageIsNotOurs { url: String, status: u16 },
    PageOpen { url: String },
    EncryptionOff,
    KeysStarting,
    NoKeys { here: bool },
    Keys { identity: String, slow: bool },
    KeysWrong,
    KeysStale { seconds: u64 },
}

/// The server with whose clock the bridge's own is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    Homeserver,
    Wechat,
}

impl Found {
    /// Returns the result of the check.
    pub(crate) fn verdict(&self) -> DoctorVerdict {
        match self {
            Self::Homeserver { .. }
            | Self::Token { .. }
            | Self::Ghosts
            | Self::Puppets
            | Self::Registration { .. }
            | Self::Reached { .. }
            | Self::Ilink { .. }
            | Self::Polls { .. }
            | Self::Store { .. }
            | Self::StoreInUse { by_us: true }
            | Self::Disk { .. }
            | Self::Clock { .. }
            | Self::Sandbox
            | Self::Page { .. }
            | Self::Keys { .. } => DoctorVerdict::Well,
            Self::StoreNew { .. }
            | Self::StoreInUse { by_us: false }
            | Self::StoreOfOther { .. }
            | Self::NoSandboxHere { .. }
            | Self::EncryptionOff
            | Self::KeysStarting
            | Self::NoKeys { here: false } => DoctorVerdict::Note,
            Self::HomeserverAway { .. }
            | Self::TokenRefused
            | Self::BotOutside { .. }
            | Self::GhostsOutside { .. }
            | Self::PuppetsRefused { .. }
            | Self::RegistrationDiffers { .. }
            | Self::RegistrationUnreadable { .. }
            | Self::NotReached { .. }
            | Self::ReachedStranger { .. }
            | Self::OtherRegistration { .. }
            | Self::NoAddress
            | Self::CannotListen { .. }
            | Self::IlinkAway { .. }
            | Self::IlinkUnusable { .. }
            | Self::StalePolls { .. }
            | Self::StoreRefused { .. }
            | Self::DiskFull { .. }
            | Self::ClockOff { .. }
            | Self::SandboxMissing { .. }
            | Self::PageAway { .. }
            | Self::PageIsNotOurs { .. }
            | Self::PageOpen { .. }
            | Self::NoKeys { here: true }
            | Self::KeysWrong
            | Self::KeysStale { .. } => DoctorVerdict::Wrong,
        }
    }
}
