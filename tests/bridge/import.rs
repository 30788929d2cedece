//! Logins that come from another installation.

use matrix_appservice_wechat::{
    clock::Clock,
    store::{Store, transfer::import_lines},
};
use serde_json::json;

use crate::support::{Person, World, synapse::Synapse};

#[tokio::test(flavor = "multi_thread")]
async fn imported_contacts_have_their_rooms_at_the_next_start_and_can_be_talked_to() {
    let mut world = World::start().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    world.stop().await;
    let phones = ["Mum", "Dad", "Aunt"].map(|name| world.simulator.phone(name));
    let lines: Vec<_> = phones
        .iter()
        .map(|phone| {
            let token = phone.bind();
            json!({
                "owner": alice.user_id,
                "bot_id": phone.bot_id().unwrap(),
                "token": token,
                "base_url": world.simulator.api_url(),
                "contact_id": phone.user_id(),
                "name": phone.name(),
            })
            .to_string()
        })
        .collect();
    let store = Store::open(&world.store_path()).unwrap();
    let lines = lines.join("\n");
    let report =
        import_lines(&store, lines.as_bytes(), &|_, _| Ok(()), Clock::System.now()).await.unwrap();
    assert_eq!((report.added, report.errors.len()), (3, 0));
    store.close().await.unwrap();
    drop(store);

    world.resume().await;
    let mut rooms = Vec::new();
    for _contact in &phones {
        rooms.push(alice.wait_new_room(&rooms).await);
    }
    for phone in &phones {
        let words = format!("hello from {}", phone.name());
        phone.says(&words).await;
        let heard = alice.wait_anywhere(&rooms, &words).await;
        alice.say(&heard, "hello back").await;
        phone.wait_text("hello back").await;
    }
    world.end().await;
}
