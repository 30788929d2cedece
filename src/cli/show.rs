//! The commands that read the configuration and print something.

use std::{
    io::{self, Write},
    path::Path,
};

use matrix_appservice_wechat::{
    config::Config,
    media::{Sandbox, Workers},
    spool::Spools,
};

use super::exit::{Exit, Failure};

/// Prints the registration.
pub(crate) fn registration(path: &Path) -> Result<(), Failure> {
    let config = Config::for_registration(path, std::env::vars_os())?;
    let yaml = config.registration().to_yaml().map_err(|why| Failure::new(Exit::Internal, why))?;
    print(yaml.as_bytes())?;
    note_example(&config);
    Ok(())
}

/// Prints the registration that lets the bridge act for its users.
pub(crate) fn puppet_registration(path: &Path) -> Result<(), Failure> {
    let config = Config::for_puppet_registration(path, std::env::vars_os())?;
    // A configuration without this token was refused.
    let Some(registration) = config.puppet_registration() else { return Ok(()) };
    let yaml = registration.to_yaml().map_err(|why| Failure::new(Exit::Internal, why))?;
    print(yaml.as_bytes())?;
    note_example(&config);
    Ok(())
}

fn note_example(config: &Config) {
    if config.has_example_tokens() {
        eprintln!(
            "note: a token is still the example's, and the bridge will not run with it; \
             `check` offers fresh ones"
        );
    }
}

/// Reports whether the configuration is valid, and whether media can be decoded safely.
pub(crate) fn check(path: &Path) -> Result<(), Failure> {
    super::load(path)?;
    print(format!("{}: no mistakes\n", path.display()).as_bytes())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| Failure::new(Exit::Internal, why))?;
    let workers = Workers::new(Spools::new(std::env::temp_dir()), 1);
    if let Sandbox::Missing(why) = runtime.block_on(workers.check()) {
        eprintln!("note: media cannot be decoded in a sandbox here: {why}");
    }
    Ok(())
}

/// Writes to standard output; a closed pipe is no failure.
pub(crate) fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(why) if why.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::FileRefused, why))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
