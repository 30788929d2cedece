//! What the listener tells a monitor.

use serde_json::Value;

use crate::support::{Person, World, synapse::Synapse};

#[tokio::test(flavor = "multi_thread")]
async fn a_monitor_sees_when_the_bridge_works_and_when_it_waits_for_the_homeserver() {
    let synapse = Synapse::own().await;
    let mut world = World::idle_on(&synapse).await;
    let alice = Person::new(&synapse, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    let ghost = alice.ghost_in(&world, &portal).await;
    assert_eq!(get(&world, "/health").await.0, 200);
    let (status, report) = get(&world, "/ready").await;
    assert_eq!((status, &report["polling"], &report["stale"]), (200, &1.into(), &0.into()));

    synapse.stop().await;
    phone.says("is anybody there?").await;
    let waiting = until(&world, 503).await;
    assert_eq!((&waiting["homeserver"], &waiting["unfinished"]), (&false.into(), &1.into()));
    assert_eq!(get(&world, "/health").await.0, 200, "it lives all the same");

    synapse.start().await;
    alice.wait_words(&portal, &ghost, 1).await;
    assert_eq!(until(&world, 200).await["homeserver"], true);
    world.end().await;
}

/// Asks until the bridge is found in this state.
async fn until(world: &World, status: u16) -> Value {
    let asked = async {
        loop {
            let (found, report) = get(world, "/ready").await;
            if found == status {
                return report;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(120), asked).await.expect("it comes")
}

async fn get(world: &World, path: &str) -> (u16, Value) {
    let url = format!("http://{}{path}", world.slot.listen);
    let response = reqwest::get(url).await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
}
