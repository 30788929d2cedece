//! The position up to which the homeserver's own list of events was compared with its pushes.

use super::{
    Change, Error, Store,
    record::{Table, encode},
};

impl Change {
    /// Stores the position from which the next comparison continues.
    pub fn put_looked(self, next: &str) -> Self {
        self.put(key(), encode(&next))
    }

    /// Removes the position; the next comparison begins anew.
    pub fn drop_looked(self) -> Self {
        self.del(key())
    }
}

impl Store {
    /// Returns the position from which the next comparison continues; `None` before the first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn looked(&self) -> Result<Option<String>, Error> {
        self.find(&key())
    }
}

fn key() -> Vec<u8> {
    Table::Looked.key(&[])
}
