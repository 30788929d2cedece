//! The program: runs the command of its arguments, and ends with an exit code that tells why.

mod cli;

use matrix_appservice_wechat::media;

fn main() -> std::process::ExitCode {
    // A worker has to give up its rights while the process has one thread.
    if std::env::args_os().nth(1).is_some_and(|first| first == media::WORKER) {
        return media::run_worker();
    }
    cli::main()
}
