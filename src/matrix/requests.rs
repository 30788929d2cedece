//! Counters of how requests to the homeserver ended.

use std::sync::atomic::{AtomicU64, Ordering};

use super::error::Error;

#[derive(Debug, Default)]
pub(super) struct Requests([AtomicU64; RESULTS.len()]);

impl Requests {
    pub(super) fn note<T>(&self, answer: &Result<T, Error>) {
        let result = match answer {
            Ok(_) => Some("ok"),
            Err(error) => code(error),
        };
        let at = RESULTS.iter().position(|known| Some(*known) == result);
        if let Some(count) = at.and_then(|at| self.0.get(at)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn read(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.0.iter().map(|count| count.load(Ordering::Relaxed));
        RESULTS.into_iter().zip(counts)
    }
}

/// Returns the short name of an error; `None` when the homeserver had no part in it.
fn code(error: &Error) -> Option<&'static str> {
    Some(match error {
        Error::Disk(_) => return None,
        Error::Unreachable(_) | Error::Stalled => "unreachable",
        Error::RateLimited { .. } => "rate_limited",
        Error::Server { .. } => "server_error",
        Error::Garbled { .. } => "garbled",
        Error::TokenRejected
        | Error::Forbidden { .. }
        | Error::NotFound
        | Error::RoomInUse
        | Error::UserInUse
        | Error::UnknownDevice
        | Error::TooLarge
        | Error::Rejected { .. }
        | Error::Unsendable(_)
        | Error::Stopping => "refused",
    })
}

const RESULTS: [&str; 6] =
    ["ok", "unreachable", "rate_limited", "server_error", "garbled", "refused"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_of_a_request_is_counted_under_its_name() {
        let requests = Requests::default();
        requests.note(&Ok(()));
        requests.note::<()>(&Err(Error::NotFound));
        requests.note::<()>(&Err(Error::Forbidden { message: String::new() }));
        requests.note::<()>(&Err(Error::RateLimited { retry_after: None }));
        requests.note::<()>(&Err(Error::Disk(std::io::Error::other("full"))));
        let counted: Vec<_> = requests.read().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counted, [("ok", 1), ("rate_limited", 1), ("refused", 2)]);
    }
}
