//! A value that does not print itself.
//!
//! Tokens, keys and one-time codes live in [`Secret`], so that a log line, an error or a
//! `Debug` of a struct around them cannot show them.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Text that must not appear in logs, errors, rooms or metrics.
///
/// There is no `Display` and no serde; [`Secret::expose`] is the one way out, and it can be
/// searched for.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over; the copy in here is wiped when dropped.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for the request or the file that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether `shown` is this text; takes as long for a near miss as for a far one.
    pub fn is(&self, shown: &str) -> bool {
        self.0.as_bytes().ct_eq(shown.as_bytes()).into()
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Declares a named kind of [`Secret`], so that one kind cannot stand in for another.
macro_rules! secret_kind {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name($crate::secret::Secret);

        impl $name {
            /// Takes the text over.
            pub fn new(text: impl Into<String>) -> Self {
                Self($crate::secret::Secret::new(text))
            }

            /// The text itself, for the request or the record that needs it.
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
