//! What `/metrics` tells after some work, and that docs/metrics.md explains it.

use std::fmt::Write as _;

use serde_json::json;

use crate::{
    from_matrix::said,
    world::{OWNER, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_scrape_tells_what_was_done_and_names_nobody() {
    let mut world = World::start().await;
    world.open_window().await;
    let event = said("$out", &world.room, json!({ "body": "a secret word" }));
    world.push_event(&event).await;
    world.push(&json!({ "events": [{ "type": "m.room.message" }] })).await;
    world.settle().await;
    let (text, _) = world.get("/metrics").await;
    for line in [
        "outcomes_total{direction=\"to_matrix\",outcome=\"delivered\",reason=\"\"} 1.0",
        "outcomes_total{direction=\"to_wechat\",outcome=\"delivered\",reason=\"\"} 1.0",
        "outcomes_total{direction=\"to_wechat\",outcome=\"ignored\",reason=\"malformed\"} 1.0",
        "unfinished 0.0",
        "queued_messages 0.0",
        "logins{state=\"active\"} 1.0",
        "polling_logins 1.0",
        "polls_total{result=\"failed\"} 0.0",
        "sends_total{result=\"accepted\"} 1.0",
        "homeserver_away 0.0",
        "store_entries{kind=\"logins\"} 1.0",
    ] {
        assert!(text.contains(&format!("\nwechat_bridge_{line}\n")), "{line} is not in\n{text}");
    }
    assert!(!text.contains("store_sync_seconds_count 0\n"), "{text}");
    assert!(!text.contains("matrix_requests_total{result=\"ok\"} 0.0"), "{text}");
    let contact = world.phone.user_id();
    let token = world.phone.bot_token().unwrap();
    for word in [OWNER, &contact, &token, &world.room, &world.ghost, "Mum", "secret", "test."] {
        assert!(!text.contains(word), "{word} is in\n{text}");
    }
    assert_documented(&text);
}

/// Asserts that docs/metrics.md has a row for each metric of a scrape, with its labels and its
/// help.
fn assert_documented(scrape: &str) {
    let mut table = String::from("| Metric | Labels | What it tells |\n|---|---|---|\n");
    for line in scrape.lines() {
        let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|line| line.split_once(' '))
        else {
            continue;
        };
        let is_of = |line: &&str| line.starts_with(name) && line.contains('{');
        let labels = scrape.lines().find(is_of).and_then(|line| line.split_once('{'));
        let labels = labels.and_then(|(_, rest)| rest.split_once('}')).map_or("", |(all, _)| all);
        let labels: Vec<_> = labels
            .split(',')
            .filter_map(|label| label.split_once('=').map(|(name, _)| format!("`{name}`")))
            .filter(|label| label != "`le`")
            .collect();
        let help = help.trim_end_matches('.');
        writeln!(table, "| `{name}` | {} | {help} |", labels.join(", ")).unwrap();
    }
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md"));
    assert!(
        docs.unwrap().contains(&format!("\n\n{table}\n")),
        "docs/metrics.md has to hold this table:\n\n{table}"
    );
}
