//! The checks of the machine: store, disk, clock, sandbox.

use std::{
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use crate::{
    bridge::text::{Cause, Found, Server},
    clock::Timestamp,
    config::Config,
    media::{Sandbox, Workers},
    store::{self, Store},
};

/// Checks the store; it is opened only when this changes nothing for the bridge.
pub(super) async fn store(config: &Config, running: bool) -> Found {
    let path = config.store.path.clone();
    let shown = path.display().to_string();
    let Ok(about) = std::fs::metadata(&path) else { return Found::StoreNew { path: shown } };
    if about.uid() != rustix::process::geteuid().as_raw() {
        return Found::StoreOfOther { path: shown };
    }
    // An empty folder must not become a store here.
    if std::fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_none()) {
        return Found::StoreNew { path: shown };
    }
    match opened(path).await {
        Ok(logins) => Found::Store { logins },
        Err(store::Error::InUse { .. }) => Found::StoreInUse { by_us: running },
        Err(why) => Found::StoreRefused { why: Cause::store(&why) },
    }
}

async fn opened(path: PathBuf) -> Result<usize, store::Error> {
    let opening = tokio::task::spawn_blocking(move || Store::open(&path));
    let store = opening.await.unwrap_or(Err(store::Error::Closed))?;
    let logins = store.logins().map(|logins| logins.len());
    store.close().await?;
    logins
}

/// Checks whether the store's disk has room for the largest file in each direction, and a reserve.
pub(super) fn disk(config: &Config) -> Option<Found> {
    let path = existing(&config.store.path)?;
    let disk = rustix::fs::statvfs(path).ok()?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let media = &config.media;
    let wanted = media.max_download.saturating_add(media.max_upload).saturating_add(RESERVE);
    Some(room(path, free, wanted))
}

fn room(path: &Path, free: u64, wanted: u64) -> Found {
    let (free_mib, wanted_mib) = (free >> 20, wanted >> 20);
    if free >= wanted {
        return Found::Disk { free_mib };
    }
    Found::DiskFull { path: path.display().to_string(), free_mib, wanted_mib }
}

/// Returns the folder, or the existing one in which it will be created.
fn existing(path: &Path) -> Option<&Path> {
    path.ancestors().find(|folder| folder.exists())
}

/// The readings of two clocks at about one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    pub(super) theirs: Timestamp,
    pub(super) ours: Timestamp,
}

/// Compares this machine's clock with that of a server.
pub(super) fn clock(of: Server, Reading { theirs, ours }: Reading) -> Found {
    let seconds = ours.since(theirs).max(theirs.since(ours)).as_secs();
    if seconds <= TOLERANCE {
        return Found::Clock { of };
    }
    Found::ClockOff { of, seconds, ahead: ours > theirs }
}

/// Starts a worker and checks whether its sandbox works.
pub(super) async fn sandbox(workers: &Workers) -> Found {
    match (Workers::sandbox(), workers.check().await) {
        (_, Sandbox::Full) => Found::Sandbox,
        (Sandbox::Missing(why), Sandbox::Missing(_)) => {
            Found::NoSandboxHere { why: Cause::no_sandbox(why) }
        }
        (Sandbox::Full, Sandbox::Missing(why)) => {
            Found::SandboxMissing { why: Cause::no_sandbox(why) }
        }
    }
}

/// The space that is reserved for the store itself, in bytes.
const RESERVE: u64 = 256 << 20;
/// The tolerated difference in seconds; a time service keeps a clock within less than one.
const TOLERANCE: u64 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_may_be_off_by_a_minute_either_way() {
        let ours = Timestamp(1_000_000_000);
        let at = |millis: i64| clock(Server::Wechat, Reading { theirs: Timestamp(millis), ours });
        let of = Server::Wechat;
        assert_eq!(at(ours.0 - 60_999), Found::Clock { of });
        assert_eq!(at(ours.0 + 60_999), Found::Clock { of });
        assert_eq!(at(ours.0 - 61_000), Found::ClockOff { of, seconds: 61, ahead: true });
        assert_eq!(at(ours.0 + 90_000), Found::ClockOff { of, seconds: 90, ahead: false });
    }

    #[test]
    fn a_disk_without_room_for_a_file_each_way_is_full() {
        let path = Path::new("/data");
        assert_eq!(room(path, 456 << 20, 456 << 20), Found::Disk { free_mib: 456 });
        let full = Found::DiskFull { path: "/data".into(), free_mib: 455, wanted_mib: 456 };
        assert_eq!(room(path, 455 << 20, 456 << 20), full);
        assert_eq!(existing(Path::new("/no/such/folder")), Some(Path::new("/")));
    }
}
