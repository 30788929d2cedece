//! The WeChat side: HTTP and JSON as Tencent speaks them. Never heard of Matrix.

pub mod client;
mod http;
pub mod wire;

pub mod answer;
mod fields;

pub mod body;
pub mod dedupe;
pub mod message;
pub mod quote;

pub mod login;
pub mod updates;

pub mod agent;
pub mod error;
pub mod host;

pub use answer::{Accepted, QrCode, QrId, QrStatus, TypingTicket};
pub use body::{Body, CdnMedia, File, Image, Video, Voice};
pub use client::{Client, Options, Session};
pub use error::{Error, Retry};
pub use host::{ApiBase, HostRules};
pub use login::{Credentials, LoginEvent, LoginFailure, VerifyCode};
pub use message::{Item, Malformed, Message, SenderKind};
pub use quote::{PartialText, Quote};
pub use updates::Updates;
pub use wire::{OutboundItem, OutboundMessage};
