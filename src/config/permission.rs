//! Permissions by user, by server or for everyone; the most specific entry counts.

use std::collections::BTreeMap;

use ruma::{OwnedServerName, OwnedUserId, UserId};

/// A permission level; each level includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Take part in the portal of another user.
    Relay,
    /// Link contacts.
    User,
    /// Administer the bridge.
    Admin,
}

/// The table `[bridge.permissions]`.
#[derive(Debug, Clone, Default)]
pub struct Permissions {
    everybody: Option<Level>,
    servers: BTreeMap<OwnedServerName, Level>,
    users: BTreeMap<OwnedUserId, Level>,
}

impl Permissions {
    /// Returns the level of `user`; `None` means no access.
    pub fn level_of(&self, user: &UserId) -> Option<Level> {
        let by_server = || self.servers.get(user.server_name());
        self.users.get(user).or_else(by_server).copied().or(self.everybody)
    }

    /// Returns the administrators that are named one by one.
    pub fn named_admins(&self) -> impl Iterator<Item = &UserId> {
        let admins = self.users.iter().filter(|(_, level)| **level == Level::Admin);
        admins.map(|(user, _)| &**user)
    }

    /// Adds an entry for `*`, a server name or a user id.
    ///
    /// # Errors
    /// A sentence that tells what `who` should be.
    pub(super) fn add(&mut self, who: &str, level: Level) -> Result<(), String> {
        if who == EVERYBODY {
            self.everybody = Some(level);
        } else if who.starts_with('@') {
            let user = UserId::parse(who).map_err(|_| {
                "is not a user id; write it whole, like \"@alice:example.org\"".to_owned()
            })?;
            self.users.insert(user, level);
        } else {
            let server = ruma::ServerName::parse(who).map_err(|_| {
                "is neither \"*\" nor a server name nor a user id; \
                 write \"*\", \"example.org\" or \"@alice:example.org\""
                    .to_owned()
            })?;
            self.servers.insert(server, level);
        }
        Ok(())
    }

    /// Returns whether any user may link contacts.
    pub(super) fn anybody_may_link(&self) -> bool {
        let levels = self.servers.values().chain(self.users.values());
        levels.copied().chain(self.everybody).any(|level| level >= Level::User)
    }
}

const EVERYBODY: &str = "*";

#[cfg(test)]
mod tests {
    use ruma::user_id;

    use super::*;

    #[test]
    fn the_most_specific_entry_counts_even_when_it_allows_less() {
        let mut permissions = Permissions::default();
        permissions.add("*", Level::Relay).unwrap();
        permissions.add("example.org", Level::Admin).unwrap();
        permissions.add("@guest:example.org", Level::User).unwrap();
        assert_eq!(permissions.level_of(user_id!("@guest:example.org")), Some(Level::User));
        assert_eq!(permissions.level_of(user_id!("@alice:example.org")), Some(Level::Admin));
        assert_eq!(permissions.level_of(user_id!("@bob:elsewhere.org")), Some(Level::Relay));
    }

    #[test]
    fn who_is_not_named_may_do_nothing() {
        let mut permissions = Permissions::default();
        permissions.add("example.org", Level::User).unwrap();
        assert_eq!(permissions.level_of(user_id!("@bob:elsewhere.org")), None);
        assert_eq!(permissions.level_of(user_id!("@bob:sub.example.org")), None);
    }
}
