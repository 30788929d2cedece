//! The names of a contact, its ghost and its room, and the state that marks the room as bridged.

use sha2::{Digest, Sha256};

use super::capabilities;
use crate::{
    bridge::core::{Core, name_of},
    convert,
    matrix::room::{self, Bridged, State},
    store::Portal,
};

/// Cleans a name for a contact; `None` when nothing is left of it.
pub(crate) fn sound_name(asked: &str) -> Option<String> {
    let name: String = convert::visible(asked).chars().take(NAME_CHARS).collect();
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// Returns the ghost's display name.
pub(super) fn display_name(core: &Core, portal: &Portal) -> String {
    core.config.bridge.display_name.of(&name_of(portal))
}

/// Returns the state events that mark a room as a portal's.
pub(super) fn marks(core: &Core, portal: &Portal, alias: &str) -> Vec<State> {
    let name = name_of(portal);
    let state_key = mark_key(alias);
    let bridged = Bridged {
        state_key: &state_key,
        bot: &core.bot,
        creator: &portal.key.owner,
        protocol: "wechat",
        protocol_name: "WeChat",
        channel: alias,
        channel_name: Some(&name),
    };
    let mut marks = Vec::from(room::bridge_info(&bridged));
    marks.push(room::functional_members(&[&core.bot]));
    marks.push(capabilities::state(&core.config, &state_key));
    marks
}

/// Returns the state key of these events.
pub(super) fn mark_key(alias: &str) -> String {
    format!("io.github.matrix-appservice-wechat://wechat/{alias}")
}

/// Returns the alias of a portal's room, which stays for this room and reveals neither owner nor
/// contact.
pub(super) fn alias_localpart(core: &Core, portal: &Portal) -> String {
    let key = &portal.key;
    let mut digest = Sha256::new()
        .chain_update(key.owner.as_bytes())
        .chain_update([0])
        .chain_update(key.contact.as_str());
    if portal.generation() > 0 {
        digest = digest.chain_update([0]).chain_update(portal.generation().to_be_bytes());
    }
    let digest = digest.finalize();
    let short: String = digest.iter().take(10).map(|byte| format!("{byte:02x}")).collect();
    format!("{}{short}", core.config.appservice.ghost_prefix)
}

/// The greatest length of a name that an owner can set, in characters.
const NAME_CHARS: usize = 100;
