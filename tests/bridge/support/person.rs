//! A person at a Matrix client: matrix-sdk, syncing in the background, joining what it is
//! invited to.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use matrix_sdk::{
    Client, ClientBuilder, Room, RoomState, SessionMeta, SessionTokens,
    authentication::matrix::MatrixSession,
    ruma::{
        OwnedEventId, RoomId, UserId,
        api::client::room::create_room::v3::Request as CreateRoom,
        events::{AnySyncTimelineEvent, room::member::StrippedRoomMemberEvent},
        serde::Raw,
    },
};
use matrix_sdk_crypto::{CollectStrategy, DecryptionSettings, TrustRequirement};
use serde_json::Value;
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use super::{
    bridge::World,
    steps::gapless,
    synapse::{Synapse, User},
};

/// A person with a client.
pub(crate) struct Person {
    pub(crate) user_id: String,
    pub(crate) client: Client,
    seen: Arc<Seen>,
    sync: JoinHandle<()>,
}

/// Everything the client was told, by room, in the order of its arrival.
struct Seen {
    rooms: Mutex<BTreeMap<String, Vec<Message>>>,
    ids: Mutex<HashSet<String>>,
    changed: watch::Sender<()>,
}

/// One event of a room's timeline.
#[derive(Clone, Debug)]
pub(crate) struct Message(pub(crate) Arc<Value>);

impl Message {
    pub(crate) fn id(&self) -> &str {
        self.0["event_id"].as_str().unwrap_or_default()
    }

    pub(crate) fn sender(&self) -> &str {
        self.0["sender"].as_str().unwrap_or_default()
    }

    pub(crate) fn kind(&self) -> &str {
        self.0["type"].as_str().unwrap_or_default()
    }

    pub(crate) fn content(&self) -> &Value {
        &self.0["content"]
    }

    /// Returns the words; of an edit, the new ones.
    pub(crate) fn body(&self) -> &str {
        let content = self.content();
        content["m.new_content"]["body"].as_str().or(content["body"].as_str()).unwrap_or_default()
    }

    /// Returns whether this is a new notice of this user, and no edit of an old one.
    pub(crate) fn is_notice_of(&self, user: &str) -> bool {
        let is_notice = self.content()["msgtype"] == "m.notice" && self.edits().is_none();
        self.sender() == user && is_notice
    }

    pub(crate) fn at(&self) -> i64 {
        self.0["origin_server_ts"].as_i64().unwrap_or_default()
    }

    /// Returns the event that this one edits.
    pub(crate) fn edits(&self) -> Option<&str> {
        let relation = &self.content()["m.relates_to"];
        (relation["rel_type"] == "m.replace").then(|| relation["event_id"].as_str()).flatten()
    }

    /// Finds the link of a QR code's message.
    pub(crate) fn qr_url(&self) -> Option<String> {
        let words = self.body().split_whitespace();
        words.filter(|word| word.contains("qrcode=")).map(str::to_owned).next()
    }
}

impl Person {
    /// Registers a user of this Synapse who accepts each invitation, and begins to sync.
    pub(crate) async fn new(synapse: &Synapse, name: &str) -> Self {
        let person = Self::who_waits(synapse, name).await;
        person.joins();
        person
    }

    fn joins(&self) {
        let joins = |event: StrippedRoomMemberEvent, room: Room| async move {
            if event.state_key == room.own_user_id() && room.state() == RoomState::Invited {
                let _ = room.join().await;
            }
        };
        self.client.add_event_handler(joins);
    }

    /// Makes a user whose device is signed, and whose client, when it is `strict`, neither shares keys
    /// with devices that their owners have not signed, nor shows what those have sent (MSC4153).
    pub(crate) async fn signed(synapse: &Synapse, name: &str, strict: bool) -> Self {
        let user = synapse.user(name).await;
        let client = Client::builder().homeserver_url(&synapse.base_url);
        let client = match strict {
            false => client,
            true => client
                .with_room_key_recipient_strategy(CollectStrategy::IdentityBasedStrategy)
                .with_decryption_settings(DecryptionSettings {
                    sender_device_trust_requirement: TrustRequirement::CrossSigned,
                }),
        };
        let person = Self::at(client, user).await;
        person.client.encryption().bootstrap_cross_signing_if_needed(None).await.unwrap();
        person.joins();
        person
    }

    /// Registers a user of this Synapse who accepts no invitation, and begins to sync.
    pub(crate) async fn who_waits(synapse: &Synapse, name: &str) -> Self {
        let user = synapse.user(name).await;
        Self::at(Client::builder().homeserver_url(&synapse.base_url), user).await
    }

    async fn at(client: ClientBuilder, user: User) -> Self {
        let client = client.build().await.unwrap();
        let session = MatrixSession {
            meta: SessionMeta {
                user_id: UserId::parse(&user.user_id).unwrap(),
                device_id: user.device_id.into(),
            },
            tokens: SessionTokens { access_token: user.access_token, refresh_token: None },
        };
        client.restore_session(session).await.unwrap();
        let (rooms, ids) = (Mutex::default(), Mutex::default());
        let seen = Arc::new(Seen { rooms, ids, changed: watch::Sender::new(()) });
        let told = Arc::clone(&seen);
        client.add_event_handler(move |event: Raw<AnySyncTimelineEvent>, room: Room| {
            let told = Arc::clone(&told);
            async move { told.put(room.room_id(), &event) }
        });
        client.sync_once(gapless()).await.unwrap();
        let syncing = client.clone();
        #[expect(clippy::disallowed_methods, reason = "the bridge's tasks are not the client's")]
        let sync = tokio::spawn(async move {
            loop {
                // A homeserver that is restarted in a story ends a sync, and the next goes on.
                // One by one, because `sync` rests for a second after each.
                let _ = syncing.sync_once(gapless().timeout(POLL)).await;
                tokio::task::yield_now().await;
            }
        });
        Self { user_id: user.user_id, client, seen, sync }
    }

    /// Returns the rooms that the person has joined.
    pub(crate) fn rooms(&self) -> Vec<String> {
        self.client.joined_rooms().iter().map(|room| room.room_id().to_string()).collect()
    }

    /// Returns the rooms that the person is invited to.
    pub(crate) fn invitations(&self) -> Vec<String> {
        self.client.invited_rooms().iter().map(|room| room.room_id().to_string()).collect()
    }

    /// Reads what the homeserver keeps for the person's clients under this type.
    pub(crate) async fn account_data(&self, event_type: &str) -> Value {
        let kept = self.client.account().fetch_account_data(event_type.into()).await.unwrap();
        kept.map(|raw| serde_json::from_str(raw.json().get()).unwrap()).unwrap_or_default()
    }

    /// Waits for a joined room that is none of these.
    pub(crate) async fn wait_new_room(&self, known: &[String]) -> String {
        self.until("a new room", || self.rooms().into_iter().find(|room| !known.contains(room)))
            .await
    }

    /// Returns the room alone with the bot, which the first call makes.
    pub(crate) async fn management_room(&self, world: &World) -> String {
        let bot = UserId::parse(world.bot()).unwrap();
        for room in self.client.joined_rooms() {
            let id = room.room_id().to_string();
            let with_bot = room.direct_targets().iter().any(|target| target.as_str() == bot);
            if with_bot && self.state(&id, "m.bridge").await.is_empty() {
                return id;
            }
        }
        let mut request = CreateRoom::new();
        request.invite = vec![bot.clone()];
        request.is_direct = true;
        request.preset = Some(
            matrix_sdk::ruma::api::client::room::create_room::v3::RoomPreset::TrustedPrivateChat,
        );
        let room = self.client.create_room(request).await.unwrap();
        let id = room.room_id().to_string();
        self.wait(&id, |m| m.sender() == bot && m.kind() == "m.room.message").await;
        id
    }

    /// Sends a text; returns its event id.
    pub(crate) async fn say(&self, room: &str, text: &str) -> String {
        self.send(room, "m.room.message", serde_json::json!({ "msgtype": "m.text", "body": text }))
            .await
    }

    pub(crate) async fn send(&self, room: &str, event_type: &str, content: Value) -> String {
        let response = self.room(room).send_raw(event_type, content).await.unwrap();
        response.response.event_id.to_string()
    }

    /// Waits for an event anywhere in the room's timeline.
    pub(crate) async fn wait(&self, room: &str, wanted: impl Fn(&Message) -> bool) -> Message {
        self.until("a message", || self.timeline(room).into_iter().find(|m| wanted(m))).await
    }

    /// Waits for these words in one of these rooms, and returns the room.
    pub(crate) async fn wait_anywhere(&self, rooms: &[String], words: &str) -> String {
        let said_in = |room: &&String| self.timeline(room).iter().any(|m| m.body() == words);
        self.until(words, || rooms.iter().find(said_in).cloned()).await
    }

    /// Waits for an event that came later than this one.
    pub(crate) async fn wait_after(
        &self,
        room: &str,
        event: &str,
        wanted: impl Fn(&Message) -> bool,
    ) -> Message {
        self.until("a later message", || {
            let after = self.timeline(room).into_iter().skip_while(|m| m.id() != event);
            after.skip(1).find(|m| wanted(m))
        })
        .await
    }

    /// Waits for the notice with which the bot answers a command.
    pub(crate) async fn ask(&self, world: &World, room: &str, command: &str) -> String {
        let sent = self.say(room, command).await;
        let bot = world.bot();
        self.wait_after(room, &sent, |m| m.is_notice_of(&bot)).await.body().to_owned()
    }

    /// Waits for the end of a login that a command began: what is said of it after `event`, a
    /// portal that is none of these rooms, and the bot's first words there. Nothing of that can be
    /// taken for the answer to what the person asks next. Returns the portal.
    pub(crate) async fn wait_linked(
        &self,
        world: &World,
        room: &str,
        event: &str,
        known: &[String],
    ) -> String {
        let (portal, bot) = (self.wait_new_room(known).await, world.bot());
        self.wait_after(room, event, |m| m.is_notice_of(&bot)).await;
        self.wait(&portal, |m| m.is_notice_of(&bot)).await;
        portal
    }

    /// Waits until the room holds this many messages of this sender, and returns their words.
    pub(crate) async fn wait_words(&self, room: &str, sender: &str, count: usize) -> Vec<String> {
        self.until(&format!("{count} messages"), || {
            let words = self.words(room, sender);
            (words.len() >= count).then_some(words)
        })
        .await
    }

    /// Returns what this sender has written in the room so far.
    pub(crate) fn words(&self, room: &str, sender: &str) -> Vec<String> {
        let timeline = self.timeline(room).into_iter();
        timeline
            .filter(|m| m.sender() == sender && m.kind() == "m.room.message")
            .map(|m| m.body().to_owned())
            .collect()
    }

    /// Returns the ghost in a portal room.
    pub(crate) async fn ghost_in(&self, world: &World, room: &str) -> String {
        let members = self.room(room).members(matrix_sdk::RoomMemberships::JOIN).await.unwrap();
        let ghost = members.iter().map(|m| m.user_id().to_string()).find(|m| world.is_ghost(m));
        ghost.expect("a ghost is in the portal")
    }

    pub(crate) fn timeline(&self, room: &str) -> Vec<Message> {
        self.seen.rooms.lock().unwrap().get(room).cloned().unwrap_or_default()
    }

    pub(crate) fn room(&self, room: &str) -> Room {
        let id = RoomId::parse(room).unwrap();
        self.client.get_room(&id).expect("the client knows the room")
    }

    /// Returns the state of a room as far as the client was told.
    pub(crate) async fn state(&self, room: &str, event_type: &str) -> Vec<Value> {
        let events = self.room(room).get_state_events(event_type.into()).await.unwrap();
        let json = |event| serde_json::to_value(event).unwrap();
        events
            .into_iter()
            .map(|event| match event {
                matrix_sdk::deserialized_responses::RawAnySyncOrStrippedState::Sync(raw) => {
                    json(raw.json().to_owned())
                }
                matrix_sdk::deserialized_responses::RawAnySyncOrStrippedState::Stripped(raw) => {
                    json(raw.json().to_owned())
                }
            })
            .collect()
    }

    /// Waits until each contact in the room has read receipt on this event: WeChat has taken it.
    pub(crate) async fn wait_receipt(&self, room: &str, event: &str) {
        use matrix_sdk::{
            RoomMemberships,
            ruma::events::receipt::{ReceiptThread, ReceiptType},
        };
        let event = OwnedEventId::try_from(event).unwrap();
        let mut changed = self.client.subscribe_to_all_room_updates();
        let came = timeout(PATIENCE, async {
            loop {
                let room = self.room(room);
                let members = room.members(RoomMemberships::JOIN).await.unwrap();
                let ghosts = members.iter().filter(|member| is_ghost(member.user_id().localpart()));
                let mut missing = 0;
                for ghost in ghosts {
                    let (kind, thread) = (ReceiptType::Read, ReceiptThread::Unthreaded);
                    let receipt = room.load_user_receipt(kind, thread, ghost.user_id()).await;
                    missing += usize::from(receipt.unwrap().is_none_or(|(read, _)| read != event));
                }
                if missing == 0 {
                    return;
                }
                let _ = changed.recv().await;
            }
        });
        came.await.unwrap_or_else(|_| panic!("no receipt of the contacts came for {event}"));
    }

    /// Waits until `look` finds something in what the client was told.
    pub(crate) async fn until<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        let mut changed = self.seen.changed.subscribe();
        let mut updates = self.client.subscribe_to_all_room_updates();
        let waited = timeout(PATIENCE, async {
            loop {
                if let Some(found) = look() {
                    return found;
                }
                tokio::select! {
                    _ = changed.changed() => {}
                    _ = updates.recv() => {}
                }
            }
        });
        waited.await.unwrap_or_else(|_| {
            let rooms = self.seen.rooms.lock().unwrap();
            panic!("{} waits in vain for {what}; has seen {rooms:#?}", self.user_id)
        })
    }
}

impl Seen {
    fn put(&self, room: &RoomId, event: &Raw<AnySyncTimelineEvent>) {
        let json: Value = serde_json::from_str(event.json().get()).unwrap();
        let id = json["event_id"].as_str().unwrap_or_default().to_owned();
        if self.ids.lock().unwrap().insert(id) {
            let mut rooms = self.rooms.lock().unwrap();
            rooms.entry(room.to_string()).or_default().push(Message(Arc::new(json)));
        }
        self.changed.send_replace(());
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        self.sync.abort();
    }
}

/// How long a story waits for anything before it fails.
const PATIENCE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_secs(10);

/// Returns whether this is the name of a contact's Matrix user: `wechat_…`, or `wx07_…` where
/// several bridges share a homeserver.
fn is_ghost(localpart: &str) -> bool {
    localpart.split_once('_').is_some_and(|(prefix, _)| {
        let number = prefix.strip_prefix("wx").unwrap_or("none");
        prefix == "wechat" || (!number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
    })
}
