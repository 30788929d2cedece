//! Crash points: named places at which a test can end the program, before and after each request,
//! each commit and each push.
//!
//! A build without the feature `crash-points` contains none; only `cargo test` turns it on.

#[cfg(feature = "crash-points")]
mod switch;

/// A crash point, with a moment before and after its operation.
pub(crate) struct Point {
    #[cfg(feature = "crash-points")]
    name: String,
}

#[cfg(feature = "crash-points")]
impl Point {
    /// Names a crash point; operations of one kind share a name.
    pub(crate) fn new(name: impl FnOnce() -> String) -> Self {
        Self { name: name() }
    }

    /// Names the crash point of a request by its side and the parts of its path that are no ids.
    pub(crate) fn request(side: &str, path: &str) -> Self {
        let word = |part: &str| part.chars().all(|c| c.is_ascii_alphabetic() || "._".contains(c));
        let parts = path.split('/').filter(|part| !part.is_empty());
        let parts: Vec<_> = parts.map(|part| if word(part) { part } else { "*" }).collect();
        Self { name: format!("{side} {}", parts.join("/")) }
    }

    /// Marks the moment before the operation.
    pub(crate) fn before(&self) {
        switch::pass(&format!("before {}", self.name));
    }

    /// Marks the moment after the operation, before its result is used.
    pub(crate) fn after(&self) {
        switch::pass(&format!("after {}", self.name));
    }
}

#[cfg(not(feature = "crash-points"))]
#[expect(clippy::unused_self, reason = "the same shape as with the feature")]
impl Point {
    /// Does nothing in this build.
    pub(crate) fn new(_: impl FnOnce() -> String) -> Self {
        Self {}
    }

    /// Does nothing in this build.
    pub(crate) fn request(_: &str, _: &str) -> Self {
        Self {}
    }

    /// Does nothing in this build.
    pub(crate) fn before(&self) {}

    /// Does nothing in this build.
    pub(crate) fn after(&self) {}
}

/// Panics or ends the program in a test, when `work` contains the words for it.
pub(crate) fn taste(place: &str, work: &str) {
    #[cfg(feature = "crash-points")]
    switch::taste(place, work);
    #[cfg(not(feature = "crash-points"))]
    let _ = (place, work);
}
