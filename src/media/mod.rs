//! Strangers' media: bytes in, bytes out, in a process of its own.
//!
//! [`Workers`] is the bridge's side: it starts one process per medium and believes nothing that
//! comes back. [`run_worker`] is that process: the same program, which first gives up everything
//! but its own memory and two open files, and only then looks at the bytes. Codecs, some of them
//! written in C, run there and nowhere else. Never heard of Matrix or WeChat.

mod answer;
pub mod decode;
mod image;
mod input;
mod job;
pub mod name;
mod opus;
pub mod pcm;
mod refusal;
mod report;
mod sandbox;
pub mod silk;
pub mod sniff;
mod span;
mod video;
mod voice;
mod wav;
mod worker;
mod workers;

pub use self::{
    job::{Job, Sandbox, WorkError},
    refusal::{Refusal, Unreadable},
    report::{
        Report,
        image::{ImageFormat, ImageReport, ThumbnailReport},
        video::VideoReport,
        voice::{VoiceMime, VoiceReport},
    },
    worker::{WORKER, run_worker},
    workers::{Done, Workers},
};
