//! `doctor`: checks everything that the bridge needs.

use std::path::Path;

use matrix_appservice_wechat::{
    bridge::{DoctorVerdict, examine},
    config::Language,
};

use super::{
    exit::{Exit, Failure},
    show,
};

/// Prints a line for each check.
pub(crate) fn doctor(path: &Path, registration: Option<&Path>) -> Result<(), Failure> {
    let config = super::load(path)?;
    show::print(format!("✅ {}: no mistakes\n", path.display()).as_bytes())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| Failure::new(Exit::Internal, why))?;
    let findings = runtime.block_on(examine(&config, registration, Language::En));
    for finding in &findings {
        show::print(format!("{finding}\n").as_bytes())?;
    }
    match findings.iter().filter(|finding| finding.verdict == DoctorVerdict::Wrong).count() {
        0 => Ok(()),
        1 => Err(Failure::sentence(Exit::Unwell, "one thing has to be fixed")),
        count => Err(Failure::sentence(Exit::Unwell, format!("{count} things have to be fixed"))),
    }
}
