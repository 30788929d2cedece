//! The memory that large files take, one alone and eight at once, each way.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::json;

use crate::cdn::KEY;
use crate::homeserver::file_event;
use crate::program::{Peak, Program};
use crate::rest;
use crate::table::Table;
use crate::world::{World, until};

/// Measures the peak of memory beyond that of an idle bridge, for a file of so many MiB, and for
/// eight.
pub(crate) async fn measure(
    program: &Path,
    dir: &Path,
    (alone, each_of_eight): (u64, u64),
    table: &mut Table,
) -> anyhow::Result<()> {
    let world = World::new(program, dir, AT_ONCE).await?;
    world.start().await?.stop()?;
    // The contacts write first, since nothing can be sent to them before.
    for way in [Way::ToMatrix, Way::ToWechat] {
        for (files, mib, budget) in [(1, alone, 24.0), (AT_ONCE, each_of_eight, 64.0)] {
            let cost = transfer(&world, way, files, mib << 20).await?;
            let what = format!("{files} × {mib} MiB {}", way.name());
            table.row(&format!("memory for {what}"), cost.extra_kib / 1024.0, "MiB", Some(budget));
            table.row("  of this not from files", cost.extra_anonymous_kib / 1024.0, "MiB", None);
            table.note(&cost.note);
        }
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    ToMatrix,
    ToWechat,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::ToMatrix => "WeChat → Matrix",
            Self::ToWechat => "Matrix → WeChat",
        }
    }
}

/// The cost of some files.
struct Cost {
    extra_kib: f64,
    extra_anonymous_kib: f64,
    note: String,
}

/// Sends one file in each of so many conversations of a bridge that was just started.
async fn transfer(world: &World, way: Way, files: usize, size: u64) -> anyhow::Result<Cost> {
    let mut program = world.place.start()?;
    let logins = world.phones.len();
    until("all logins poll", &mut program, || world.simulator.held_polls() >= logins).await?;
    rest(SETTLED).await;
    let bodies = &world.homeserver.bodies;
    bodies.expect(size, files);
    let events = || world.homeserver.ledger.seen().files;
    let accepted = || world.homeserver.ledger.seen().accepted;
    let (events_before, accepted_before) = (events(), accepted());
    let before = program.memory()?;
    let peak = Peak::watch(program.pid())?;
    let began = Instant::now();
    match way {
        Way::ToMatrix => write_files(world, files, size).await,
        Way::ToWechat => push_files(world, files, size).await?,
    }
    wait(&mut program, world, || {
        let (_, taken, _) = bodies.counts();
        let told = match way {
            Way::ToMatrix => events() - events_before,
            Way::ToWechat => accepted() - accepted_before,
        };
        taken >= files && told >= files as u64
    })
    .await?;
    let took = began.elapsed();
    let anonymous = peak.stop();
    let after = program.memory()?;
    let (_, _, most) = bodies.counts();
    program.stop()?;
    let rate = (size * files as u64) as f64 / 1_048_576.0 / took.as_secs_f64();
    Ok(Cost {
        extra_kib: after.peak.saturating_sub(before.resident) as f64,
        extra_anonymous_kib: anonymous.saturating_sub(before.anonymous) as f64,
        note: format!("took {took:.1?}, {rate:.0} MiB/s; at once {most}"),
    })
}

async fn write_files(world: &World, files: usize, size: u64) {
    let url = format!("{}/download", world.cdn.url());
    let media = json!({ "full_url": url, "aes_key": KEY, "encrypt_type": 1 });
    let file = json!({ "media": media, "file_name": "zeros.bin", "len": size.to_string() });
    let item = json!({ "type": 4, "is_completed": true, "file_item": file });
    for phone in world.phones.iter().take(files) {
        phone.sends_item(item.clone()).await;
    }
}

async fn push_files(world: &World, files: usize, size: u64) -> anyhow::Result<()> {
    let rooms = world.homeserver.ledger.seen().first_rooms(files).context("no rooms")?;
    let mut push = world.push().await?;
    let number = Instant::now().duration_since(world.began).as_nanos();
    let event = |(owner, room)| file_event((owner, room), &format!("{number}{owner}"), size);
    let events: Vec<_> = rooms.into_iter().enumerate().map(event).collect();
    push.push(&events).await
}

/// Waits until all files are transferred.
async fn wait(
    program: &mut Program,
    world: &World,
    is_done: impl Fn() -> bool,
) -> anyhow::Result<()> {
    let began = Instant::now();
    while !is_done() {
        if program.is_gone() {
            bail!("the bridge ended while files were on their way");
        }
        if began.elapsed() > PATIENCE {
            let counts = world.homeserver.bodies.counts();
            bail!("files did not arrive; given, taken and at once: {counts:?}");
        }
        rest(LOOK).await;
    }
    Ok(())
}

const AT_ONCE: usize = 8;
const SETTLED: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(900);
