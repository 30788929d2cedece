//! The effect of strangers and of many logins: descriptors, connections, and the texts meanwhile.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::homeserver::{text, text_event};
use crate::program::Program;
use crate::rest;
use crate::table::Table;
use crate::world::World;

/// Lets this many logins poll, opens slow connections, and sends texts both ways beside them. A
/// text that does not arrive is an error.
pub(crate) async fn measure(
    program: &Path,
    dir: &Path,
    logins: usize,
    table: &mut Table,
) -> anyhow::Result<()> {
    let mut world = World::new(program, dir, logins).await?;
    let began = Instant::now();
    let running = world.start().await?;
    table.row(&format!("{logins} logins: all poll"), millis(began.elapsed()), "ms", None);
    table.note(&format!("limits of the bridge: {}", limits(&running)?));
    figures(&running, "with all logins", table)?;
    texts(&mut world, "before", table).await?;

    let mut slow = Vec::with_capacity(SLOW);
    for _ in 0..SLOW {
        let mut stream = TcpStream::connect(world.place.listen).await?;
        // A head that never ends. The bridge may close the connection at any moment.
        let _ = stream.write_all(b"PUT /_matrix/app/v1/transactions/1 HTTP/1.1\r\nx: ").await;
        slow.push(stream);
    }
    figures(&running, &format!("with {SLOW} slow connections"), table)?;
    texts(&mut world, &format!("beside {SLOW} slow connections"), table).await?;
    drop(slow);
    world.complaints().iter().for_each(|complaint| table.note(complaint));
    running.stop()
}

/// Sends one text each way, over a new connection.
async fn texts(world: &mut World, when: &str, table: &mut Table) -> anyhow::Result<()> {
    let room = world.homeserver.ledger.seen().first_rooms(1).context("a room is missing")?[0];
    let (phone, number) = (world.phones[0].clone(), world.number());
    let began = Instant::now();
    phone.says(&text(number)).await;
    let newest = || world.homeserver.ledger.seen().rooms.get(room).and_then(|room| room.newest_at);
    while newest().is_none_or(|at| at < began) {
        anyhow::ensure!(began.elapsed() < PATIENCE, "a text to Matrix does not arrive {when}");
        rest(Duration::from_millis(1)).await;
    }
    table.row(&format!("a text to Matrix, {when}"), millis(began.elapsed()), "ms", None);

    let shown = phone.shows().len() + 1;
    let event = text_event(0, room, world.number());
    let began = Instant::now();
    let mut push = timeout(PATIENCE, world.push()).await.context("no connection")??;
    timeout(PATIENCE, push.push(&[event])).await.context("a push is not answered")??;
    timeout(PATIENCE, phone.wait_shows(shown)).await.context("a text does not arrive")?;
    table.row(&format!("a text to WeChat, {when}"), millis(began.elapsed()), "ms", None);
    Ok(())
}

fn figures(running: &Program, when: &str, table: &mut Table) -> anyhow::Result<()> {
    let open = std::fs::read_dir(format!("/proc/{}/fd", running.pid()))?.count();
    table.row(&format!("open descriptors {when}"), open as f64, "", None);
    table.row(&format!("memory {when}"), running.resident()? as f64 / 1024.0, "MiB", None);
    Ok(())
}

fn limits(running: &Program) -> anyhow::Result<String> {
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", running.pid()))?;
    let files = limits.lines().find(|line| line.starts_with("Max open files"));
    Ok(files.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" "))
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

const SLOW: usize = 2_000;
const PATIENCE: Duration = Duration::from_secs(60);
