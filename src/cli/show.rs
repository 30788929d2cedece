//! The commands that read the configuration and show something.

use std::{
    io::{self, Write},
    path::Path,
};

use matrix_appservice_wechat::{
    config::Config,
    matrix::registration::Registration,
    media::{Sandbox, Workers},
};

use super::exit::{Exit, Failure};

/// Prints the registration.
pub(crate) fn registration(path: &Path) -> Result<(), Failure> {
    let config = Config::for_registration(path, std::env::vars_os())?;
    let appservice = &config.appservice;
    let registration = Registration {
        id: &appservice.id,
        url: &appservice.url,
        as_token: &appservice.as_token,
        hs_token: &appservice.hs_token,
        sender_localpart: &appservice.sender_localpart,
        bot: appservice.bot.localpart(),
        ghost_prefix: &appservice.ghost_prefix,
        server_name: config.homeserver.server_name.as_str(),
    };
    let yaml = registration.to_yaml().map_err(|why| Failure::new(Exit::Internal, why))?;
    print(yaml.as_bytes())?;
    if config.has_example_tokens() {
        eprintln!(
            "note: a token is still the example's, and the bridge will not run with it; \
             `check` offers fresh ones"
        );
    }
    Ok(())
}

/// Says that the configuration is sound, when it is.
pub(crate) fn check(path: &Path) -> Result<(), Failure> {
    super::load(path)?;
    print(format!("{}: no mistakes\n", path.display()).as_bytes())?;
    if let Sandbox::Missing(why) = Workers::sandbox() {
        eprintln!("note: the processes that look at media are not sandboxed here: {why}");
    }
    Ok(())
}

/// Writes to standard output; a reader that went away is no failure.
pub(crate) fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(why) if why.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::FileRefused, why))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
