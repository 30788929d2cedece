//! The answer of a worker: a length, a report as JSON, the output, the thumbnail.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::{refusal::MediaRefusal, report::MediaReport};

/// The result of a job.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) report: MediaReport,
    pub(super) output: Option<Vec<u8>>,
    pub(super) thumbnail: Option<Vec<u8>>,
}

/// The head of an answer, with the sizes in bytes of what follows.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) report: MediaReport,
    pub(super) output: Option<u64>,
    pub(super) thumbnail: Option<u64>,
}

/// The greatest length of a report in bytes; a waveform takes about a kilobyte.
const LONGEST: usize = 64 * 1024;
/// The number of bytes that hold the length of a report.
pub(super) const PREFIX: usize = 4;

/// Writes the answer.
pub(super) fn write(made: &Result<Made, MediaRefusal>, mut to: impl Write) -> io::Result<()> {
    let size = |part: &Option<Vec<u8>>| part.as_ref().map(|bytes| bytes.len() as u64);
    let head = made.as_ref().map_err(|refusal| *refusal).map(|made| Head {
        report: made.report.clone(),
        output: size(&made.output),
        thumbnail: size(&made.thumbnail),
    });
    let json = serde_json::to_vec(&head)?;
    let len = u32::try_from(json.len()).map_err(io::Error::other)?;
    to.write_all(&len.to_be_bytes())?;
    to.write_all(&json)?;
    if let Ok(made) = made {
        for part in [&made.output, &made.thumbnail].into_iter().flatten() {
            to.write_all(part)?;
        }
    }
    to.flush()
}

/// Returns the length of the report that follows; `None` when it is too long.
pub(super) fn head_len(prefix: [u8; PREFIX]) -> Option<usize> {
    usize::try_from(u32::from_be_bytes(prefix)).ok().filter(|len| *len <= LONGEST)
}

/// Reads the report of an answer of `total` bytes; `None` when it is not in a worker's form.
pub(super) fn head(json: &[u8], total: u64) -> Option<Result<Head, MediaRefusal>> {
    let head: Result<Head, MediaRefusal> = serde_json::from_slice(json).ok()?;
    let parts = match &head {
        Ok(head) => head.output.unwrap_or(0).checked_add(head.thumbnail.unwrap_or(0))?,
        Err(_) => 0,
    };
    let told = parts.checked_add((PREFIX + json.len()) as u64)?;
    let sound = head.as_ref().map_or(true, |head| head.report.is_sound());
    (told == total && sound).then_some(head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::refusal::Unreadable;

    fn read(answer: &[u8]) -> Option<Result<Head, MediaRefusal>> {
        let (prefix, rest) = answer.split_first_chunk()?;
        head(rest.get(..head_len(*prefix)?)?, answer.len() as u64)
    }

    #[test]
    fn what_is_written_is_read() {
        let mut answer = Vec::new();
        let output = Some(b"abc".to_vec());
        let made = Made { report: MediaReport::Unguarded, output, thumbnail: None };
        write(&Ok(made), &mut answer).unwrap();
        let head = Head { report: MediaReport::Unguarded, output: Some(3), thumbnail: None };
        assert_eq!(read(&answer), Some(Ok(head)));
        answer.push(0);
        assert_eq!(read(&answer), None, "a byte too many");

        let mut answer = Vec::new();
        write(&Err(Unreadable::Kind.into()), &mut answer).unwrap();
        assert_eq!(read(&answer), Some(Err(Unreadable::Kind.into())));
    }

    #[test]
    fn what_no_worker_writes_is_no_answer() {
        assert_eq!(head_len(u32::MAX.to_be_bytes()), None);
        for answer in [&b""[..], b"\0\0\0\x02{}", b"\0\0\0\x40{}", b"running 0 tests\n"] {
            assert_eq!(read(answer), None);
        }
        let json = br#"{"Ok":{"report":"Unguarded","output":18446744073709551615,"thumbnail":9}}"#;
        assert_eq!(head(json, 4 + json.len() as u64 + 8), None, "sizes that overflow");
    }
}
