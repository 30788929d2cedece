//! The test's side of the crash points: a folder that the environment names.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write as _,
    path::PathBuf,
    sync::{LazyLock, Mutex, PoisonError},
};

/// The folder; without one nothing is recorded and the program never ends.
static FOLDER: LazyLock<Option<Folder>> = LazyLock::new(|| {
    let path = PathBuf::from(std::env::var_os(VARIABLE)?);
    Some(Folder { path, noting: Mutex::default() })
});

struct Folder {
    path: PathBuf,
    /// The content of `armed` at the last look, and how often its place was passed since.
    noting: Mutex<(String, usize)>,
}

/// Records the place in the file `passed`, and ends the program when the file `armed` names it. The
/// first line of `armed` holds the number of the order and the number of the pass, the second the
/// place. An order ends the program once, and passes are counted from when it was written.
pub(super) fn pass(place: &str) {
    let Some(folder) = &*FOLDER else { return };
    let mut noting = folder.noting.lock().unwrap_or_else(PoisonError::into_inner);
    let passed = folder.path.join("passed");
    let lines = File::options().create(true).append(true).open(passed);
    // A single write, so that the last line before the end is complete.
    let noted = lines.and_then(|mut lines| lines.write_all(format!("{place}\n").as_bytes()));
    let armed = fs::read_to_string(folder.path.join("armed")).unwrap_or_default();
    if noting.0 != armed {
        *noting = (armed.clone(), 0);
    }
    let wanted = armed.split_once('\n').and_then(|(order, name)| {
        let (_number, time) = order.split_once(' ')?;
        Some((time.parse::<usize>().ok()?, name))
    });
    let Some((time, name)) = wanted else { return };
    if name != place {
        return;
    }
    noting.1 += 1;
    if noting.1 == time && noted.is_ok() && fs::remove_file(folder.path.join("armed")).is_ok() {
        std::process::abort();
    }
}

/// Panics for work that contains `poison: <place> <word> <number>`, so many times for each word,
/// and aborts the program for `poison: abort`.
#[expect(clippy::panic, reason = "the test asks for it")]
pub(super) fn taste(place: &str, work: &str) {
    static TASTED: Mutex<BTreeMap<String, u32>> = Mutex::new(BTreeMap::new());
    if work.contains("poison: abort") && FOLDER.is_some() {
        std::process::abort();
    }
    let Some((_, poison)) = work.split_once(&format!("poison: {place} ")) else { return };
    let mut words = poison.split(|c: char| !c.is_alphanumeric());
    let (word, number) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut tasted = TASTED.lock().unwrap_or_else(PoisonError::into_inner);
    let times = tasted.entry(word.to_owned()).or_default();
    *times += 1;
    let enough = number.parse().is_ok_and(|number| *times > number);
    drop(tasted);
    if !enough {
        panic!("a test asked for it");
    }
}

const VARIABLE: &str = "WECHAT_CRASH_POINTS";
