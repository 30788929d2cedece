//! `registration.yaml`, by which the homeserver knows the bridge.

use serde::Serialize;
use sha2::{Digest, Sha256};
use url::Url;

use crate::secret::secret_kind;

secret_kind! {
    /// The token with which the bridge authorises itself to the homeserver.
    AsToken
}
secret_kind! {
    /// The token with which the homeserver authorises itself to the bridge.
    HsToken
}

/// The parts of a registration that the configuration chooses.
#[derive(Debug)]
pub struct Registration<'a> {
    /// The name of the registration.
    pub id: &'a str,
    /// The address at which the homeserver reaches the bridge.
    pub url: &'a Url,
    /// The token that the bridge sends.
    pub as_token: &'a AsToken,
    /// The token that the homeserver sends.
    pub hs_token: &'a HsToken,
    /// The localpart of a user without any other purpose.
    pub sender_localpart: &'a str,
    /// The bot's localpart.
    pub bot: &'a str,
    /// The prefix of the localpart of every ghost.
    pub ghost_prefix: &'a str,
    /// The homeserver's name.
    pub server_name: &'a str,
}

impl Registration<'_> {
    /// Returns the registration file, which contains both tokens.
    ///
    /// # Errors
    /// Only when the writer of YAML fails.
    pub fn to_yaml(&self) -> Result<String, yaml_serde::Error> {
        yaml_serde::to_string(&self.file())
    }

    /// Returns the keys in which the registration `yaml` differs from this one; further keys are
    /// allowed.
    ///
    /// # Errors
    /// When it is no YAML.
    pub fn differences(&self, yaml: &str) -> Result<Vec<String>, yaml_serde::Error> {
        let theirs: serde_json::Value = yaml_serde::from_str(yaml)?;
        let own = serde_json::to_value(self.file()).unwrap_or_default();
        let own = own.as_object().into_iter().flatten();
        let differs = own.filter(|(key, value)| {
            // The file may have a slash at the end of the address.
            let plain = |text: &serde_json::Value| match text.as_str() {
                Some(text) if *key == "url" => text.trim_end_matches('/').into(),
                Some(_) | None => text.clone(),
            };
            theirs.get(key).map(plain) != Some(plain(value))
        });
        Ok(differs.map(|(key, _)| key.clone()).collect())
    }

    fn file(&self) -> RegistrationFile<'_> {
        let server = escape(self.server_name);
        let exclusive = |regex| Namespace { exclusive: true, regex };
        let ghosts = format!("{}.*:{server}$", escape(self.ghost_prefix));
        RegistrationFile {
            id: self.id,
            url: self.url.as_str().trim_end_matches('/'),
            as_token: self.as_token.expose(),
            hs_token: self.hs_token.expose(),
            sender_localpart: self.sender_localpart,
            rate_limited: false,
            receive_ephemeral: true,
            push_ephemeral: true,
            device_management: true,
            namespaces: Namespaces {
                users: vec![
                    exclusive(format!("^@{}:{server}$", escape(self.bot))),
                    exclusive(format!("^@{ghosts}")),
                ],
                aliases: vec![exclusive(format!("^#{ghosts}"))],
                rooms: Vec::new(),
            },
        }
    }
}

/// The parts of the second registration, which lets the bridge act for its users.
#[derive(Debug)]
pub struct PuppetRegistration<'a> {
    /// The name of the bridge's own registration.
    pub id: &'a str,
    /// The token that the bridge sends when it acts for a user.
    pub as_token: &'a AsToken,
    /// The localpart of the unused user of the bridge's own registration.
    pub sender_localpart: &'a str,
    /// The homeserver's name.
    pub server_name: &'a str,
}

impl PuppetRegistration<'_> {
    /// Returns the registration file, which contains the token.
    ///
    /// It names no address, so the homeserver pushes nothing for it, and its namespace is not
    /// exclusive.
    ///
    /// # Errors
    /// Only when the writer of YAML fails.
    pub fn to_yaml(&self) -> Result<String, yaml_serde::Error> {
        // The homeserver requires this token, which is never used; so it must not be guessable.
        let unused = Sha256::new_with_prefix("hs_token").chain_update(self.as_token.expose());
        let unused: String = unused.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        yaml_serde::to_string(&PuppetFile {
            id: &format!("{}-double-puppet", self.id),
            url: None,
            as_token: self.as_token.expose(),
            hs_token: &unused,
            sender_localpart: &format!("{}_double_puppet", self.sender_localpart),
            rate_limited: false,
            namespaces: Namespaces {
                users: vec![Namespace {
                    exclusive: false,
                    regex: format!("^@.*:{}$", escape(self.server_name)),
                }],
                aliases: Vec::new(),
                rooms: Vec::new(),
            },
        })
    }
}

#[derive(Serialize)]
struct PuppetFile<'a> {
    id: &'a str,
    /// Written as null, which differs from a missing key here.
    url: Option<&'a str>,
    as_token: &'a str,
    hs_token: &'a str,
    sender_localpart: &'a str,
    rate_limited: bool,
    namespaces: Namespaces,
}

#[derive(Serialize)]
struct RegistrationFile<'a> {
    id: &'a str,
    url: &'a str,
    as_token: &'a str,
    hs_token: &'a str,
    sender_localpart: &'a str,
    rate_limited: bool,
    receive_ephemeral: bool,
    /// The name of `receive_ephemeral` on older homeservers.
    #[serde(rename = "de.sorunome.msc2409.push_ephemeral")]
    push_ephemeral: bool,
    /// Lets ghosts have devices, without which the homeserver forgets transaction ids.
    #[serde(rename = "io.element.msc4190")]
    device_management: bool,
    namespaces: Namespaces,
}

#[derive(Serialize)]
struct Namespaces {
    users: Vec<Namespace>,
    aliases: Vec<Namespace>,
    rooms: Vec<Namespace>,
}

#[derive(Serialize)]
struct Namespace {
    exclusive: bool,
    regex: String,
}

/// Escapes a text for a regular expression; Matrix identifiers contain no other special characters.
fn escape(text: &str) -> String {
    text.chars().flat_map(|c| ESCAPED.contains(c).then_some('\\').into_iter().chain([c])).collect()
}

const ESCAPED: &str = r".+*?()|[]{}^$\";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_matches_its_server_alone() {
        assert_eq!(escape("sub.example.org:8448"), r"sub\.example\.org:8448");
        assert_eq!(escape("[2001:db8::1]"), r"\[2001:db8::1\]");
        assert_eq!(escape("wechat_+a"), r"wechat_\+a");
    }
}
