//! The WeChat side: Tencent's HTTP and JSON. Knows nothing of Matrix.
//!
//! In reading order:
//! - [`options`]: how iLink is reached. [`client`]: one method per endpoint; `http` below it speaks
//!   to the server.
//! - [`wire`]: the requests as they are sent. [`answer`]: the answers; `fields` reads leniently.
//! - [`message`], [`body`], [`quote`]: checked messages. [`dedupe`]: how repeated ones are
//!   recognised.
//! - [`media`], [`cdn`], [`upload`]: where files lie, how they are downloaded and uploaded; [`key`]
//!   and [`cipher`] decrypt and encrypt them.
//! - [`updates`], [`backoff`]: one answer of the long poll, and what follows it.
//! - [`login`]: the QR login as a state machine, and the loop around it.
//! - [`host`], [`agent`], [`error`]: the allowed hosts, the bridge's name, what can go wrong.

pub mod client;
mod http;
pub mod options;
pub mod wire;

pub mod answer;
mod fields;

pub mod body;
pub mod dedupe;
pub mod message;
pub mod quote;

pub mod cdn;
pub mod cipher;
pub mod key;
pub mod media;
mod reopen;
mod time;
pub mod upload;
pub mod uploaded;

pub mod backoff;
pub mod login;
pub mod updates;

pub mod agent;
pub mod error;
pub mod host;

pub use answer::{Accepted, QrCode, QrId, QrStatus, TypingTicket, UploadUrl};
pub use backoff::{Backoff, Next};
pub use body::{Body, CdnMedia, File, Image, MediaBody, Video, Voice};
pub use cdn::CdnError;
pub use client::{ApiSession, Client, SHORTEST_POLL};
pub use error::{Error, Retry};
pub use host::{ApiBase, HostRules};
pub use key::AesKey;
pub use login::{Credentials, LoginEvent, LoginFailure, LoginPatience, LoginProcess, VerifyCode};
pub use media::{Mismatch, RemoteMedia};
pub use message::{Item, MalformedMessage, Message, SenderKind};
pub use options::{Options, Patience};
pub use quote::{PartialText, Quote};
pub use time::plausible;
pub use updates::Updates;
pub use uploaded::{UploadKind, UploadRequest, Uploaded};
pub use wire::{OutboundItem, OutboundMessage};
