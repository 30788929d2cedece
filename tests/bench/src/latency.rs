//! The delay of a text by the bridge, at 20 texts per second each way.

use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::homeserver::{text, text_event};
use crate::program::Program;
use crate::rest;
use crate::table::Table;
use crate::world::World;

/// Measures texts to and fro in turns, so that each has the bridge for itself for 25 ms.
pub(crate) async fn measure(
    world: &mut World,
    program: &Program,
    table: &mut Table,
) -> anyhow::Result<()> {
    let mut push = world.push().await?;
    let owners = world.phones.len();
    let rooms = world.homeserver.ledger.seen().first_rooms(owners).context("rooms are missing")?;
    let mut shown: Vec<usize> = world.phones.iter().map(|phone| phone.shows().len()).collect();
    let (mut ways_in, mut ways_out) = (Vec::new(), Vec::new());
    let before = program.cpu()?;
    for turn in 0..SAMPLES {
        let owner = turn % owners;
        let phone = world.phones[owner].clone();
        let (began, number) = (Instant::now(), world.number());
        phone.says(&text(number)).await;
        ways_in.push(arrival(world, rooms[owner], began).await?);
        rest(HALF_A_TURN.saturating_sub(began.elapsed())).await;

        let event = text_event(owner, rooms[owner], world.number());
        let began = Instant::now();
        shown[owner] += 1;
        let (pushed, at) = tokio::join!(push.push(std::slice::from_ref(&event)), async {
            phone.wait_shows(shown[owner]).await;
            Instant::now()
        });
        pushed?;
        ways_out.push(at - began);
        rest(HALF_A_TURN.saturating_sub(began.elapsed())).await;
    }
    let after = program.cpu()?;
    for (way, times) in [("in", &mut ways_in), ("out", &mut ways_out)] {
        times.sort();
        let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        table.row(&format!("latency {way}, 20 texts/s, p50"), millis(at(0.5)), "ms", Some(0.6));
        table.row(&format!("latency {way}, 20 texts/s, p99"), millis(at(0.99)), "ms", Some(1.5));
    }
    let cpu = (after.0 + after.1) - (before.0 + before.1);
    let each = cpu.as_secs_f64() * 1e6 / (2 * SAMPLES) as f64;
    table.row("  CPU per text at this rate, both ways", each, "µs", None);
    Ok(())
}

/// Returns the time until the room has one more text.
async fn arrival(world: &World, room: usize, began: Instant) -> anyhow::Result<Duration> {
    loop {
        let last = world.homeserver.ledger.seen().rooms.get(room).and_then(|room| room.newest_at);
        if let Some(at) = last.filter(|at| *at > began) {
            return Ok(at - began);
        }
        anyhow::ensure!(began.elapsed() < PATIENCE, "a text to Matrix does not arrive");
        rest(Duration::from_millis(1)).await;
    }
}

const SAMPLES: usize = 400;
const HALF_A_TURN: Duration = Duration::from_millis(25);
const PATIENCE: Duration = Duration::from_secs(30);
