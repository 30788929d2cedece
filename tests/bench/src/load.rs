//! The cost of a text under load: processor time, texts per second.

use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::homeserver::{text, text_event};
use crate::program::Program;
use crate::table::Table;
use crate::world::{World, until};

/// Measures everything that needs load, on one bridge with 64 logins.
pub(crate) async fn measure(
    world: &mut World,
    program: &mut Program,
    table: &mut Table,
) -> anyhow::Result<()> {
    to_matrix(world, program, WARM_UP).await?;
    let many = to_matrix(world, program, PER_LOGIN).await?;
    table.row("CPU per text, WeChat → Matrix, 64 logins", many.micros(), "µs", Some(36.0));
    table.note(&many.shares());
    let single = one_by_one(world, program).await?;
    table.row("  the same, one text per poll", single.micros(), "µs", None);
    let out = to_wechat(world, program, many.cpu_per_text()).await?;
    table.row("CPU per text, Matrix → WeChat, 64 logins", out.micros(), "µs", Some(50.0));
    table.note(&out.shares());
    table.rate("  texts per second meanwhile, in", many.per_second(), None);
    table.rate("  texts per second meanwhile, out", out.per_second(), None);
    let rate = conversation_in(world, program).await?;
    table.rate("one conversation in order, in", rate, Some(8_000.0));
    let rate = conversation_out(world, program).await?;
    table.rate("one conversation in order, out, in tens", rate, None);
    let rate = first_contacts(world, program).await?;
    table.rate("first contact: ghost, room, first text", rate, Some(1_500.0));
    Ok(())
}

/// The cost of some texts.
#[derive(Debug, Clone, Copy)]
struct Cost {
    texts: u32,
    user: Duration,
    kernel: Duration,
    took: Duration,
}

impl Cost {
    fn cpu_per_text(&self) -> Duration {
        (self.user + self.kernel) / self.texts.max(1)
    }

    fn micros(&self) -> f64 {
        (self.user + self.kernel).as_secs_f64() * 1e6 / f64::from(self.texts)
    }

    fn per_second(&self) -> f64 {
        f64::from(self.texts) / self.took.as_secs_f64()
    }

    fn shares(&self) -> String {
        let each = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(self.texts);
        format!("{:.0} µs in user mode, {:.0} µs in the kernel", each(self.user), each(self.kernel))
    }
}

/// Sends each login this many texts, which all wait at once.
async fn to_matrix(world: &mut World, program: &mut Program, each: u32) -> anyhow::Result<Cost> {
    let ledger = std::sync::Arc::clone(&world.homeserver.ledger);
    let texts = each * count(world.phones.len())?;
    let wanted = ledger.seen().texts + u64::from(texts);
    let (before, began) = (program.cpu()?, Instant::now());
    for _ in 0..each {
        for phone in world.phones.clone() {
            phone.says(&text(world.number())).await;
        }
    }
    until("all texts are in Matrix", program, || ledger.seen().texts >= wanted).await?;
    cost(program, before, began, texts)
}

/// Sends each login one text, and the next when all have arrived, so that only texts of different
/// logins can be committed together.
async fn one_by_one(world: &mut World, program: &mut Program) -> anyhow::Result<Cost> {
    let (before, began) = (program.cpu()?, Instant::now());
    for _ in 0..ROUNDS {
        let wanted = world.homeserver.ledger.seen().texts + world.phones.len() as u64;
        for phone in world.phones.clone() {
            phone.says(&text(world.number())).await;
        }
        let ledger = &world.homeserver.ledger;
        until("the round is in Matrix", program, || ledger.seen().texts >= wanted).await?;
    }
    cost(program, before, began, ROUNDS * count(world.phones.len())?)
}

/// Writes to WeChat in the rooms of all logins at once. WeChat accepts ten messages for each of the
/// contact's, so the contact writes after every ten; the least cost of such a text is subtracted.
async fn to_wechat(
    world: &mut World,
    program: &mut Program,
    refill: Duration,
) -> anyhow::Result<Cost> {
    let mut push = world.push().await?;
    let owners = world.phones.len();
    let rooms = world.homeserver.ledger.seen().first_rooms(owners).context("rooms are missing")?;
    let start: Vec<_> = room_counts(world, &rooms);
    let mut lanes = vec![Lane::default(); owners];
    let (before, began) = (program.cpu()?, Instant::now());
    while lanes.iter().any(|lane| lane.done < OUT_PER_LOGIN) {
        let mut events = Vec::new();
        let now = room_counts(world, &rooms);
        for (owner, lane) in lanes.iter_mut().enumerate() {
            let (texts, accepted) = (now[owner].0 - start[owner].0, now[owner].1 - start[owner].1);
            lane.done = accepted;
            if lane.done == lane.pushed && lane.refills * TEN == lane.pushed {
                lane.refills += 1;
                let refill = text(world.texts + 1);
                world.texts += 1;
                world.phones[owner].says(&refill).await;
            }
            while lane.pushed < (texts * TEN).min(OUT_PER_LOGIN) && events.len() < 100 {
                world.texts += 1;
                events.push(text_event(owner, rooms[owner], world.texts));
                lane.pushed += 1;
            }
        }
        if events.is_empty() {
            anyhow::ensure!(!program.is_gone(), "the bridge ended");
            anyhow::ensure!(began.elapsed() < LONGEST, "texts to WeChat do not get through");
            tokio::task::yield_now().await;
        } else {
            push.push(&events).await?;
        }
    }
    let texts = count(owners)? * u32::try_from(OUT_PER_LOGIN)?;
    let mut cost = cost(program, before, began, texts)?;
    let refills: u64 = lanes.iter().map(|lane| lane.refills).sum();
    let taken_off = refill * u32::try_from(refills)?;
    let net = (cost.user + cost.kernel).saturating_sub(taken_off);
    let share = net.as_secs_f64() / (cost.user + cost.kernel).as_secs_f64();
    (cost.user, cost.kernel) = (cost.user.mul_f64(share), cost.kernel.mul_f64(share));
    Ok(cost)
}

/// The progress of one room in [`to_wechat`].
#[derive(Debug, Clone, Copy, Default)]
struct Lane {
    pushed: u64,
    done: u64,
    refills: u64,
}

/// Returns the texts and the accepted texts so far, by owner.
fn room_counts(world: &World, rooms: &[usize]) -> Vec<(u64, u64)> {
    let seen = world.homeserver.ledger.seen();
    let of = |room: &usize| seen.rooms.get(*room).map_or((0, 0), |r| (r.texts, r.accepted));
    rooms.iter().map(of).collect()
}

async fn conversation_in(world: &mut World, program: &mut Program) -> anyhow::Result<f64> {
    let ledger = std::sync::Arc::clone(&world.homeserver.ledger);
    ledger.forget_times();
    let wanted = ledger.seen().texts + u64::from(CONVERSATION);
    let phone = world.phones[0].clone();
    for _ in 0..CONVERSATION {
        phone.says(&text(world.number())).await;
    }
    until("the conversation is in Matrix", program, || ledger.seen().texts >= wanted).await?;
    let seen = ledger.seen();
    let (first, last) = (seen.first_text.context("no text")?, seen.last_text.context("no text")?);
    Ok(f64::from(CONVERSATION - 1) / (last - first).as_secs_f64())
}

/// Measures tens of texts, each from the push of the transaction to the last text that is shown as
/// accepted.
async fn conversation_out(world: &mut World, program: &mut Program) -> anyhow::Result<f64> {
    let ledger = std::sync::Arc::clone(&world.homeserver.ledger);
    let room = ledger.seen().first_rooms(1).context("no room")?[0];
    let mut push = world.push().await?;
    let mut busy = Duration::ZERO;
    for _ in 0..ROUNDS {
        let wanted = ledger.seen().texts + 1;
        world.phones[0].clone().says(&text(world.number())).await;
        until("the window is open", program, || ledger.seen().texts >= wanted).await?;
        let wanted = ledger.seen().accepted + TEN;
        let events: Vec<_> = (0..TEN).map(|_| text_event(0, room, world.number())).collect();
        let began = Instant::now();
        push.push(&events).await?;
        until("the ten are in WeChat", program, || ledger.seen().accepted >= wanted).await?;
        busy += ledger.seen().last_accepted.context("nothing accepted")? - began;
    }
    Ok(f64::from(ROUNDS) * TEN as f64 / busy.as_secs_f64())
}

/// Lets people write to the bots whom the bridge does not know.
async fn first_contacts(world: &mut World, program: &mut Program) -> anyhow::Result<f64> {
    let ledger = std::sync::Arc::clone(&world.homeserver.ledger);
    ledger.forget_times();
    let wanted = ledger.seen().texts + u64::from(STRANGERS);
    let mut drafts = Vec::new();
    for (stranger, phone) in (0..STRANGERS).zip(world.phones.clone().iter().cycle()) {
        let mut draft = phone.draft(&text(world.number()));
        draft["from_user_id"] = format!("o9stranger{stranger}AbCdEfGh@im.wechat").into();
        drafts.push((phone.clone(), draft));
    }
    let began = Instant::now();
    for (phone, draft) in drafts {
        phone.sends_raw(draft).await;
    }
    until("all strangers are in Matrix", program, || ledger.seen().texts >= wanted).await?;
    let last = ledger.seen().last_text.context("no text")?;
    Ok(f64::from(STRANGERS) / (last - began).as_secs_f64())
}

fn cost(
    program: &Program,
    (user, kernel): (Duration, Duration),
    began: Instant,
    texts: u32,
) -> anyhow::Result<Cost> {
    let took = began.elapsed();
    let (user_now, kernel_now) = program.cpu()?;
    Ok(Cost { texts, user: user_now - user, kernel: kernel_now - kernel, took })
}

fn count(length: usize) -> anyhow::Result<u32> {
    Ok(u32::try_from(length)?)
}

const WARM_UP: u32 = 30;
const PER_LOGIN: u32 = 400;
const OUT_PER_LOGIN: u64 = 200;
const ROUNDS: u32 = 100;
const CONVERSATION: u32 = 10_000;
const STRANGERS: u32 = 1_500;
/// The number of messages that WeChat accepts for each of the contact's.
const TEN: u64 = 10;
const LONGEST: Duration = Duration::from_secs(120);
