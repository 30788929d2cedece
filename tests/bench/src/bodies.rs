//! Bodies as large as files, which are never held: they are made while they are sent, and counted
//! while they are received.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use anyhow::ensure;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;

/// The bodies on both sides of the bridge.
#[derive(Debug)]
pub(crate) struct Bodies {
    /// The plain bytes of each file.
    file: AtomicU64,
    /// The number of files that were asked for since the start.
    asked: watch::Sender<usize>,
    /// No file is sent before so many were asked for.
    awaited: AtomicUsize,
    on_the_way: AtomicUsize,
    most: AtomicUsize,
    given: AtomicUsize,
    taken: AtomicUsize,
}

impl Default for Bodies {
    fn default() -> Self {
        Self {
            file: AtomicU64::new(0),
            asked: watch::Sender::new(0),
            awaited: AtomicUsize::new(0),
            on_the_way: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            given: AtomicUsize::new(0),
            taken: AtomicUsize::new(0),
        }
    }
}

impl Bodies {
    /// Sets the size of the next files in bytes, and lets `together` of them begin at one time.
    pub(crate) fn expect(&self, file: u64, together: usize) {
        self.file.store(file, SeqCst);
        self.awaited.store(*self.asked.borrow() + together, SeqCst);
        self.most.store(0, SeqCst);
        self.given.store(0, SeqCst);
        self.taken.store(0, SeqCst);
    }

    /// Returns the plain bytes of a file.
    pub(crate) fn file(&self) -> u64 {
        self.file.load(SeqCst)
    }

    /// Returns how many files were sent to the bridge and received from it, completely, and how
    /// many were sent at once.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        (self.given.load(SeqCst), self.taken.load(SeqCst), self.most.load(SeqCst))
    }

    /// Answers with a file: `piece` repeatedly, and `last` at the end.
    pub(crate) async fn give<W: AsyncWrite + Unpin>(
        &self,
        to: &mut W,
        piece: &[u8],
        last: &[u8],
    ) -> anyhow::Result<()> {
        self.asked.send_modify(|asked| *asked += 1);
        let awaited = self.awaited.load(SeqCst);
        let mut asked = self.asked.subscribe();
        // A bridge that asks for fewer at once is not kept waiting.
        let _ = tokio::time::timeout(TOGETHER, asked.wait_for(|asked| *asked >= awaited)).await;
        self.most.fetch_max(self.on_the_way.fetch_add(1, SeqCst) + 1, SeqCst);
        let written = write(to, self.file(), piece, last).await;
        self.on_the_way.fetch_sub(1, SeqCst);
        written?;
        self.given.fetch_add(1, SeqCst);
        Ok(())
    }

    /// Notes a received file, after checking its length.
    pub(crate) fn took(&self, came: u64, due: u64) -> anyhow::Result<()> {
        ensure!(came == due, "a file of {came} bytes came, not of {due}");
        self.taken.fetch_add(1, SeqCst);
        Ok(())
    }
}

async fn write<W: AsyncWrite + Unpin>(
    to: &mut W,
    file: u64,
    piece: &[u8],
    last: &[u8],
) -> anyhow::Result<()> {
    let length = file + last.len() as u64;
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: {length}\r\n\r\n"
    );
    to.write_all(head.as_bytes()).await?;
    let mut left = file;
    while left > 0 {
        let now = left.min(piece.len() as u64);
        to.write_all(&piece[..usize::try_from(now)?]).await?;
        left -= now;
    }
    to.write_all(last).await?;
    Ok(())
}

const TOGETHER: Duration = Duration::from_secs(10);
/// The bytes of a piece; a multiple of a block.
pub(crate) const PIECE: usize = 256 * 1024;
