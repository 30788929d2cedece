//! From WeChat: stores batches and brings their items into rooms.

pub(super) mod ingest;
pub(super) mod lost_media;
pub(super) mod media;
pub(super) mod message;
pub(super) mod place;
pub(super) mod quote;
pub(super) mod recall;
