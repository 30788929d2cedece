//! `config.toml` to checked values.
//!
//! Knows the file, its keys and what each may hold; every mistake is collected with its line and
//! its cure. Opens no connection and decides nothing about chats.

mod appservice;
mod document;
mod double_puppet;
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

/// Everything the administrator chooses.
#[derive(Debug, Clone)]
pub struct Config {
    /// The homeserver that the bridge belongs to.
    pub homeserver: Homeserver,
    /// The bridge as the homeserver sees it.
    pub appservice: Appservice,
    /// What people see, and who may use it.
    pub bridge: Bridge,
    /// How WeChat is reached.
    pub ilink: Ilink,
    /// How fast messages go to WeChat.
    pub delivery: Delivery,
    /// How pictures, voices and files are carried.
    pub media: Media,
    /// Who may link contacts by programs.
    pub provisioning: Provisioning,
    /// Whether users join their rooms without accepting.
    pub double_puppet: DoublePuppet,
    /// Where the bridge keeps what must survive a crash.
    pub store: Store,
    /// What is logged, and in which form.
    pub log: Log,
}

/// `[homeserver]`
#[derive(Debug, Clone)]
pub struct Homeserver {
    /// Where its client API answers; without a slash at the end of the path.
    pub url: Url,
    /// The part of its users' ids behind the colon.
    pub server_name: OwnedServerName,
}

/// `[bridge]`
#[derive(Debug, Clone)]
pub struct Bridge {
    /// What a command begins with outside a management room.
    pub command_prefix: String,
    /// The language of users who have chosen none.
    pub language: Language,
    /// What ghosts are called.
    pub display_name: DisplayName,
    /// Where people reach the bridge's pages from outside, without a slash at the end; no link
    /// page is offered without it.
    pub public_url: Option<String>,
    /// Whether phones show that somebody is typing.
    pub typing: bool,
    /// Whether each user gets a space with the rooms of their contacts.
    pub personal_space: bool,
    /// Who may do what.
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
    /// The language with this code: `en` or `zh`.
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "en" => Some(Self::En),
            "zh" => Some(Self::Zh),
            _ => None,
        }
    }

    /// Its code, which [`Language::parse`] reads.
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }
}

/// A template for the names of ghosts; holds `{name}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisplayName(String);

/// `[ilink]`
#[derive(Debug, Clone)]
pub struct Ilink {
    /// The fixed host, where every login begins (docs/protocol.md §2).
    pub api_base: Url,
    /// Where pictures, voices and files lie.
    pub cdn_base: Url,
    /// Hosts that answers may point to beside Tencent's own; `*.` in front means every host below.
    pub allow_hosts: Vec<String>,
    /// `host` or `host:port` that may be spoken to without TLS.
    pub plain_http: Vec<String>,
    /// Certificates (PEM) to trust beside the built-in ones.
    pub extra_ca_file: Option<PathBuf>,
    /// The proxy towards WeChat; `None` is a direct connection, whatever the environment says.
    pub proxy: Option<ProxyUrl>,
    /// What the bridge calls itself towards Tencent.
    pub bot_agent: String,
}

secret_kind! {
    /// The address of a proxy, which may hold a password.
    ProxyUrl
}

/// `[delivery]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// The pause between two messages to one contact; zero is none.
    pub interval: Duration,
    /// How many messages to one contact go without that pause after a quiet time.
    pub burst: NonZeroU32,
    /// Whether short messages go out as one when more wait than may be sent.
    pub merge: bool,
    /// Whether rooms hear that few sends are left and that the reply window closes.
    pub warn: bool,
    /// Whether the new words of a message that was sent follow it.
    pub edits: bool,
    /// Whether reactions are told to the contact in words.
    pub reactions: bool,
}

/// `[media]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Media {
    /// How large a file from WeChat may be, in bytes.
    pub max_download: u64,
    /// How large a file to WeChat may be, in bytes.
    pub max_upload: u64,
    /// What a voice message becomes in WeChat.
    pub voice_out: VoiceOut,
    /// How many media are looked at or converted at once, each in a process of its own.
    pub workers: NonZeroU32,
}

/// What a Matrix voice message becomes in WeChat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoiceOut {
    /// An audio file, which every phone shows.
    File,
    /// A voice item in SILK, which phones have not shown since June 2026.
    Silk,
}

/// `[store]`
#[derive(Debug, Clone)]
pub struct Store {
    /// The folder of the data.
    pub path: PathBuf,
}

/// `[log]`
#[derive(Debug, Clone)]
pub struct Log {
    /// Levels, in the form of `tracing`'s filters.
    pub filter: String,
    /// How a line looks.
    pub format: LogFormat,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object per line, for collectors.
    Json,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read at all.
    #[error(
        "{} cannot be read: {source}. Name the right file with --config, or copy config.example.toml to begin with", path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file can be read and holds mistakes.
    #[error("{0}")]
    Invalid(Problems),
}

impl Config {
    /// Reads the file at `path` with `env` on top, where `WECHAT_BRIDGE__SECTION__KEY` stands for a
    /// key; relative paths in it count from the file's folder.
    ///
    /// # Errors
    /// Every mistake at once. None of them repeats a secret or a line of the file.
    pub fn load(
        path: &Path,
        env: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Error> {
        read(path, env, Purpose::Run)
    }

    /// Like [`Config::load`], but lets the example's tokens pass, so that a registration can be
    /// shown before tokens are chosen.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn for_registration(
        path: &Path,
        env: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Error> {
        read(path, env, Purpose::Registration)
    }

    /// Like [`Config::for_registration`], but wants the token of the second registration.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn for_puppet_registration(
        path: &Path,
        env: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Error> {
        read(path, env, Purpose::PuppetRegistration)
    }

    /// How the ghosts of this configuration are named.
    pub fn ghost_names(&self) -> GhostNames {
        GhostNames::new(&self.appservice.ghost_prefix, self.homeserver.server_name.clone())
    }

    /// What the homeserver has to know about this bridge.
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

    /// What the homeserver has to know for the bridge to act for its users, where it is to do so.
    pub fn puppet_registration(&self) -> Option<PuppetRegistration<'_>> {
        Some(PuppetRegistration {
            id: &self.appservice.id,
            as_token: self.double_puppet.as_token.as_ref()?,
            sender_localpart: &self.appservice.sender_localpart,
            server_name: self.homeserver.server_name.as_str(),
        })
    }

    /// Whether a token is still the one that the example shows.
    pub fn has_example_tokens(&self) -> bool {
        let tokens = [self.appservice.as_token.expose(), self.appservice.hs_token.expose()];
        let more = self.double_puppet.as_token.as_ref().map(AsToken::expose);
        tokens.into_iter().chain(more).any(token::is_example)
    }
}

impl DisplayName {
    /// The name of the ghost of somebody called `name`.
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
