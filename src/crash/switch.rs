//! How a test sets the places: by a folder that the environment names.

use std::{
    fs::{self, File},
    io::Write as _,
    path::PathBuf,
    sync::{LazyLock, Mutex, PoisonError},
};

/// The folder; without one nothing is noted and nobody dies.
static FOLDER: LazyLock<Option<Folder>> = LazyLock::new(|| {
    let path = PathBuf::from(std::env::var_os(VARIABLE)?);
    Some(Folder { path, noting: Mutex::default() })
});

struct Folder {
    path: PathBuf,
    /// The order `armed` was read in, and how often its place was passed since.
    noting: Mutex<(String, usize)>,
}

/// Notes the place in the file `passed`, and dies when it is the one that the file `armed` names:
/// the number of the time on the first line, the place on the second. An armed place is one for
/// one death, and counts from when it was set.
pub(super) fn pass(place: &str) {
    let Some(folder) = &*FOLDER else { return };
    let mut noting = folder.noting.lock().unwrap_or_else(PoisonError::into_inner);
    let passed = folder.path.join("passed");
    let lines = File::options().create(true).append(true).open(passed);
    // One write, so that lines of a dying program are whole.
    let noted = lines.and_then(|mut lines| lines.write_all(format!("{place}\n").as_bytes()));
    let armed = fs::read_to_string(folder.path.join("armed")).unwrap_or_default();
    if noting.0 != armed {
        *noting = (armed.clone(), 0);
    }
    let wanted = armed.split_once('\n').and_then(|(time, name)| Some((time.parse().ok()?, name)));
    let Some((time, name)) = wanted else { return };
    if name != place {
        return;
    }
    noting.1 += 1;
    if noting.1 == time && noted.is_ok() && fs::remove_file(folder.path.join("armed")).is_ok() {
        std::process::abort();
    }
}

/// Panics or aborts over work that asks for it.
#[expect(clippy::panic, reason = "the test asks for it")]
pub(super) fn taste(work: &str) {
    if work.contains("poison: abort") && FOLDER.is_some() {
        std::process::abort();
    }
    assert!(!work.contains("poison: panic"), "a test asked for a panic");
}

const VARIABLE: &str = "WECHAT_CRASH_POINTS";
