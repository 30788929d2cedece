//! A benchmark of the bridge's program with texts: processor time, rates, latency, memory, start;
//! and the memory that files take.
//!
//! `bench-text PROGRAM FOLDER [load|latency|idle|idle:LOGINS]…`; the folder is for stores and logs.
//! `bench-text PROGRAM FOLDER media:MIB[,MIB]` measures what a file of so many MiB and eight at
//! once cost in memory, and ends with 1 unless every budget is kept. `bench-text PROGRAM FOLDER
//! bounds:LOGINS` prints descriptors and connections, and ends with 1 unless every text arrives.
//! The homeserver is a stub and WeChat is the simulator, both in this process; the bridge is a
//! process of its own, so its figures are its alone.

mod bodies;
mod bounds;
mod cdn;
mod homeserver;
mod idle;
mod latency;
mod ledger;
mod load;
mod media;
mod program;
mod table;
mod wire;
mod world;

use std::future::Future;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use table::Table;
use world::World;

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [program, dir, parts @ ..] = arguments.as_slice() else {
        anyhow::bail!("bench-text PROGRAM FOLDER [load|latency|idle|idle:LOGINS|media:MIB]…");
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(Path::new(program), Path::new(dir), parts))
}

async fn run(program: &Path, dir: &Path, parts: &[String]) -> anyhow::Result<ExitCode> {
    let wants = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    let mut table = Table::begin();
    table.note(&surroundings(dir)?);
    if wants("load") || wants("latency") {
        let mut world = World::new(program, &dir.join("load"), LOGINS).await?;
        let mut running = world.start().await?;
        table.note(&format!("the bridge is process {}", running.pid()));
        if wants("latency") {
            report(latency::measure(&mut world, &running, &mut table).await, &table);
        }
        if wants("load") {
            report(load::measure(&mut world, &mut running, &mut table).await, &table);
        }
        world.complaints().iter().for_each(|complaint| table.note(complaint));
    }
    if wants("idle") {
        report(idle::measure(program, &dir.join("idle"), &mut table).await, &table);
    }
    for logins in parts.iter().filter_map(|part| part.strip_prefix("idle:")?.parse().ok()) {
        report(idle::measure_some(program, &dir.join("some"), logins, &mut table).await, &table);
    }
    for logins in parts.iter().filter_map(|part| part.strip_prefix("bounds:")?.parse().ok()) {
        bounds::measure(program, &dir.join("bounds"), logins, &mut table).await?;
    }
    let files = parts.iter().find_map(|part| part.strip_prefix("media:"));
    if let Some(mib) = files {
        let (alone, each) = mib.split_once(',').unwrap_or((mib, mib));
        let sizes = (alone.parse()?, each.parse()?);
        media::measure(program, &dir.join("media"), sizes, &mut table).await?;
    }
    let all_kept = table.end();
    Ok(if files.is_some() && !all_kept { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Returns the circumstances of the figures: load, cores, the time of a sync.
fn surroundings(dir: &Path) -> anyhow::Result<String> {
    let load = std::fs::read_to_string("/proc/loadavg")?;
    let load = load.split_whitespace().next().unwrap_or_default().to_owned();
    let cores = std::thread::available_parallelism()?;
    std::fs::create_dir_all(dir)?;
    let mut file = std::fs::File::create(dir.join("sync"))?;
    let mut syncs = Vec::new();
    for _ in 0..SYNCS {
        let began = Instant::now();
        file.write_all(&[0; 256])?;
        file.sync_data()?;
        syncs.push(began.elapsed());
    }
    syncs.sort();
    let (usual, worst) = (syncs[SYNCS / 2], syncs[SYNCS - 1 - SYNCS / 100]);
    Ok(format!(
        "{cores} cores, load {load}; a sync of 256 bytes takes {usual:.2?}, p99 {worst:.2?}"
    ))
}

/// Notes a part that failed, so that the others are still measured.
fn report(done: anyhow::Result<()>, table: &Table) {
    if let Err(error) = done {
        table.note(&format!("not measured further: {error:#}"));
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the stub's connections live as long as the measurement and are not waited for"
)]
pub(crate) fn in_background(job: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(job);
}

#[expect(clippy::disallowed_methods, reason = "a measurement at a given rate has to wait")]
pub(crate) async fn rest(how_long: Duration) {
    tokio::time::sleep(how_long).await;
}

const LOGINS: usize = 64;
const SYNCS: usize = 200;
