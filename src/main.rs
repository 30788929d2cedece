//! The program: reads what it is asked to do, does it, and ends with a code that says why.

mod cli;

use matrix_appservice_wechat::media;

fn main() -> std::process::ExitCode {
    // Before the first thread, for a worker gives up its rights as one.
    if std::env::args_os().nth(1).is_some_and(|first| first == media::WORKER) {
        return media::run_worker();
    }
    cli::main()
}
