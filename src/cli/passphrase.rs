//! The passphrase of an export: from a file, the environment or the terminal, never an argument,
//! which every user of the machine can read.

use std::{
    fs,
    io::{self, BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use clap::Args;
use matrix_appservice_wechat::store::Passphrase;
use zeroize::Zeroizing;

use super::exit::{Exit, Failure};

/// Whether there is a passphrase, and where it comes from.
#[derive(Debug, Args)]
pub(crate) struct PassphraseArguments {
    /// The file is encrypted with a passphrase, in the age format; it is asked for at the terminal,
    /// unless WECHAT_BRIDGE_PASSPHRASE holds it.
    #[arg(long)]
    passphrase: bool,
    /// Take the passphrase from the first line of this file.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl PassphraseArguments {
    /// Returns the passphrase that a file is opened with; `None` when none is wanted.
    pub(super) fn existing(&self) -> Result<Option<Passphrase>, Failure> {
        self.find(|| ask("Passphrase: "))
    }

    /// Returns the passphrase that a file is encrypted with; a terminal is asked twice.
    pub(super) fn chosen(&self) -> Result<Option<Passphrase>, Failure> {
        self.find(|| {
            let first = ask("Passphrase: ")?;
            if first != ask("The same once more: ")? {
                return Err(refused("the two passphrases differ; nothing was written"));
            }
            Ok(first)
        })
    }

    fn find(
        &self,
        ask: impl FnOnce() -> Result<Zeroizing<String>, Failure>,
    ) -> Result<Option<Passphrase>, Failure> {
        let found = match (&self.passphrase_file, self.passphrase) {
            (Some(path), _) => read(path)?,
            (None, false) => return Ok(None),
            (None, true) => match std::env::var(VARIABLE) {
                Ok(value) => Zeroizing::new(value),
                Err(std::env::VarError::NotPresent) => ask()?,
                Err(std::env::VarError::NotUnicode(_)) => {
                    return Err(refused(format!("{VARIABLE} is not UTF-8")));
                }
            },
        };
        match found.is_empty() {
            true => Err(refused("the passphrase is empty")),
            false => Ok(Some(Passphrase::new(found.as_str()))),
        }
    }
}

fn ask(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|why| {
        refused(format!(
            "the passphrase cannot be asked for without a terminal ({why}); \
             use --passphrase-file or {VARIABLE}"
        ))
    })
}

fn read(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let failed = |why: io::Error| refused(format!("{} cannot be read: {why}", path.display()));
    let file = fs::File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode();
    if mode & OTHERS != 0 {
        let shown = path.display();
        return Err(refused(format!("{shown} can be read by other users; run chmod o= {shown}")));
    }
    let mut line = Zeroizing::new(String::new());
    BufReader::new(file).read_line(&mut line).map_err(failed)?;
    Ok(Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}

fn refused(why: impl Into<String>) -> Failure {
    Failure::sentence(Exit::FileRefused, why.into())
}

const VARIABLE: &str = "WECHAT_BRIDGE_PASSPHRASE";
const OTHERS: u32 = 0o007;
