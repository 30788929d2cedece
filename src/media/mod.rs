//! The decoding and conversion of untrusted media, in processes of their own.
//!
//! [`Workers`] is the bridge's side: it starts one process per medium and checks everything that
//! comes back. [`run_worker`] is that process: this program again, which first drops everything
//! except its own memory and two open files, and only then reads the bytes. Codecs, some of them
//! written in C, run only there. Knows nothing of Matrix or WeChat.

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
mod turns;
mod video;
mod voice;
mod wav;
mod worker;
mod workers;

pub use self::{
    job::{MediaJob, Sandbox, WorkError},
    refusal::{MediaRefusal, Unreadable},
    report::{
        MediaReport,
        image::{ImageFormat, ImageReport, ThumbnailReport},
        video::VideoReport,
        voice::{VoiceMime, VoiceReport},
    },
    worker::{WORKER, run_worker},
    workers::{Done, Workers},
};
