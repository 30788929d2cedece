//! The commands of the program and how they end.
//!
//! Knows the order in which the parts start; decides nothing about chats.

mod doctor;
mod exit;
mod logging;
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

use self::exit::Failure;

/// A bridge between Matrix and WeChat.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The configuration.
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
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the bridge until SIGTERM or SIGINT; a second signal stops it at once.
    Run,
    /// Print the registration.yaml that the homeserver needs; it holds both tokens.
    Registration {
        /// Print the second one instead, which lets the bridge have users join their rooms.
        #[arg(long)]
        double_puppet: bool,
    },
    /// Look for mistakes in the configuration, without any connection.
    Check,
    /// Look at everything that the bridge needs, whether it runs or not, and say what to mend.
    Doctor {
        /// The registration file that the homeserver reads, to compare it with the configuration.
        #[arg(long, value_name = "FILE")]
        registration: Option<PathBuf>,
    },
    /// Write all logins as JSON Lines, while the bridge is stopped; they hold the bots' tokens.
    Export {
        /// Written with mode 0600, replaced when it exists; standard output when it is left out.
        file: Option<PathBuf>,
    },
    /// Take logins in that `export` has written, while the bridge is stopped.
    Import {
        /// The file; others must not be able to read it.
        file: PathBuf,
    },
}

/// Does what the arguments ask for.
pub(crate) fn main() -> ExitCode {
    let mut matches = Arguments::command().after_help(exit::table()).get_matches();
    let arguments = match Arguments::from_arg_matches_mut(&mut matches) {
        Ok(arguments) => arguments,
        Err(wrong) => wrong.exit(),
    };
    let path = arguments.config.as_path();
    let done = match arguments.command {
        Command::Run => run::run(path),
        Command::Registration { double_puppet: false } => show::registration(path),
        Command::Registration { double_puppet: true } => show::puppet_registration(path),
        Command::Check => show::check(path),
        Command::Doctor { registration } => doctor::doctor(path, registration.as_deref()),
        Command::Export { file } => transfer::export(path, file.as_deref()),
        Command::Import { file } => transfer::import(path, &file),
    };
    done.map_or_else(Failure::tell, |()| ExitCode::SUCCESS)
}

fn load(path: &Path) -> Result<Config, Failure> {
    Config::load(path, std::env::vars_os()).map_err(Failure::from)
}
