//! The exit codes of the program.

use std::{fmt, process::ExitCode};

use matrix_appservice_wechat::{
    bridge::{Death, StartError},
    config, store,
};

/// The causes of an unwanted end, each with an exit code of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    ConfigUnreadable = 10,
    ConfigInvalid = 11,
    StoreInUse = 12,
    StoreDamaged = 13,
    TokenRefused = 14,
    CannotListen = 15,
    FileRefused = 16,
    StoreUnusable = 17,
    StoreNewer = 18,
    BotRefused = 19,
    IlinkOptions = 20,
    Unwell = 21,
    Internal = 70,
}

/// The reason why the program ends: an exit code for machines and a sentence for people.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    why: anyhow::Error,
}

impl Failure {
    pub(crate) fn new(exit: Exit, why: impl Into<anyhow::Error>) -> Self {
        Self { exit, why: why.into() }
    }

    /// Makes a failure from a sentence without a cause.
    pub(crate) fn sentence(
        exit: Exit,
        why: impl fmt::Display + fmt::Debug + Send + Sync + 'static,
    ) -> Self {
        Self { exit, why: anyhow::Error::msg(why) }
    }

    /// Logs the sentence, or prints it where the log would not show it, and returns the code.
    pub(crate) fn tell(self) -> ExitCode {
        let Self { exit, why } = self;
        let code = exit as u8;
        if tracing::enabled!(tracing::Level::ERROR) {
            tracing::error!(code, "{why:#}");
        } else {
            eprintln!("{}: {why:#}", env!("CARGO_PKG_NAME"));
        }
        ExitCode::from(code)
    }
}

impl From<config::Error> for Failure {
    fn from(why: config::Error) -> Self {
        let exit = match why {
            config::Error::Unreadable { .. } => Exit::ConfigUnreadable,
            config::Error::Invalid(_) => Exit::ConfigInvalid,
        };
        // The sentence already contains its cause, which a chain would repeat.
        Self::sentence(exit, why.to_string())
    }
}

impl From<store::Error> for Failure {
    fn from(why: store::Error) -> Self {
        let exit = match why {
            store::Error::InUse { .. } => Exit::StoreInUse,
            store::Error::Damaged { .. } => Exit::StoreDamaged,
            store::Error::Newer { .. } => Exit::StoreNewer,
            store::Error::Io { .. } | store::Error::Failed { .. } => Exit::StoreUnusable,
            store::Error::Exposed { .. } | store::Error::Sealed { .. } => Exit::FileRefused,
            store::Error::Closed => Exit::Internal,
        };
        Self::new(exit, why)
    }
}

impl From<StartError> for Failure {
    fn from(why: StartError) -> Self {
        match why {
            StartError::Store(why) => Self::from(why),
            StartError::Ilink(_) => Self::new(Exit::IlinkOptions, why),
            StartError::Config(_) | StartError::Homeserver(_) => {
                Self::new(Exit::ConfigInvalid, why)
            }
            StartError::Listener(_) => Self::new(Exit::CannotListen, why),
        }
    }
}

impl From<&Death> for Failure {
    fn from(why: &Death) -> Self {
        match why {
            Death::Store(why) => Self::from(why.clone()),
            Death::Keys(why) => Self::sentence(Exit::StoreUnusable, why.to_string()),
            Death::TokenRefused => Self::sentence(Exit::TokenRefused, why.to_string()),
            Death::BotRefused(_) | Death::NoDevices(_) => {
                Self::sentence(Exit::BotRefused, why.to_string())
            }
        }
    }
}

/// Returns the table of exit codes for `--help`.
pub(crate) fn table() -> String {
    let rows = CODES.iter().map(|(code, meaning)| format!("\n  {code:>2}  {meaning}"));
    rows.fold("Exit codes:".to_owned(), |text, row| text + row.as_str())
}

const CODES: &[(u8, &str)] = &[
    (0, "done, or stopped by a signal"),
    (2, "the arguments are wrong"),
    (Exit::ConfigUnreadable as u8, "the configuration cannot be read"),
    (Exit::ConfigInvalid as u8, "the configuration has mistakes"),
    (Exit::StoreInUse as u8, "the store is in use by another process"),
    (Exit::StoreDamaged as u8, "the store is damaged"),
    (Exit::TokenRefused as u8, "the homeserver refuses as_token"),
    (Exit::CannotListen as u8, "the address in appservice.listen cannot be used"),
    (Exit::FileRefused as u8, "the file to export to or import from is refused"),
    (Exit::StoreUnusable as u8, "the store cannot be read or written"),
    (Exit::StoreNewer as u8, "the store was written by a newer version"),
    (Exit::BotRefused as u8, "the homeserver refuses the bot user, or makes no device for it"),
    (Exit::IlinkOptions as u8, "the options in [ilink] cannot be used"),
    (Exit::Unwell as u8, "doctor has found something wrong"),
    (Exit::Internal as u8, "an error inside the bridge"),
];
