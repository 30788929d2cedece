//! A bridge with so many logins between a stub homeserver and a simulator.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::bail;
use ilink_simulator::{Options, Phone, Simulator};
use serde_json::json;
use tokio::net::TcpSocket;

use crate::cdn::Cdn;
use crate::homeserver::{Homeserver, Push, owner};
use crate::program::{Place, Program};
use crate::rest;

/// Both sides, and the bridge's folder.
pub(crate) struct World {
    pub(crate) homeserver: Homeserver,
    pub(crate) simulator: Simulator,
    pub(crate) cdn: Cdn,
    pub(crate) began: Instant,
    pub(crate) phones: Vec<Phone>,
    pub(crate) place: Place,
    /// The number of the newest text in either direction.
    pub(crate) texts: u64,
}

impl World {
    /// Starts both sides, and makes a store with this many logins, each of another owner.
    pub(crate) async fn new(program: &Path, dir: &Path, logins: usize) -> anyhow::Result<Self> {
        let homeserver = Homeserver::start().await?;
        let cdn = Cdn::start(Arc::clone(&homeserver.bodies)).await?;
        let socket = TcpSocket::new_v4()?;
        socket.bind("127.0.0.1:0".parse()?)?;
        // All logins connect at once; with the usual backlog some of them would wait a second.
        let simulator = Simulator::start_on(socket.listen(16_384)?, Options::default()).await?;
        simulator.unlimited();
        simulator.keep_requests(1);
        // The simulator would store the files, so its announcements lead to the stub.
        simulator.classic_upload(true);
        let phones: Vec<_> = (0..logins).map(|n| simulator.phone(&format!("p{n}"))).collect();
        let sides = (&homeserver, &simulator, &cdn);
        let place = Place::new(program, dir.join(logins.to_string()), sides)?;
        let lines = phones.iter().enumerate().map(|(number, phone)| {
            let token = phone.bind();
            let line = json!({
                "owner": owner(number),
                "bot_id": phone.bot_id(),
                "token": token,
                "contact_id": phone.user_id(),
                "name": format!("Contact {number}"),
            });
            format!("{line}\n")
        });
        place.import(&lines.collect::<String>())?;
        let began = Instant::now();
        Ok(Self { homeserver, simulator, cdn, began, phones, place, texts: 0 })
    }

    /// Starts the bridge and waits until each login has its room and polls.
    pub(crate) async fn start(&self) -> anyhow::Result<Program> {
        let mut program = self.place.start()?;
        let logins = self.phones.len();
        until("all rooms are made", &mut program, || {
            self.homeserver.ledger.seen().first_room.len() >= logins
        })
        .await?;
        until("all logins poll", &mut program, || self.simulator.held_polls() >= logins).await?;
        Ok(program)
    }

    pub(crate) async fn push(&self) -> anyhow::Result<Push> {
        Push::connect(self.place.listen).await
    }

    /// Returns a number for the next text.
    pub(crate) fn number(&mut self) -> u64 {
        self.texts += 1;
        self.texts
    }

    /// Returns what went wrong on either side.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        let misplaced = self.homeserver.ledger.seen().misplaced;
        if misplaced > 0 {
            complaints.push(format!("{misplaced} texts came to Matrix twice or out of order"));
        }
        let dropped = self.simulator.dropped();
        if let Some(first) = dropped.first() {
            let count = dropped.len();
            complaints.push(format!("the simulator noted {count}, first {:?}", first.reason));
        }
        complaints
    }
}

/// Waits until a condition holds, which is checked once per millisecond.
pub(crate) async fn until(
    what: &str,
    program: &mut Program,
    mut is_so: impl FnMut() -> bool,
) -> anyhow::Result<()> {
    let began = Instant::now();
    while !is_so() {
        if program.is_gone() {
            bail!("the bridge ended while it was waited until {what}");
        }
        if began.elapsed() > PATIENCE {
            bail!("it took more than {PATIENCE:?} until {what}");
        }
        rest(LOOK).await;
    }
    Ok(())
}

const LOOK: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_secs(120);
