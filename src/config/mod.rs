//! The configuration: `config.toml` and the environment, read into checked values.
//!
//! Knows the file, its keys and their values; all mistakes are collected, each with its line and
//! how to fix it. Opens no connection and decides nothing about chats.

mod appservice;
mod document;
mod double_puppet;
mod encryption;
mod keys;
mod permission;
mod problem;
mod provisioning;
mod purpose;
mod section;
mod token;
mod value;

use std::{
    ffi::OsString,
    io,
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};

pub use appservice::Appservice;
pub use double_puppet::DoublePuppet;
pub use encryption::Encryption;
pub use permission::{Level, Permissions};
pub use problem::{Problem, Problems};
pub use provisioning::Provisioning;
use ruma::OwnedServerName;
use url::Url;
use zeroize::Zeroizing;

use self::{document::Document, purpose::Purpose};
use crate::{
    id::GhostNames,
    matrix::{
        AsToken,
        registration::{PuppetRegistration, Registration},
    },
    secret::secret_kind,
};

/// The configuration of the bridge.
#[derive(Debug, Clone)]
pub struct Config {
    /// The homeserver that the bridge belongs to.
    pub homeserver: HomeserverConfig,
    /// The bridge as the homeserver sees it.
    pub appservice: Appservice,
    /// The settings of rooms and users.
    pub bridge: BridgeConfig,
    /// The settings of the connection to WeChat.
    pub ilink: Ilink,
    /// The pace of messages to WeChat.
    pub delivery: Delivery,
    /// The settings of images, voice messages, videos and files.
    pub media: MediaConfig,
    /// Whether programs may link contacts, and how they authorise themselves.
    pub provisioning: Provisioning,
    /// Whether the bridge joins rooms in the name of its users.
    pub double_puppet: DoublePuppet,
    /// Whether encrypted rooms are read and written.
    pub encryption: Encryption,
    /// The folder of the store.
    pub store: StoreConfig,
    /// The filter and the format of the log.
    pub log: Log,
}

/// The section `[homeserver]`.
#[derive(Debug, Clone)]
pub struct HomeserverConfig {
    /// The address of the client API, without a slash at the end of the path.
    pub url: Url,
    /// The server name, which is the part of user ids behind the colon.
    pub server_name: OwnedServerName,
}

/// The section `[bridge]`.
#[derive(Debug, Clone)]
pub struct BridgeConfig {
    /// The prefix of a command outside a management room.
    pub command_prefix: String,
    /// The language of users who have chosen none.
    pub language: Language,
    /// The template of the ghosts' display names.
    pub display_name: DisplayName,
    /// The public address of the bridge's pages, without a slash at the end; without it no link
    /// page is offered.
    pub public_url: Option<String>,
    /// Whether phones show that a member of the room is typing.
    pub typing: bool,
    /// Whether each user gets a space with the rooms of their contacts.
    pub personal_space: bool,
    /// The permission levels of users.
    pub permissions: Permissions,
}

/// The languages of the bridge's own sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    Zh,
}

impl Language {
    /// Returns the language with this code: `en` or `zh`.
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "en" => Some(Self::En),
            "zh" => Some(Self::Zh),
            _ => None,
        }
    }

    /// Returns the code that [`Language::parse`] reads.
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }
}

/// A template for the display names of ghosts, which contains `{name}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisplayName(String);

/// The section `[ilink]`.
#[derive(Debug, Clone)]
pub struct Ilink {
    /// The fixed host, where every login begins (docs/protocol.md §2).
    pub api_base: Url,
    /// The CDN, where images, voice messages, videos and files lie.
    pub cdn_base: Url,
    /// Further hosts that WeChat's answers may name; a leading `*.` means every host below.
    pub allow_hosts: Vec<String>,
    /// Hosts (`host` or `host:port`) that may be reached without TLS.
    pub plain_http: Vec<String>,
    /// Certificates (PEM) that are trusted in addition to the built-in ones.
    pub extra_ca_file: Option<PathBuf>,
    /// The proxy for WeChat; `None` is a direct connection, whatever the environment says.
    pub proxy: Option<ProxyUrl>,
    /// The `bot_agent` that is sent to Tencent.
    pub bot_agent: String,
}

secret_kind! {
    /// The address of a proxy, which may contain a password.
    ProxyUrl
}

/// The section `[delivery]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// The pause between two messages to one contact; zero means none.
    pub interval: Duration,
    /// The number of messages to one contact that are sent without that pause after a quiet time.
    pub burst: NonZeroU32,
    /// Whether short messages are sent as one when more wait than may be sent.
    pub merge: bool,
    /// Whether the bot warns in the room that few sends are left and that the reply window closes.
    pub warn: bool,
    /// Whether an edit of a message that was sent is sent as a new message.
    pub edits: bool,
    /// Whether reactions are described to the contact in words.
    pub reactions: bool,
}

/// The section `[media]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaConfig {
    /// The greatest size of a file from WeChat, in bytes.
    pub max_download: u64,
    /// The greatest size of a file to WeChat, in bytes.
    pub max_upload: u64,
    /// The form of a voice message in WeChat.
    pub voice_out: VoiceOut,
    /// The number of worker processes that decode and convert media at once.
    pub workers: NonZeroU32,
}

/// The form of a Matrix voice message in WeChat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoiceOut {
    /// An audio file, which every phone plays.
    File,
    /// A voice item in SILK, which phones have not displayed since June 2026.
    Silk,
}

/// The section `[store]`.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// The folder of the data.
    pub path: PathBuf,
}

/// The section `[log]`.
#[derive(Debug, Clone)]
pub struct Log {
    /// The log levels, as a filter of `tracing`.
    pub filter: String,
    /// The format of a log line.
    pub format: LogFormat,
}

/// The format of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text for people.
    Pretty,
    /// One JSON object per line, for collectors.
    Json,
}

/// The reason why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error(
        "{} cannot be read: {source}. Name the right file with --config, or copy config.example.toml to begin with", path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The file was read and contains mistakes.
    #[error("{0}")]
    Invalid(Problems),
}

impl Config {
    /// Reads the file at `path` and lays `env` over it, in which `WECHAT_BRIDGE__SECTION__KEY`
    /// stands for a key. Relative paths start at the file's folder.
    ///
    /// # Errors
    /// All mistakes at once. None of them contains a secret or a line of the file.
    pub fn load(
        path: &Path,
        env: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Error> {
        read(path, env, Purpose::Run)
    }

    /// Reads the file like [`Config::load`], but accepts the example's tokens, so that a
    /// registration can be printed before tokens are chosen.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn for_registration(
        path: &Path,
        env: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Error> {
        read(path, env, Purpose::Registration)
    }

    /// Reads the file like [`Config::for_registration`], but requires the token of the second
    /// registration.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn for_puppet_registration(
        path: &Path,
        env: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Error> {
        read(path, env, Purpose::PuppetRegistration)
    }

    /// Returns the naming of ghosts.
    pub fn ghost_names(&self) -> GhostNames {
        GhostNames::new(&self.appservice.ghost_prefix, self.homeserver.server_name.clone())
    }

    /// Returns the registration of the bridge for the homeserver.
    pub fn registration(&self) -> Registration<'_> {
        let appservice = &self.appservice;
        Registration {
            id: &appservice.id,
            url: &appservice.url,
            as_token: &appservice.as_token,
            hs_token: &appservice.hs_token,
            sender_localpart: &appservice.sender_localpart,
            bot: appservice.bot.localpart(),
            ghost_prefix: &appservice.ghost_prefix,
            server_name: self.homeserver.server_name.as_str(),
        }
    }

    /// Returns the second registration, which lets the bridge act for its users, when it is
    /// configured.
    pub fn puppet_registration(&self) -> Option<PuppetRegistration<'_>> {
        Some(PuppetRegistration {
            id: &self.appservice.id,
            as_token: self.double_puppet.as_token.as_ref()?,
            sender_localpart: &self.appservice.sender_localpart,
            server_name: self.homeserver.server_name.as_str(),
        })
    }

    /// Returns whether a token is still the one of the example.
    pub fn has_example_tokens(&self) -> bool {
        let tokens = [self.appservice.as_token.expose(), self.appservice.hs_token.expose()];
        let more = self.double_puppet.as_token.as_ref().map(AsToken::expose);
        tokens.into_iter().chain(more).any(token::is_example)
    }
}

impl DisplayName {
    /// Returns the display name of the ghost of a contact called `name`.
    pub fn of(&self, name: &str) -> String {
        self.0.replace(NAME_SLOT, name)
    }
}

fn read(
    path: &Path,
    env: impl IntoIterator<Item = (OsString, OsString)>,
    purpose: Purpose,
) -> Result<Config, Error> {
    let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(unreadable)?);
    let mut document = Document::parse(path, &text, env);
    let config = keys::config(&mut document, purpose);
    let problems = document.finish();
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        Some(_) | None => Err(Error::Invalid(problems)),
    }
}

const NAME_SLOT: &str = "{name}";

#[cfg(test)]
mod tests;
