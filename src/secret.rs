//! Values that do not print.
//!
//! Tokens, keys and one-time codes are [`Secret`]s, so that a log line, an error or a `Debug` of a
//! struct around them cannot show them.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A text that must not appear in logs, errors, rooms or metrics.
///
/// There is no `Display` and no serde; [`Secret::expose`] is the only way to the text, so its uses
/// can be found by a search.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a text; the copy in here is wiped when dropped.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// Returns the text, for the request or the file that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns whether `shown` is this text, in constant time.
    pub fn is(&self, shown: &str) -> bool {
        self.0.as_bytes().ct_eq(shown.as_bytes()).into()
    }

    /// Returns whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Declares a named kind of [`Secret`], so that different kinds cannot be confused.
macro_rules! secret_kind {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name($crate::secret::Secret);

        impl $name {
            /// Takes a text.
            pub fn new(text: impl Into<String>) -> Self {
                Self($crate::secret::Secret::new(text))
            }

            /// Returns the text, for the request or the record that needs it.
            pub fn expose(&self) -> &str {
                self.0.expose()
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}
pub(crate) use secret_kind;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_its_kind_and_not_its_text() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(…)");
        assert_eq!(Secret::new("hunter2").expose(), "hunter2");
        assert!(Secret::new("hunter2").is("hunter2") && !Secret::new("hunter2").is("hunter"));
    }
}
