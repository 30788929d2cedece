//! Up to where the homeserver's own list of events was compared with what it has pushed.

use super::{
    Change, Error, Store,
    record::{Table, encode},
};

impl Change {
    /// Notes where the next look at that list begins.
    pub fn put_looked(self, next: &str) -> Self {
        self.put(key(), encode(&next))
    }

    /// Has the next look begin anew.
    pub fn drop_looked(self) -> Self {
        self.del(key())
    }
}

impl Store {
    /// Where the next look begins; `None` before the first.
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
