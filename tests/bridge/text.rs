//! Texts in both directions.

use crate::support::{Person, World, synapse::Synapse};

#[tokio::test(flavor = "multi_thread")]
async fn a_text_goes_each_way() {
    let world = World::start().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    let ghost = alice.ghost_in(&world, &portal).await;

    phone.says("你好").await;
    assert_eq!(alice.wait_words(&portal, &ghost, 1).await, ["你好"]);

    let sent = alice.say(&portal, "hello, Mum").await;
    phone.wait_text("hello, Mum").await;
    alice.wait_receipt(&portal, &sent, &world.bot()).await;
    assert!(world.simulator.dropped().is_empty(), "{:?}", world.simulator.dropped());
}
