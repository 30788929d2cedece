//! The part of HTTP/1.1 that a homeserver and its application service use on one machine.
//!
//! Written by hand because both sides share the machine: its cost would be taken from the bridge.

use anyhow::{Context as _, bail};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::bodies::PIECE;

/// A message: its first line and its body.
#[derive(Debug)]
pub(crate) struct Message<'a> {
    pub(crate) first_line: &'a str,
    pub(crate) body: &'a [u8],
}

/// The bytes of a connection that were read and not used yet.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    bytes: Vec<u8>,
    taken: usize,
}

impl Reader {
    /// Returns the first line of the next message, which is still to be taken; `None` when the
    /// other side has closed the connection between two messages.
    pub(crate) async fn first_line<R: AsyncRead + Unpin>(
        &mut self,
        from: &mut R,
    ) -> anyhow::Result<Option<&str>> {
        let Some(head) = self.head(from).await? else { return Ok(None) };
        let line = find(&self.bytes, b"\r\n").unwrap_or(head);
        Ok(Some(std::str::from_utf8(&self.bytes[..line]).context("the first line")?))
    }

    /// Takes the next message without keeping its body, and returns the length of the body.
    pub(crate) async fn skip<R: AsyncRead + Unpin>(&mut self, from: &mut R) -> anyhow::Result<u64> {
        let head = self.head(from).await?.context("the connection broke off")?;
        let length = content_length(&self.bytes[..head])?;
        let here = (self.bytes.len() - head - 4).min(length);
        self.taken = head + 4 + here;
        let mut body = from.take((length - here) as u64);
        let mut piece = vec![0; PIECE];
        while body.limit() > 0 {
            if body.read(&mut piece).await? == 0 {
                bail!("the connection broke off");
            }
        }
        Ok(length as u64)
    }

    /// Returns the next message; `None` when the other side has closed the connection between two.
    pub(crate) async fn next<R: AsyncRead + Unpin>(
        &mut self,
        from: &mut R,
    ) -> anyhow::Result<Option<Message<'_>>> {
        let Some(head) = self.head(from).await? else { return Ok(None) };
        let begins = head + 4;
        let ends = begins + content_length(&self.bytes[..head])?;
        while self.bytes.len() < ends {
            if from.read_buf(&mut self.bytes).await? == 0 {
                bail!("the connection broke off");
            }
        }
        self.taken = ends;
        let line = find(&self.bytes, b"\r\n").unwrap_or(head);
        let first_line = std::str::from_utf8(&self.bytes[..line]).context("the first line")?;
        Ok(Some(Message { first_line, body: &self.bytes[begins..ends] }))
    }

    /// Reads the head of the next message, and returns its length.
    async fn head<R: AsyncRead + Unpin>(&mut self, from: &mut R) -> anyhow::Result<Option<usize>> {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        loop {
            if let Some(at) = find(&self.bytes, b"\r\n\r\n") {
                return Ok(Some(at));
            }
            if from.read_buf(&mut self.bytes).await? == 0 {
                return Ok(None);
            }
        }
    }
}

/// Returns the position of `wanted`.
pub(crate) fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn content_length(head: &[u8]) -> anyhow::Result<usize> {
    for line in head.split(|byte| *byte == b'\n') {
        let Some((name, value)) = line.split_at_checked(15) else { continue };
        if name.eq_ignore_ascii_case(b"content-length:") {
            return Ok(std::str::from_utf8(value)?.trim().parse()?);
        }
    }
    Ok(0)
}
