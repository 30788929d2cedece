//! The cost of logins that only poll: memory, and the time of a start.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::rest;
use crate::table::Table;
use crate::world::{World, until};

/// The figures for one number of logins.
#[derive(Debug, Clone, Copy)]
struct Idle {
    kib: u64,
    first_poll: Duration,
    all_poll: Duration,
}

/// Measures the memory with 1, 100, 1,000 and 10,000 idle logins, and the start with 64 and 10,000.
pub(crate) async fn measure(program: &Path, dir: &Path, table: &mut Table) -> anyhow::Result<()> {
    let one = idle(program, dir, 1).await?;
    table.row("memory with one login", mib(one.kib), "MiB", Some(12.0));
    let few = idle(program, dir, 64).await?;
    table.row("start: first poll with 64 logins", millis(few.first_poll), "ms", Some(20.0));
    table.row("  all of 64 polling", millis(few.all_poll), "ms", None);
    for logins in [100, 1_000] {
        let some = idle(program, dir, logins).await?;
        let each = (some.kib.saturating_sub(one.kib)) as f64 / (logins - 1) as f64;
        table.row(&format!("memory with {logins} idle logins"), mib(some.kib), "MiB", None);
        table.row("  each idle login over plain HTTP", each, "KiB", Some(24.0));
    }
    if open_files()? < FILES_FOR_ALL {
        table.note(
            "10,000 logins not measured: the hard limit of open files is too low (ulimit -Hn)",
        );
        return Ok(());
    }
    let all = idle(program, dir, 10_000).await?;
    table.row("memory with 10000 idle logins", mib(all.kib), "MiB", Some(250.0));
    let each = (all.kib.saturating_sub(one.kib)) as f64 / 9_999.0;
    table.row("  each idle login over plain HTTP", each, "KiB", Some(24.0));
    table.row("start: all of 10000 polling", millis(all.all_poll), "ms", Some(1_000.0));
    Ok(())
}

/// Measures the memory with this many idle logins.
pub(crate) async fn measure_some(
    program: &Path,
    dir: &Path,
    logins: usize,
    table: &mut Table,
) -> anyhow::Result<()> {
    let some = idle(program, dir, logins).await?;
    table.row(&format!("memory with {logins} idle logins"), mib(some.kib), "MiB", None);
    table.row(&format!("start: all of {logins} polling"), millis(some.all_poll), "ms", None);
    Ok(())
}

/// Makes ghosts and rooms in a first run, and measures a second one.
async fn idle(program: &Path, dir: &Path, logins: usize) -> anyhow::Result<Idle> {
    let world = World::new(program, dir, logins).await?;
    let first = world.start().await?;
    // The records are written behind the answers that were seen.
    rest(Duration::from_millis(500)).await;
    first.stop()?;
    let mut wait = Instant::now();
    while world.simulator.held_polls() > 0 && wait.elapsed() < SETTLED {
        rest(LOOK).await;
    }
    let began = Instant::now();
    let mut running = world.place.start()?;
    let mut first_poll = None;
    until("all logins poll", &mut running, || {
        // Each look costs the simulator time, which grows with the logins.
        if logins > 100 && wait.elapsed() < LOOK {
            return false;
        }
        wait = Instant::now();
        let held = world.simulator.held_polls();
        if held > 0 {
            first_poll.get_or_insert_with(|| began.elapsed());
        }
        held >= logins
    })
    .await?;
    let all_poll = began.elapsed();
    rest(SETTLED).await;
    let kib = running.resident()?;
    running.stop()?;
    Ok(Idle { kib, first_poll: first_poll.unwrap_or(all_poll), all_poll })
}

fn open_files() -> anyhow::Result<u64> {
    let limits = std::fs::read_to_string("/proc/self/limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next()).unwrap_or("0");
    Ok(soft.parse().unwrap_or(u64::MAX))
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

const FILES_FOR_ALL: u64 = 10_500;
const SETTLED: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(5);
