//! The bridge program killed again and again while both sides write, and the ledger afterwards.
//!
//! `scripts/torture` plays it at any size; the numbers come by `TORTURE_KILLS`,
//! `TORTURE_MESSAGES` and `TORTURE_SEED`.

mod handover;
mod ledger;
pub(crate) mod room;

use std::time::{Duration, Instant};

use handover::Handover;
use ilink_simulator::Phone;
use ledger::{Ledger, Side};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio::time::timeout;

use crate::support::{
    Person, Program, World, program,
    synapse::{Synapse, free_address},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_killed_at_any_moment_loses_nothing_and_doubles_nothing() {
    let size = Size::from_environment();
    let synapse = Synapse::own().await;
    let mut world = World::idle_on(&synapse).await;
    world.simulator.unlimited();
    let alice = Person::new(&synapse, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    let ghost = alice.ghost_in(&world, &portal).await;
    world.stop().await;
    let handover = stand_between(&world).await;

    let mut play = Play { world, alice, phone, portal, typed: 0, said: 0 };
    let begun = Instant::now();
    play.kill_and_write(&size).await;
    let last = play.drain(&size).await;
    let died = last.stop().await;
    let open = play.unfinished();
    let in_room = room::words(&play.alice, &play.portal, &ghost).await;
    let on_phone: Vec<_> = play.phone.shows().into_iter().map(|shown| shown.text).collect();
    let said: Vec<_> = (0..play.said).map(phone_text).collect();
    let typed: Vec<_> = (0..play.typed).map(matrix_text).collect();
    let handed = handover.texts(&play.portal, &play.alice.user_id);
    let ledger = Ledger {
        seed: size.seed,
        kills: size.kills,
        seconds: begun.elapsed().as_secs(),
        to_matrix: Side::new(&said, &ledger::in_order(&said), &in_room),
        to_wechat: Side::new(&typed, &handed, &on_phone),
    };
    tell(&ledger);
    assert!(ledger.is_clean(), "{ledger}\n{}", play.log());
    assert_eq!((died, open), (Some(0), 0), "the last run ends in order with nothing left to do");
    let odd = play.world.simulator.dropped();
    let repeated = ilink_simulator::Reason::Repeated;
    assert!(odd.iter().all(|entry| entry.reason == repeated), "{odd:?}");
}

/// Lets the homeserver's pushes pass through a listener that notes their order. The bridge is
/// otherwise configured as it comes: messages that wait are joined.
async fn stand_between(world: &World) -> Handover {
    let (at, bridge) = (world.slot.listen, free_address());
    let config = std::fs::read_to_string(world.config_path()).unwrap();
    let config = config
        .replace(&format!("listen = \"{at}\""), &format!("listen = \"{bridge}\""))
        .replace("merge = false", "merge = true");
    std::fs::write(world.config_path(), config).unwrap();
    Handover::listen(at, bridge).await
}

/// How much of everything.
struct Size {
    kills: usize,
    messages: usize,
    seed: u64,
}

impl Size {
    fn from_environment() -> Self {
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
        Self {
            kills: number("TORTURE_KILLS").unwrap_or(6) as usize,
            messages: number("TORTURE_MESSAGES").unwrap_or(150) as usize,
            seed: number("TORTURE_SEED").unwrap_or_else(rand::random),
        }
    }
}

/// Both ends of the conversation, and how far they are.
struct Play {
    world: World,
    alice: Person,
    phone: Phone,
    portal: String,
    /// Texts of the Matrix user.
    typed: usize,
    /// Messages of the phone.
    said: usize,
}

impl Play {
    /// Ends each run of the program by SIGKILL at a random moment, its start-up included, while
    /// both sides write their share.
    async fn kill_and_write(&mut self, size: &Size) {
        let mut random = StdRng::seed_from_u64(size.seed);
        for kill in 1..=size.kills {
            let program = Program::start(&self.world);
            let moment = Duration::from_millis(random.random_range(0..LONGEST_LIFE_MILLIS));
            let share = size.messages * kill / size.kills;
            tokio::join!(program.kill_after(moment), self.write_up_to(share));
        }
    }

    async fn write_up_to(&mut self, share: usize) {
        while self.typed < share || self.said < share {
            if self.said < share {
                self.phone_says().await;
            }
            if self.typed < share {
                self.alice.say(&self.portal, &matrix_text(self.typed)).await;
                self.typed += 1;
            }
        }
    }

    /// Writes from the phone. Some messages hold two items, which become two events.
    async fn phone_says(&mut self) {
        let item = |text: &str| serde_json::json!({ "type": 1, "text_item": { "text": text } });
        let text = phone_text(self.said);
        self.phone.sends_items(text.split(' ').map(item).collect()).await;
        self.said += 1;
    }

    /// Runs the program to its own end of work. The bridge answers ten times for each message of
    /// the phone, so the phone goes on writing until everything has come, or nothing comes on
    /// either side.
    async fn drain(&mut self, size: &Size) -> Program {
        let program = Program::start(&self.world);
        let expected: usize = (0..size.messages).map(|n| matrix_text(n).split(' ').count()).sum();
        let words = |text: &str| text.split_whitespace().count();
        loop {
            self.phone_says().await;
            let shown = self.phone.shows();
            if shown.iter().map(|shown| words(&shown.text)).sum::<usize>() >= expected {
                break;
            }
            let heard = self.alice.timeline(&self.portal).len();
            let more = timeout(PATIENCE, self.phone.wait_shows(shown.len() + 1));
            let idle = more.await.is_err();
            if idle && self.alice.timeline(&self.portal).len() == heard {
                break; // The ledger tells what is missing.
            }
        }
        // A backlog may take long, so that something comes is what is waited for.
        for number in (0..self.said).filter(|n| n % MILESTONE == 0).chain([self.said - 1]) {
            let text = phone_text(number);
            let word = text.rsplit(' ').next().unwrap_or_default();
            self.alice.wait(&self.portal, |m| m.body() == word).await;
        }
        let acknowledged = timeout(PATIENCE, self.phone.wait_acknowledged());
        acknowledged.await.expect("the bridge polls with its last cursor");
        program
    }

    /// Counts the work that the store still holds.
    fn unfinished(&self) -> u64 {
        let store = matrix_appservice_wechat::store::Store::open(&self.world.store_path()).unwrap();
        store.count().inbox
    }

    fn log(&self) -> String {
        std::fs::read_to_string(program::log_path(&self.world)).unwrap_or_default()
    }
}

/// Returns what the phone writes, one word for each event that it becomes.
fn phone_text(number: usize) -> String {
    match number % 10 {
        7 => format!("p{number}.0 p{number}.1"),
        _ => format!("p{number}"),
    }
}

/// Returns what Alice writes; every fortieth text is too long for one message of WeChat.
fn matrix_text(number: usize) -> String {
    match number % 40 {
        11 => {
            let words: Vec<_> = (0..LONG_WORDS).map(|word| format!("m{number}.{word}")).collect();
            words.join(" ")
        }
        _ => format!("m{number}"),
    }
}

#[expect(clippy::print_stdout, reason = "the ledger is what scripts/torture is for")]
fn tell(ledger: &Ledger) {
    println!("{ledger}");
}

/// A start takes a fraction of this, so most kills hit a bridge at work and many one that starts.
const LONGEST_LIFE_MILLIS: u64 = 1_500;
const LONG_WORDS: usize = 3_000;
/// Every so many messages of the phone, the Matrix user is seen to have got one.
const MILESTONE: usize = 50;
/// Below the patience of the phone itself, which would end the test without a ledger.
const PATIENCE: Duration = Duration::from_secs(25);
