//! The WeChat side: HTTP and JSON as Tencent speaks them. Never heard of Matrix.

pub mod agent;
pub mod error;
pub mod host;

pub use error::{Error, Retry};
pub use host::{ApiBase, HostRules};
