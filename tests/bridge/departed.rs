//! Owners whose account is deactivated.

use matrix_appservice_wechat::store::{LoginState, LogoutReason, Store};
use matrix_sdk::ruma::api::client::uiaa::{AuthData, Password, UserIdentifier};
use serde_json::json;

use crate::support::{Person, World, synapse::Synapse};

/// Starts a bridge that Root administers, and Alice with a management room.
async fn begin() -> (World, Person, Person, String) {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let root = Person::new(Synapse::shared().await, "root").await;
    let admin = format!("[bridge.permissions]\n\"{}\" = \"admin\"", root.user_id);
    world.configure(|config| config.replace("[bridge.permissions]", &admin));
    world.resume().await;
    alice.management_room(&world).await;
    let of_root = root.management_room(&world).await;
    (world, alice, root, of_root)
}

/// Deactivates the person's account, as its owner would in a client.
async fn deactivate(person: &Person, erase: bool) {
    let account = person.client.account();
    let asked = account.deactivate(None, None, erase).await.unwrap_err();
    let session = asked.as_uiaa_response().unwrap().session.clone();
    let user = UserIdentifier::Matrix(person.client.user_id().unwrap().to_owned().into());
    let mut password = Password::new(user, "only its client uses it".to_owned());
    password.session = session;
    account.deactivate(None, Some(AuthData::Password(password)), erase).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_logins_of_a_deactivated_account_end_and_an_administrator_is_told() {
    for erase in [false, true] {
        let (mut world, alice, root, of_root) = begin().await;
        let [(mum, _), _dad] = world.link_all(&alice, ["Mum", "Dad"]).await;
        deactivate(&alice, erase).await;
        let told = root.wait_said(&of_root, "seems to be deactivated").await;
        assert!(told.body().contains(&format!("The account {} ", alice.user_id)), "{told:?}");
        assert!(told.body().contains("I ended its 2 logins"), "{told:?}");
        mum.says("anybody?").await;

        world.stop().await;
        world.resume().await;
        assert!(root.ask(&world, &of_root, "stats").await.contains("\nLogins: 2 (0 linked, 2"));
        world.stop().await;
        let store = Store::open(&world.store_path()).unwrap();
        for login in store.logins().unwrap() {
            let LoginState::LoggedOut { why: LogoutReason::ByOwner, .. } = login.state else {
                panic!("{login:?} goes on");
            };
            assert!(login.token.expose().is_empty());
        }
        let portals = store.portals().unwrap();
        assert!(
            portals.iter().all(|portal| portal.own_room().is_none()),
            "a room was made: {portals:?}"
        );
        let owners = store.owners().unwrap();
        let owner = owners.iter().find(|owner| owner.user == *alice.user_id).unwrap();
        assert_eq!(owner.management_room, None, "a management room was made");
        store.close().await.unwrap();
        assert_eq!(root.notices(&of_root, &world.bot()).len(), 3, "hello, once told, the figures");
    }
}

/// Somebody who leaves every room and still has a client hears from the contact again.
#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_every_room_and_has_a_device_is_not_taken_for_deactivated() {
    let (mut world, alice, root, of_root) = begin().await;
    let keys = json!({
        "device_keys": {
            "user_id": alice.user_id,
            "device_id": alice.client.device_id().unwrap(),
            "algorithms": ["m.olm.v1.curve25519-aes-sha2"],
            "keys": {},
            "signatures": {},
        }
    });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let upload = format!("{}/_matrix/client/v3/keys/upload", world.slot.base_url);
    let token = alice.client.access_token().unwrap();
    let uploaded = client.post(upload).bearer_auth(token).body(keys.to_string()).send().await;
    uploaded.unwrap().error_for_status().unwrap();

    let (mum, portal) = world.link(&alice, "Mum").await;
    let management = alice.management_room(&world).await;
    for room in [&management, &portal] {
        alice.room(room).leave().await.unwrap();
    }
    let closed = || alice.rooms().into_iter().find(|room| *room != portal && *room != management);
    let again = alice.until("a new management room", closed).await;
    alice.wait_said(&again, "Mum's room is closed").await;
    let known = alice.rooms();
    mum.says("where are you?").await;
    let other = alice.wait_new_room(&known).await;
    alice.wait_said(&other, "where are you?").await;
    assert!(root.notices(&of_root, &world.bot()).iter().all(|m| !m.body().contains("deactiv")));
    world.end().await;
}
