//! Encryption: whether the bot has its keys, and whether new ones come.

use std::time::Duration;

use crate::{
    bridge::{
        core::{
            Core,
            ciphers::{Ability, KeyStreamState},
        },
        text::Found,
    },
    crypto::{Crypto, DeviceState},
};

/// Returns how encryption stands in the bridge that runs.
pub(super) async fn look(core: &Core) -> Found {
    let crypto = match core.ciphers.ability() {
        Ability::Off => return Found::EncryptionOff,
        Ability::Starting => return Found::KeysStarting,
        Ability::Unable { here } => return Found::NoKeys { here },
        Ability::Ready(crypto) => crypto,
    };
    let stream = core.ciphers.stream();
    match stale(&stream) {
        Some(seconds) => Found::KeysStale { seconds },
        None => examine(&crypto, stream.is_slow).await,
    }
}

async fn examine(crypto: &Crypto, slow: bool) -> Found {
    match crypto.examine().await {
        Ok(DeviceState::Well) => {
            let identity = crypto.master_key().await.ok().flatten().unwrap_or_default();
            Found::Keys { identity, slow }
        }
        Ok(DeviceState::Missing | DeviceState::Differs | DeviceState::Unsigned) => Found::KeysWrong,
        Err(error) => {
            tracing::warn!(%error, "the bot's keys could not be looked at");
            Found::KeysWrong
        }
    }
}

/// Returns for how many seconds the stream has not answered, when that is too long.
fn stale(stream: &KeyStreamState) -> Option<u64> {
    let age = stream.answered?.elapsed();
    (age > LONGEST_SILENCE).then_some(age.as_secs())
}

/// The homeserver answers after half a minute at the latest.
const LONGEST_SILENCE: Duration = Duration::from_secs(120);
