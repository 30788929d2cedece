//! The conversion of content between the two sides; pure functions.
//!
//! - [`emoji`]: WeChat's emoji names to Unicode.
//! - [`text`]: Matrix HTML to plain text, characters that WeChat cannot show, parts under the
//!   limit.
//! - [`from_matrix`]: the text that WeChat receives for a Matrix message, or the reason for none.
//! - [`name`]: the name of a person in a line that tells who speaks.
//! - [`place`]: a location as words and a link.
//! - [`quote`]: the quoted message as a line above a reply.
//! - [`qr`]: a text as a QR code that a phone can read from a screen.

pub mod emoji;
pub mod from_matrix;
pub mod name;
pub mod place;
pub mod qr;
pub mod quote;
pub mod text;

pub use emoji::faces_to_unicode;
pub use from_matrix::{NotBridged, OtherKind, message_text};
pub use name::{name, name_or, shows_nothing, told_apart, visible};
pub use place::place_text;
pub use qr::{Qr, qr_png, qr_svg};
pub use quote::quote_line;
pub use text::{WECHAT_TEXT_LIMIT, safe_for_wechat, split, split_led};
