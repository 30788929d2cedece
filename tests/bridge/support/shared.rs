//! Which story is on which Synapse.
//!
//! A Synapse uses one core, so there is one for each core, and a story goes where the fewest are.
//! Each registration costs a Synapse time for each event, and each room memory, so one that has
//! none to give ends with its last story, and another takes its place.
#![expect(clippy::expect_used, reason = "a story without its homeserver has to stop")]

use std::{
    cell::RefCell,
    sync::{LazyLock, Mutex, MutexGuard},
    thread::available_parallelism,
};

use tokio::sync::Mutex as AsyncMutex;

use super::synapse::Synapse;

/// A server with stories on it.
struct Server {
    synapse: &'static Synapse,
    stories: usize,
}

/// The place of a story on a server. It ends with the story's thread, which libtest makes for each.
struct Lease(&'static Synapse);

thread_local! {
    static LEASE: RefCell<Option<Lease>> = const { RefCell::new(None) };
}

static SERVERS: LazyLock<Mutex<Vec<Server>>> = LazyLock::new(Mutex::default);
/// Held while a server starts, so that two stories do not start the last one that may be.
static STARTING: LazyLock<AsyncMutex<()>> = LazyLock::new(AsyncMutex::default);

impl Synapse {
    /// Returns the server of this story, which does not change. Other stories may be on it.
    pub(crate) async fn shared() -> &'static Self {
        if let Some(synapse) = leased() {
            return synapse;
        }
        let starting = STARTING.lock().await;
        // A story may make several bridges at once.
        if let Some(synapse) = leased() {
            return synapse;
        }
        // A statement of its own, which lets the lock go.
        let joined = join_one_of(&mut servers());
        let synapse = match joined {
            Some(synapse) => synapse,
            None => {
                let synapse: &'static Self = Box::leak(Box::new(Self::with_slots(SLOTS).await));
                servers().push(Server { synapse, stories: 1 });
                synapse
            }
        };
        LEASE.set(Some(Lease(synapse)));
        drop(starting);
        synapse
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut servers = servers();
        let place = servers.iter().position(|server| std::ptr::eq(server.synapse, self.0));
        let place = place.expect("a server with stories is known");
        servers[place].stories -= 1;
        if servers[place].stories == 0 && !has_room(&servers[place]) {
            let ended = servers.swap_remove(place);
            drop(servers);
            ended.synapse.kill();
        }
    }
}

/// Takes a place on the server with the fewest stories; none where another server should start.
fn join_one_of(servers: &mut [Server]) -> Option<&'static Synapse> {
    let cores = available_parallelism().map_or(1, usize::from);
    let running = servers.iter().filter(|server| has_room(server)).count();
    let best =
        servers.iter_mut().filter(|server| has_room(server)).min_by_key(|server| server.stories)?;
    if best.stories > 0 && running < cores {
        return None;
    }
    best.stories += 1;
    Some(best.synapse)
}

/// Returns whether another story finds registrations, those aside that the present ones may still
/// take.
fn has_room(server: &Server) -> bool {
    server.synapse.slots_taken() + SLOTS_OF_STORY * (server.stories + 1) <= SLOTS
}

fn leased() -> Option<&'static Synapse> {
    LEASE.with_borrow(|lease| lease.as_ref().map(|lease| lease.0))
}

fn servers() -> MutexGuard<'static, Vec<Server>> {
    SERVERS.lock().expect("no holder of the lock panics")
}

/// The registrations of one server.
const SLOTS: usize = 12;
/// The most that a story takes.
const SLOTS_OF_STORY: usize = 3;
