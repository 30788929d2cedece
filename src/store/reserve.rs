//! A reserve of file descriptors for the store, which has to open files to make anything durable.

use std::{
    fs::File,
    io,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::engine::Fault;

/// Open files without any use, which are closed when the process may open no others.
pub(super) struct Reserve(Mutex<Vec<File>>);

impl Reserve {
    /// Opens as many files as the store can need at once, or as many as it may.
    pub(super) fn take() -> Self {
        let reserve = Self(Mutex::default());
        reserve.fill();
        reserve
    }

    /// Repeats `work` while no file can be opened, first with the reserve and then for two minutes.
    pub(super) fn lend<T>(&self, work: impl Fn() -> Result<T, Fault>) -> Result<T, Fault> {
        let mut tries = 0;
        loop {
            match work() {
                Err(Fault::NoDescriptor(cause)) if tries < TRIES => {
                    if tries == 0 {
                        tracing::warn!(cause, "the store may open no file; it tries again");
                    } else {
                        std::thread::sleep(PAUSE);
                    }
                    tries += 1;
                    self.files().clear();
                }
                other => {
                    if tries > 0 {
                        self.fill();
                    }
                    return other;
                }
            }
        }
    }

    fn fill(&self) {
        let mut files = self.files();
        while files.len() < KEPT {
            let Ok(file) = File::open("/dev/null") else { break };
            files.push(file);
        }
    }

    fn files(&self) -> std::sync::MutexGuard<'_, Vec<File>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns whether an error means that the process or the system has no descriptor left. The
/// database passes some errors on as text only.
pub(super) fn is_no_descriptor(error: &io::Error) -> bool {
    match error.raw_os_error() {
        Some(code) => CODES.contains(&code),
        None => {
            let text = error.to_string();
            CODES.iter().any(|code| text.contains(&format!("Os {{ code: {code},")))
        }
    }
}

/// The numbers of `ENFILE` and `EMFILE`.
const CODES: [i32; 2] = [23, 24];
/// The size of the reserve: the folder of large pages, one of them, the export and its folder, and
/// as many for a reader.
const KEPT: usize = 8;
/// The number of tries, which take two minutes; after that, the shortage does not pass by itself.
const TRIES: u32 = 2_400;
const PAUSE: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    fn exhausted() -> io::Error {
        io::Error::from_raw_os_error(24)
    }

    #[test]
    fn work_that_may_open_no_file_is_done_with_the_reserve() {
        let reserve = Reserve::take();
        assert_eq!(reserve.files().len(), KEPT);
        let done = reserve.lend(|| match reserve.files().len() {
            0 => Ok("done"),
            _ => Err(Fault::NoDescriptor(exhausted().to_string())),
        });
        assert!(matches!(done, Ok("done")));
        assert_eq!(reserve.files().len(), KEPT, "it is kept for the next time");
        let other = reserve.lend(|| Err::<(), _>(Fault::Io("full".into())));
        assert!(matches!(other, Err(Fault::Io(_))));
    }

    #[test]
    fn the_error_is_known_by_its_number_and_by_its_text() {
        assert!(is_no_descriptor(&exhausted()));
        assert!(is_no_descriptor(&io::Error::from_raw_os_error(23)));
        assert!(is_no_descriptor(&io::Error::other(format!("{:?}", exhausted()))));
        assert!(!is_no_descriptor(&io::Error::from_raw_os_error(2)));
        assert!(!is_no_descriptor(&io::ErrorKind::StorageFull.into()));
    }
}
