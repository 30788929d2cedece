//! What the bridges of a story log, kept until the story ends and printed when it fails.

use std::{
    collections::HashMap,
    io::{self, Write},
    sync::{LazyLock, Mutex, MutexGuard, Once},
};

use tokio::runtime::{Handle, Id};
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

/// Each story has a runtime of its own, and its bridges run there.
static LINES: LazyLock<Mutex<HashMap<Id, Vec<u8>>>> = LazyLock::new(Mutex::default);

/// Begins to keep what bridges log, once for the whole process.
pub(super) fn keep() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new("off,matrix_appservice_wechat=debug"))
            .with_ansi(false)
            .with_writer(ByStory)
            .init();
    });
}

/// Takes what the bridges of this story have logged.
pub(super) fn take() -> String {
    let story = Handle::try_current().map(|runtime| runtime.id());
    let lines = story.ok().and_then(|story| lines().remove(&story)).unwrap_or_default();
    String::from_utf8_lossy(&lines).into_owned()
}

struct ByStory;

/// Where one line goes.
struct Line(Option<Id>);

impl MakeWriter<'_> for ByStory {
    type Writer = Line;

    fn make_writer(&self) -> Line {
        Line(Handle::try_current().ok().map(|runtime| runtime.id()))
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(story) = self.0 {
            lines().entry(story).or_default().extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lines() -> MutexGuard<'static, HashMap<Id, Vec<u8>>> {
    LINES.lock().unwrap()
}
