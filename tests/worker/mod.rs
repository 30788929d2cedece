//! The real program as a worker, for the tests of each kind of media.
#![expect(clippy::unwrap_used, reason = "the helpers of a test may panic like the test itself")]

use std::{fs, io::Write as _, path::PathBuf};

use matrix_appservice_wechat::{
    media::{Done, MediaJob, WorkError, Workers},
    spool::{Spool, Spools},
};

/// Workers and a folder for what they make.
pub(crate) struct Setup {
    _folder: tempfile::TempDir,
    spools: Spools,
    pub(crate) workers: Workers,
}

impl Setup {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let spools = Spools::new(folder.path().to_owned());
        let program = PathBuf::from(env!("CARGO_BIN_EXE_matrix-appservice-wechat"));
        let workers = Workers::new(spools.clone(), 2).with_program(program);
        Self { _folder: folder, spools, workers }
    }

    pub(crate) fn spool(&self, bytes: &[u8]) -> Spool {
        let mut writer = self.spools.create(false).unwrap();
        writer.write_all(bytes).unwrap();
        writer.finish()
    }

    pub(crate) async fn run(&self, job: MediaJob, bytes: &[u8]) -> Result<Done, WorkError> {
        self.workers.run("mum", job, &self.spool(bytes)).await
    }
}

/// Reads a file of `tests/fixtures`.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    fs::read(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Reads all that is in a file.
pub(crate) fn bytes(spool: &Spool) -> Vec<u8> {
    let mut bytes = vec![0; spool.len() as usize];
    assert_eq!(spool.read_at(&mut bytes, 0).unwrap(), bytes.len());
    bytes
}
