//! The commands of the program and how they end.
//!
//! Knows the order in which the parts start; decides nothing about chats.

mod doctor;
mod exit;
mod logging;
mod passphrase;
mod run;
mod show;
mod signals;
mod transfer;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use matrix_appservice_wechat::config::Config;

use self::{exit::Failure, passphrase::PassphraseArguments};

/// A bridge between Matrix and WeChat.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The configuration file.
    #[arg(
        long,
        short,
        global = true,
        value_name = "FILE",
        env = "WECHAT_BRIDGE_CONFIG",
        default_value = "config.toml"
    )]
    config: PathBuf,
    #[command(subcommand)]
    command: CliCommand,
}

#[derive(Debug, Subcommand)]
enum CliCommand {
    /// Run the bridge until SIGTERM or SIGINT; a second signal stops it at once.
    Run,
    /// Print the registration.yaml for the homeserver; it contains both tokens.
    Registration {
        /// Print the second registration instead, which lets the bridge join rooms for its users.
        #[arg(long)]
        double_puppet: bool,
    },
    /// Check the configuration without connecting to anything.
    Check,
    /// Check everything that the bridge needs, whether it is running or not, and say what to fix.
    Doctor {
        /// The registration file that the homeserver reads, to compare it with the configuration.
        #[arg(long, value_name = "FILE")]
        registration: Option<PathBuf>,
    },
    /// Write all logins as JSON Lines; the bridge must be stopped. The output contains the bots'
    /// tokens.
    Export {
        /// The file to write, with mode 0600; an existing one is replaced. Default: standard
        /// output.
        file: Option<PathBuf>,
        #[command(flatten)]
        passphrase: PassphraseArguments,
    },
    /// Import logins that `export` has written; the bridge must be stopped.
    Import {
        /// The file to read; it must not be readable by other users.
        file: PathBuf,
        #[command(flatten)]
        passphrase: PassphraseArguments,
    },
}

/// Runs the command that the arguments name.
pub(crate) fn main() -> ExitCode {
    let mut matches = Arguments::command().after_help(exit::table()).get_matches();
    let arguments = match Arguments::from_arg_matches_mut(&mut matches) {
        Ok(arguments) => arguments,
        Err(wrong) => wrong.exit(),
    };
    let path = arguments.config.as_path();
    let done = match arguments.command {
        CliCommand::Run => run::run(path),
        CliCommand::Registration { double_puppet: false } => show::registration(path),
        CliCommand::Registration { double_puppet: true } => show::puppet_registration(path),
        CliCommand::Check => show::check(path),
        CliCommand::Doctor { registration } => doctor::doctor(path, registration.as_deref()),
        CliCommand::Export { file, passphrase } => {
            transfer::export(path, file.as_deref(), &passphrase)
        }
        CliCommand::Import { file, passphrase } => transfer::import(path, &file, &passphrase),
    };
    done.map_or_else(Failure::tell, |()| ExitCode::SUCCESS)
}

fn load(path: &Path) -> Result<Config, Failure> {
    Config::load(path, std::env::vars_os()).map_err(Failure::from)
}
