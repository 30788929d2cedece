//! The program: reads what it is asked to do, does it, and ends with a code that says why.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
