//! Content of one side to content of the other. Pure.
//!
//! - [`emoji`]: the faces that WeChat writes as names.
//! - [`text`]: Matrix HTML to plain text, what WeChat must not see, parts under the limit.
//! - [`from_matrix`]: a Matrix message to the texts that WeChat gets, or why there are none.
//! - [`name`]: what somebody is called, in a line that says who speaks.
//! - [`place`]: a place on the map as words and a link.
//! - [`quote`]: what a message answers to, as a line above it.
//! - [`qr`]: a text as a QR code that a phone can read off a screen.

pub mod emoji;
pub mod from_matrix;
pub mod name;
pub mod place;
pub mod qr;
pub mod quote;
pub mod text;

pub use emoji::faces_to_unicode;
pub use from_matrix::{Kind, NotBridged, message_text};
pub use name::{name, name_or, shows_nothing, told_apart, visible};
pub use place::place_text;
pub use qr::{Qr, qr_png, qr_svg};
pub use quote::quote_line;
pub use text::{WECHAT_TEXT_LIMIT, safe_for_wechat, split, split_led};
