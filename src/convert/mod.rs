//! Content of one side to content of the other. Pure.
//!
//! - [`text`]: Matrix HTML to plain text, what WeChat must not see, parts under the limit.
//! - [`from_matrix`]: a Matrix message to the texts that WeChat gets, or why there are none.

pub mod from_matrix;
pub mod text;
