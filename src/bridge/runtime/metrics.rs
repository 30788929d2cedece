//! The metrics of `/metrics`, each with its source and its meaning.
//!
//! docs/metrics.md has a row for each. No metric and no label names a person, a room or a text.

use crate::{
    bridge::core::Core,
    store::{Direction, LoginState, Outcome, OutcomeCount, Timing},
    web::metrics::{Durations, Metric, MetricValue, Sample},
};

/// Returns all metrics with their current values.
pub(super) fn all(core: &Core) -> Vec<Metric> {
    let mut all = vec![build(), gauge("start_time_seconds", START, core.started.0 as f64 / 1e3)];
    all.extend(work(core));
    all.extend(logins(core));
    all.extend(requests(core));
    all.extend(store(core));
    all
}

fn build() -> Metric {
    let version = Sample::of("version", env!("CARGO_PKG_VERSION"), 1.0);
    Metric { name: "build_info", help: BUILD, value: MetricValue::Gauge(vec![version]) }
}

/// Returns the metrics of incoming work, its outcomes, and unfinished work.
fn work(core: &Core) -> Vec<Metric> {
    let counts = core.store.outcome_counts().unwrap_or_else(|error| {
        tracing::warn!(%error, "the outcomes could not be counted");
        Vec::new()
    });
    let queues = core.outbox.portals();
    let queued: usize = queues.iter().map(|portal| core.outbox.queued(*portal)).sum();
    vec![
        counter("outcomes", OUTCOMES, counts.iter().map(outcome).collect()),
        gauge("unfinished", UNFINISHED, core.store.count().inbox as f64),
        gauge("queued_messages", QUEUED, queued as f64),
        gauge("queues", QUEUES, queues.len() as f64),
    ]
}

fn outcome(count: &OutcomeCount) -> Sample {
    let (name, reason) = match &count.outcome {
        Outcome::Delivered => ("delivered", ""),
        Outcome::Unconfirmed => ("unconfirmed", ""),
        Outcome::Refused(why) => ("refused", &**why),
        Outcome::Ignored(why) => ("ignored", &**why),
        Outcome::Cancelled => ("cancelled", ""),
    };
    let labels = vec![
        ("direction", direction(count.direction).to_owned()),
        ("outcome", name.to_owned()),
        ("reason", reason.to_owned()),
    ];
    Sample { labels, value: count.count as f64 }
}

fn logins(core: &Core) -> Vec<Metric> {
    let all = core.registry.all_logins();
    let active = all.iter().filter(|login| login.state == LoginState::Active).count();
    let states = vec![
        Sample::of("state", "active", active as f64),
        Sample::of("state", "logged_out", (all.len() - active) as f64),
    ];
    let fresh = core.sessions.freshness(core.clock.now());
    let polls = [("answered", fresh.answered), ("cut", fresh.cut), ("failed", fresh.failed)];
    vec![
        Metric { name: "logins", help: LOGINS, value: MetricValue::Gauge(states) },
        gauge("polling_logins", POLLING, fresh.polling as f64),
        gauge("stale_logins", STALE, fresh.stale as f64),
        gauge("oldest_poll_seconds", OLDEST, fresh.oldest.unwrap_or_default().as_secs_f64()),
        counter("polls", POLLS, results(polls)),
    ]
}

fn requests(core: &Core) -> Vec<Metric> {
    let keys = core.ciphers.stream().answered;
    let media = core.tallies.media().map(|(way, bytes)| (direction(way), bytes));
    let media = media.map(|(way, bytes)| Sample::of("direction", way, bytes as f64));
    vec![
        counter("sends", SENDS, results(core.tallies.sends())),
        counter("matrix_requests", REQUESTS, results(core.homeserver.requests())),
        gauge("homeserver_away", AWAY, f64::from(u8::from(core.homeserver.is_away()))),
        counter("media_bytes", MEDIA, media.into()),
        gauge("keys_stream_age_seconds", KEYS, keys.map_or(0.0, |at| at.elapsed().as_secs_f64())),
    ]
}

fn store(core: &Core) -> Vec<Metric> {
    let counts = core.store.count();
    let entries = [
        ("logins", counts.logins),
        ("portals", counts.portals),
        ("owners", counts.owners),
        ("inbox", counts.inbox),
        ("sources", counts.sources),
        ("transactions", counts.transactions),
        ("links", counts.links),
    ];
    let entries = entries.map(|(kind, count)| Sample::of("kind", kind, count as f64));
    let timings = core.store.timings();
    vec![
        Metric { name: "store_entries", help: ENTRIES, value: MetricValue::Gauge(entries.into()) },
        durations("store_commit_seconds", COMMITS, &timings.commits),
        durations("store_sync_seconds", SYNCS, &timings.syncs),
    ]
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::ToMatrix => "to_matrix",
        Direction::ToWechat => "to_wechat",
    }
}

fn results(counts: impl IntoIterator<Item = (&'static str, u64)>) -> Vec<Sample> {
    let sample = |(result, count)| Sample::of("result", result, count as f64);
    counts.into_iter().map(sample).collect()
}

fn counter(name: &'static str, help: &'static str, samples: Vec<Sample>) -> Metric {
    Metric { name, help, value: MetricValue::Counter(samples) }
}

fn gauge(name: &'static str, help: &'static str, value: f64) -> Metric {
    Metric { name, help, value: MetricValue::Gauge(vec![Sample::plain(value)]) }
}

fn durations(name: &'static str, help: &'static str, timing: &Timing) -> Metric {
    let (sum, buckets) = (timing.sum.as_secs_f64(), timing.buckets.clone());
    Metric { name, help, value: MetricValue::Durations(Durations { sum, buckets }) }
}

const BUILD: &str = "1, with the version of the program";
const START: &str = "When this run began, in seconds since 1970";
const OUTCOMES: &str =
    "What came in, by the way it went or would have gone and by its end; kept through restarts";
const UNFINISHED: &str = "What came in and has no end yet";
const QUEUED: &str = "Messages that wait to be sent to WeChat, or are being sent";
const QUEUES: &str = "Contacts for whom messages wait";
const LOGINS: &str = "Linked contacts";
const POLLING: &str = "Logins that poll";
const STALE: &str = "Logins whose last good poll is more than two minutes ago";
const OLDEST: &str = "How long ago the login that waits longest was last answered";
const POLLS: &str = "Polls since the start; cut ones hung beyond their time";
const SENDS: &str = "Tries to send to WeChat since the start, by what the answer meant";
const REQUESTS: &str = "Requests to the homeserver since the start, by how they ended";
const AWAY: &str = "1 while the homeserver does not answer";
const MEDIA: &str =
    "Bytes of images, voice messages, files and videos that were bridged since the start";
const KEYS: &str =
    "How long ago the homeserver last answered about keys of encrypted rooms; 0 before it has";
const ENTRIES: &str = "What the store holds";
const COMMITS: &str = "Time that a commit took, the sync included";
const SYNCS: &str = "Time that the disk took to take a commit";
