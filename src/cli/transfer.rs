//! `export` and `import` of the store's logins, while the bridge is stopped.

use std::{fmt::Write as _, path::Path};

use matrix_appservice_wechat::{
    bridge::login_rule,
    clock::Clock,
    config::Config,
    store::{
        self, Store,
        transfer::{ImportReport, export_file, export_lines, import_file},
    },
};

use super::{
    exit::{Exit, Failure},
    passphrase::PassphraseArguments,
    show,
};

/// Writes every login to `file`, or to standard output.
pub(crate) fn export(
    config: &Path,
    file: Option<&Path>,
    passphrase: &PassphraseArguments,
) -> Result<(), Failure> {
    let config = super::load(config)?;
    let passphrase = passphrase.chosen()?;
    with_store(&config, async |store| {
        let count = match file {
            Some(path) => {
                export_file(store, passphrase.as_ref(), path).map_err(|why| of_file(why, path))?
            }
            None => {
                let mut lines = Vec::new();
                let count = export_lines(store, passphrase.as_ref(), &mut lines)?;
                show::print(&lines)?;
                count
            }
        };
        let warning = match passphrase {
            Some(_) => "only the passphrase opens them",
            None => "anyone who has them can write as these bots",
        };
        eprintln!("logins exported: {count}; {warning}");
        Ok(())
    })
}

/// Imports all logins of `file`, or none.
pub(crate) fn import(
    config: &Path,
    file: &Path,
    passphrase: &PassphraseArguments,
) -> Result<(), Failure> {
    let config = super::load(config)?;
    let rule = login_rule(&config)?;
    let passphrase = passphrase.existing()?;
    with_store(&config, async |store| {
        let now = Clock::System.now();
        let imported = import_file(store, passphrase.as_ref(), file, &rule, now).await;
        let report = imported.map_err(|why| of_file(why, file))?;
        if !report.errors.is_empty() {
            return Err(Failure::sentence(Exit::FileRefused, bad_lines(file, &report)));
        }
        let ImportReport { added, replaced, errors: _ } = report;
        show::print(format!("logins added: {added}, replaced: {replaced}\n").as_bytes())
    })
}

fn with_store(
    config: &Config,
    work: impl AsyncFnOnce(&Store) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| Failure::new(Exit::Internal, why))?;
    let store = Store::open(&config.store.path)?;
    runtime.block_on(async {
        let done = work(&store).await;
        let closed = store.close().await;
        done.and_then(|()| closed.map_err(Failure::from))
    })
}

/// Returns the failure for an error of the store; one at the named file is not the store's.
fn of_file(why: store::Error, file: &Path) -> Failure {
    if matches!(&why, store::Error::Io { path, .. } if path == file) {
        return Failure::new(Exit::FileRefused, why);
    }
    Failure::from(why)
}

fn bad_lines(file: &Path, report: &ImportReport) -> String {
    let mut text = "nothing was imported; correct or remove these lines:".to_owned();
    for bad in report.errors.iter().take(SHOWN_LINES) {
        // Writing into a text does not fail.
        let _ = write!(text, "\n  {}:{}: {}", file.display(), bad.line, bad.wrong);
    }
    match report.errors.len().checked_sub(SHOWN_LINES) {
        None | Some(0) => text,
        Some(more) => format!("{text}\n  and {more} more"),
    }
}

const SHOWN_LINES: usize = 20;
