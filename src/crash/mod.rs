//! Named places at which a test can have the program die: before and after each request, each
//! commit and each push.
//!
//! A build without the feature `crash-points` holds nothing of it; `cargo test` alone turns it on.

#[cfg(feature = "crash-points")]
mod switch;

/// A place with a moment before it and a moment after it.
pub(crate) struct Point {
    #[cfg(feature = "crash-points")]
    name: String,
}

#[cfg(feature = "crash-points")]
impl Point {
    /// The place of this name; a name comes again wherever the same kind of thing is done.
    pub(crate) fn new(name: impl FnOnce() -> String) -> Self {
        Self { name: name() }
    }

    /// A request, named by the side and by those parts of its path that are no ids.
    pub(crate) fn request(side: &str, path: &str) -> Self {
        let word = |part: &str| part.chars().all(|c| c.is_ascii_alphabetic() || "._".contains(c));
        let parts = path.split('/').filter(|part| !part.is_empty());
        let parts: Vec<_> = parts.map(|part| if word(part) { part } else { "*" }).collect();
        Self { name: format!("{side} {}", parts.join("/")) }
    }

    /// It is about to be done.
    pub(crate) fn before(&self) {
        switch::pass(&format!("before {}", self.name));
    }

    /// It is done, and nobody knows yet.
    pub(crate) fn after(&self) {
        switch::pass(&format!("after {}", self.name));
    }
}

#[cfg(not(feature = "crash-points"))]
#[expect(clippy::unused_self, reason = "the same shape as with the feature")]
impl Point {
    /// Nothing.
    pub(crate) fn new(_: impl FnOnce() -> String) -> Self {
        Self {}
    }

    /// Nothing.
    pub(crate) fn request(_: &str, _: &str) -> Self {
        Self {}
    }

    /// Nothing.
    pub(crate) fn before(&self) {}

    /// Nothing.
    pub(crate) fn after(&self) {}
}

/// In a test, work with certain words is poison at a place: it panics, or takes the program along.
pub(crate) fn taste(place: &str, work: &str) {
    #[cfg(feature = "crash-points")]
    switch::taste(place, work);
    #[cfg(not(feature = "crash-points"))]
    let _ = (place, work);
}
