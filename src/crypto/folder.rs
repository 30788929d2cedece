//! The folder of the crypto stores: the key that opens them, and which device each one is.
//!
//! `key` holds 32 random bytes; each identity has a folder of its own with the database and a file
//! `device`, which holds the device's id. Without that file the folder counts as not made.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use rand::Rng as _;
use ruma::OwnedDeviceId;
use zeroize::Zeroizing;

/// The folder of all crypto stores of this bridge.
pub(super) struct KeyFolder {
    root: PathBuf,
    key: Zeroizing<[u8; KEY_BYTES]>,
}

impl KeyFolder {
    /// Makes the folder and its key where there is none. A key that is lost or cut short is made
    /// anew; what was locked with it cannot be opened any more, and is made anew as well.
    ///
    /// # Errors
    /// When the file system says no.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(root)?;
        fs::set_permissions(root, fs::Permissions::from_mode(FOLDER_MODE))?;
        let path = root.join("key");
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        match fs::read(&path).map(Zeroizing::new) {
            Ok(known) if known.len() == KEY_BYTES => key.copy_from_slice(&known),
            Ok(_) => make_key(&path, &mut key)?,
            Err(error) if error.kind() == ErrorKind::NotFound => make_key(&path, &mut key)?,
            Err(error) => return Err(error),
        }
        Ok(Self { root: root.to_path_buf(), key })
    }

    /// Returns what locks the databases.
    pub(super) fn key(&self) -> &[u8; KEY_BYTES] {
        &self.key
    }

    /// Returns the folder of one identity.
    pub(super) fn of(&self, identity: &str) -> PathBuf {
        self.root.join(identity)
    }

    /// Returns the device whose keys an identity's folder holds; `None` where there are none.
    ///
    /// # Errors
    /// When the file system says no.
    pub(super) fn device(&self, identity: &str) -> io::Result<Option<OwnedDeviceId>> {
        let folder = self.of(identity);
        let id = match fs::read_to_string(folder.join("device")) {
            Ok(id) => id,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidData) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let is_ours = id.starts_with(PREFIX) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        Ok((is_ours && folder.join(DATABASE).exists()).then(|| id.into()))
    }

    /// Puts what is in an identity's folder aside, and names a new device for it. The device is the
    /// folder's own after [`KeyFolder::settle`].
    ///
    /// # Errors
    /// When the file system says no.
    pub(super) fn begin(&self, identity: &str) -> io::Result<OwnedDeviceId> {
        let (folder, aside) = (self.of(identity), self.of(&format!("{identity}.lost")));
        remove(&aside)?;
        match fs::rename(&folder, &aside) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        DirBuilder::new().mode(FOLDER_MODE).create(&folder)?;
        Ok(random_device())
    }

    /// Notes that an identity's folder holds the keys of this device; on the disk when it returns.
    ///
    /// # Errors
    /// When the file system says no.
    pub(super) fn settle(&self, identity: &str, device: &OwnedDeviceId) -> io::Result<()> {
        let folder = self.of(identity);
        write_durably(&folder.join("device"), device.as_bytes())?;
        File::open(&self.root)?.sync_all()
    }
}

/// Returns a device id that was never used.
fn random_device() -> OwnedDeviceId {
    let mut random = rand::rng();
    let mut letter = || char::from(b'A' + random.random_range(0..26_u8));
    let letters: String = (0..10).map(|_| letter()).collect();
    format!("{PREFIX}{letters}").into()
}

fn make_key(path: &Path, key: &mut [u8; KEY_BYTES]) -> io::Result<()> {
    rand::rng().fill(key);
    write_durably(path, key)
}

/// Writes a file beside its place and moves it there, so that it is whole or as it was.
fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(FILE_MODE);
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

const KEY_BYTES: usize = 32;
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
/// What the ids of the bridge's crypto devices begin with.
const PREFIX: &str = "WECHAT";
/// The database of a crypto store, as its crate names it.
const DATABASE: &str = "matrix-sdk-crypto.sqlite3";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_for_this_user_alone() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("crypto");
        let key = KeyFolder::open(&root).unwrap().key;
        assert_eq!(*KeyFolder::open(&root).unwrap().key, *key);
        let mode = fs::metadata(root.join("key")).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, FILE_MODE);
        fs::write(root.join("key"), b"short").unwrap();
        assert_ne!(*KeyFolder::open(&root).unwrap().key, *key);
    }

    #[test]
    fn a_folder_without_its_database_or_its_device_has_no_device() {
        let dir = tempfile::tempdir().unwrap();
        let folder = KeyFolder::open(dir.path()).unwrap();
        let device = folder.begin("bot").unwrap();
        assert_eq!(device.as_str().len(), 16);
        assert_eq!(folder.device("bot").unwrap(), None);
        fs::write(folder.of("bot").join(DATABASE), b"").unwrap();
        folder.settle("bot", &device).unwrap();
        assert_eq!(folder.device("bot").unwrap(), Some(device.clone()));
        fs::write(folder.of("bot").join("device"), "../ELSE").unwrap();
        assert_eq!(folder.device("bot").unwrap(), None);
        let next = folder.begin("bot").unwrap();
        assert!(next != device && folder.device("bot").unwrap().is_none());
        assert!(folder.of("bot.lost").join(DATABASE).exists(), "what was there is put aside");
    }
}
