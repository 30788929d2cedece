//! The keys of encrypted rooms: the bot's device is made, and the stream of its keys is read.

use std::{sync::Arc, time::Duration};

use crate::{
    bridge::core::{Core, Death, attempt::Halt, ciphers::Ability},
    crypto::{Crypto, CryptoError, KeyLoss, KnownIdentity, Prepared, Seeds, StreamPace},
    matrix::{StreamPosition, lacks},
    store::{Change, KeyIdentity, KeyStream},
};

/// Makes the bot's device and reads the stream of its keys, until the bridge stops.
pub(super) async fn run(core: Arc<Core>) {
    if !core.config.encryption.allow {
        return;
    }
    let Ok(ability) = prepare(&core).await else { return };
    core.ciphers.set_ability(ability.clone());
    if let Ability::Ready(crypto) = ability {
        read(&core, &crypto).await;
    }
}

/// Makes the bot's device and identity, or completes them.
async fn prepare(core: &Core) -> Result<Ability, Halt> {
    let stored = core.read(core.store.key_identity(&core.bot))?;
    let known = stored.as_ref().map(known).unwrap_or_default();
    let (folder, bot) = (core.config.store.path.join("crypto"), core.bot());
    let prepared = core
        .insist(|| async {
            match Crypto::prepare(&folder, &bot, &known).await {
                Err(CryptoError::Homeserver(error)) => Err(error),
                done => Ok(done),
            }
        })
        .await;
    let (crypto, made) = match prepared {
        Ok(Ok(prepared)) => prepared,
        Ok(Err(CryptoError::NoDevices)) => {
            tracing::warn!(
                "the homeserver makes no devices for bridges (MSC4190); encrypted rooms stay unreadable"
            );
            return Ok(Ability::Unable { here: false });
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "encrypted rooms stay unreadable until the next start");
            return Ok(Ability::Unable { here: true });
        }
        Err(Halt::Stopping) => return Err(Halt::Stopping),
        Err(Halt::Refused(error)) => {
            tracing::error!(%error, "the homeserver refused the keys; encrypted rooms stay unreadable");
            return Ok(Ability::Unable { here: false });
        }
    };
    tell(&made, stored.is_some());
    let identity = identity(core, &made);
    if stored.as_ref() != Some(&identity) {
        core.commit(Change::new().put_key_identity(&identity)).await?;
    }
    Ok(Ability::Ready(crypto))
}

fn tell(made: &Prepared, was_known: bool) {
    let device = &made.device;
    match made.lost {
        Some(KeyLoss::Folder) => tracing::warn!(
            %device,
            "the keys of encrypted rooms were lost; there is a new device, and what it was not sent stays unreadable"
        ),
        Some(KeyLoss::OlderCopy) => tracing::warn!(
            %device,
            "the keys of encrypted rooms were an older copy; there is a new device, and what it was not sent stays unreadable"
        ),
        None if was_known => tracing::debug!(%device, "the bot's device for encrypted rooms"),
        None => tracing::info!(%device, "the bot has a device for encrypted rooms"),
    }
}

fn known(identity: &KeyIdentity) -> KnownIdentity {
    let seeds = identity.seeds.clone().map(|[master, self_signing, user_signing]| Seeds {
        master,
        self_signing,
        user_signing,
    });
    KnownIdentity { device: Some(identity.device.clone()), seeds }
}

fn identity(core: &Core, made: &Prepared) -> KeyIdentity {
    let seeds = made.seeds.clone();
    let seeds = seeds.map(|seeds| [seeds.master, seeds.self_signing, seeds.user_signing]);
    KeyIdentity { user: core.bot.clone(), device: made.device.clone(), seeds }
}

/// Reads the stream until the bridge stops.
async fn read(core: &Core, crypto: &Crypto) {
    let Ok(mut position) = position(core, crypto) else { return };
    let mut pace = StreamPace { is_slow: false, wait: Duration::ZERO };
    let mut failures = 0_u32;
    while !core.tasks.stopping() {
        let heard = core.tasks.unless_stopped(crypto.hear(&position, pace)).await;
        let Some(heard) = heard else { return };
        let turn = match heard {
            Ok(heard) => crypto.take_in(heard).await,
            Err(error) => Err(error),
        };
        match turn {
            Ok(turn) => {
                failures = 0;
                pace.wait = if turn.is_full { Duration::ZERO } else { WAIT };
                position = turn.next;
                if turn.is_news {
                    core.store.submit(Change::new().put_key_stream(&stored(crypto, &position)));
                }
                core.ciphers.note_answer(&turn.keys, turn.is_full, pace.is_slow);
                if carry(core, crypto).await.is_err() {
                    return;
                }
            }
            Err(CryptoError::Homeserver(error)) if lacks(&error) && !pace.is_slow => {
                tracing::info!(
                    "the homeserver has no sliding sync; keys are read by the older /sync"
                );
                pace.is_slow = true;
            }
            Err(CryptoError::Homeserver(error)) => {
                tracing::debug!(%error, failures, "the stream of keys broke off");
                failures += 1;
                pace.wait = Duration::ZERO;
                core.tasks.pause((PAUSE * failures).min(LONGEST_PAUSE)).await;
            }
            Err(error) => return core.die(Death::Keys(error)),
        }
    }
}

/// Makes the requests that have become due. One that is refused is tried again with the next answer
/// of the stream.
async fn carry(core: &Core, crypto: &Crypto) -> Result<(), Halt> {
    match core.insist_on_keys(|| crypto.carry()).await {
        Err(Halt::Refused(error)) => {
            tracing::warn!(%error, "the homeserver refused a request about keys");
            Ok(())
        }
        carried => carried,
    }
}

/// Returns where the stream goes on for this device.
fn position(core: &Core, crypto: &Crypto) -> Result<StreamPosition, Halt> {
    let stored = core.read(core.store.key_stream())?;
    let stored = stored.filter(|stream| stream.device == *crypto.device());
    Ok(stored.map_or_else(StreamPosition::default, |KeyStream { pos, since, slow, .. }| {
        StreamPosition { pos, since, slow }
    }))
}

fn stored(crypto: &Crypto, position: &StreamPosition) -> KeyStream {
    let StreamPosition { pos, since, slow } = position.clone();
    KeyStream { device: crypto.device().to_owned(), pos, since, slow }
}

/// How long the homeserver may wait for something to tell.
const WAIT: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
