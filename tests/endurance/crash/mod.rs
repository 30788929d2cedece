//! The crash matrix: the bridge program dies at each commit, request and push, before it and after
//! it, and is started again; nothing is lost, nothing doubled, and the order is kept.
//!
//! The places are those of `src/crash/mod.rs`. The acts of a scene (`stage.rs`, `party.rs`,
//! `answers.rs`) are played once to see which places they pass, and then once for each of them: for
//! its first time in the act, or for each (`scripts/crash-matrix`, which sets `CRASH_EVERY_TIME`).
//! `CRASH_STAGES` says how many of a scene play at one time, and `CRASH_ONLY` leaves only the
//! places with these words in them.

mod answers;
mod daemon;
mod mortal;
mod party;
mod pushes;
mod stage;

use std::{
    collections::{BTreeMap, VecDeque},
    fmt::Debug,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex},
    time::Instant,
};

use answers::Answers;
use futures_util::FutureExt as _;
use mortal::Mortal;
use party::Party;
use stage::{Act, Stage};

/// A bridge in a world of its own, and the books of what is played there.
trait Scene: Sized + Send + 'static {
    /// A short part of it with places of its own.
    type Act: Copy + Debug + Ord + Send + 'static;

    const ACTS: &'static [Self::Act];
    /// Places without which the matrix would show nothing.
    const ESSENTIAL: &'static [&'static str];

    /// Sets the stage for the first act.
    fn set() -> impl Future<Output = Self>;

    fn bridge(&mut self) -> &mut Mortal;

    /// Plays an act, and looks whether everything is where it has to be.
    fn play(&mut self, act: Self::Act) -> impl Future<Output = Result<(), String>> + Send;

    /// Closes the books as the homeserver itself has them, after an orderly end. Returns how many
    /// texts went each way.
    fn close(self) -> impl Future<Output = Result<(usize, usize), String>> + Send;

    /// Returns at how many times of a place of an act the bridge dies, where not at each; at none
    /// of some.
    fn times(_place: &str) -> usize {
        1
    }
}

/// A place of an act, and which of its times.
#[derive(Clone, Debug)]
struct Boundary<A> {
    act: A,
    place: String,
    time: usize,
    /// How often it was not reached.
    missed: usize,
}

/// What was found out.
struct Matrix<A> {
    killed: Vec<Boundary<A>>,
    unreached: Vec<Boundary<A>>,
    wrong: Vec<String>,
    texts: (usize, usize),
}

impl<A> Matrix<A> {
    fn new() -> Self {
        Self { killed: Vec::new(), unreached: Vec::new(), wrong: Vec::new(), texts: (0, 0) }
    }

    /// Returns the boundaries at which the bridge should have died and never did. The pushes of an
    /// act are the homeserver's choice, so those may be hit in another act.
    fn missing(&self) -> Vec<&Boundary<A>> {
        let hit = |place: &str| self.killed.iter().any(|killed| killed.place == place);
        let unreached = self.unreached.iter();
        unreached.filter(|one| !is_homeservers_choice(&one.place) || !hit(&one.place)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_that_dies_at_any_commit_or_request_loses_nothing_and_doubles_nothing() {
    play_the_matrix::<Stage>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_that_dies_at_any_commit_or_request_of_a_group_loses_and_doubles_nothing() {
    play_the_matrix::<Party>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_that_dies_at_any_moment_of_a_question_gives_no_contact_the_answer() {
    play_the_matrix::<Answers>().await;
}

async fn play_the_matrix<S: Scene>() {
    let begun = Instant::now();
    let mut first = S::set().await;
    let boundaries = record(&mut first).await;
    let only = std::env::var_os("CRASH_ONLY").is_some();
    for place in S::ESSENTIAL {
        let known = only || boundaries.iter().any(|one| one.place.contains(place));
        assert!(known, "no act passes {place:?}: {boundaries:#?}");
    }
    let count = boundaries.len();
    let left = Arc::new(Mutex::new(VecDeque::from(boundaries)));
    let found = Arc::new(Mutex::new(Matrix::new()));
    let mut stages = tokio::task::JoinSet::new();
    stages.spawn(kill_everywhere(first, Arc::clone(&left), Arc::clone(&found)));
    for _ in 1..stage_count().min(count) {
        let stage = S::set().await;
        stages.spawn(kill_everywhere(stage, Arc::clone(&left), Arc::clone(&found)));
    }
    stages.join_all().await;
    let found = found.lock().unwrap();
    tell(&found, count, begun.elapsed().as_secs());
    assert!(found.wrong.is_empty(), "{}", found.wrong.join("\n"));
    let missing = found.missing();
    let essential = |one: &Boundary<_>| S::ESSENTIAL.iter().any(|place| one.place.contains(place));
    let few = missing.len() * UNREACHED_OF <= count && !missing.iter().any(|one| essential(one));
    assert!(few, "never reached: {missing:#?}");
    assert_eq!(found.killed.len() + found.unreached.len(), count);
}

/// Records every place of every act, in the order in which they were passed.
async fn record<S: Scene>(stage: &mut S) -> Vec<Boundary<S::Act>> {
    let only = std::env::var("CRASH_ONLY").unwrap_or_default();
    let every_time = std::env::var_os("CRASH_EVERY_TIME").is_some();
    let mut boundaries = Vec::new();
    for act in S::ACTS {
        let before = stage.bridge().daemon.passed().len();
        stage.play(*act).await.unwrap();
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        let passed = stage.bridge().daemon.passed();
        for place in passed[before..].iter().filter(|place| !is_by_the_clock(place)) {
            let time = times.entry(place).or_default();
            *time += 1;
            let most = match S::times(place) {
                most if every_time && most > 0 && !is_homeservers_choice(place) => usize::MAX,
                most => most,
            };
            if *time <= most && place.contains(&only) {
                boundaries.push(Boundary {
                    act: *act,
                    place: place.clone(),
                    time: *time,
                    missed: 0,
                });
            }
        }
    }
    boundaries
}

/// Takes boundaries until none is left, and has the bridge die at each.
async fn kill_everywhere<S: Scene>(
    mut stage: S,
    left: Arc<Mutex<VecDeque<Boundary<S::Act>>>>,
    found: Arc<Mutex<Matrix<S::Act>>>,
) {
    loop {
        let Some(mut boundary) = left.lock().unwrap().pop_front() else { break };
        if boundary.missed > 0 {
            // Some things are done once in each run of the program.
            stage.bridge().start_afresh().await;
        }
        let deaths = stage.bridge().daemon.deaths();
        stage.bridge().daemon.arm(&boundary.place, boundary.time);
        // A wait in vain is a panic: it has to be known where.
        let played = AssertUnwindSafe(stage.play(boundary.act)).catch_unwind().await;
        let stuck = |_| Err(format!("stuck; {}", stage.bridge().last_words()));
        let played = played.unwrap_or_else(stuck);
        let died = stage.bridge().daemon.disarm();
        if died && played.is_ok() {
            // The last place of an act is passed when all it asks for is there already.
            stage.bridge().daemon.wait_deaths(deaths + 1).await;
            stage.bridge().rest().await;
        }
        let died_once = stage.bridge().daemon.deaths() == deaths + 1;
        let mut found = found.lock().unwrap();
        if let Err(wrong) = played {
            let Boundary { act, place, time, .. } = &boundary;
            found.wrong.push(format!("{act:?}, {place}, time {time}: {wrong}"));
            return; // The books of this stage are wrong from here on.
        }
        if died {
            assert!(died_once, "{boundary:?}");
            found.killed.push(boundary);
        } else {
            boundary.missed += 1;
            match boundary.missed < ATTEMPTS {
                true => left.lock().unwrap().push_front(boundary),
                false => found.unreached.push(boundary),
            }
        }
    }
    let closed = stage.close().await;
    let mut found = found.lock().unwrap();
    match closed {
        Ok((said, typed)) => found.texts = (found.texts.0 + said, found.texts.1 + typed),
        Err(wrong) => found.wrong.push(wrong),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_ends_the_program_each_time_is_set_aside_and_said_once() {
    let mut stage = Stage::set().await;
    stage.swallow_poison().await;
    // The first try is not noted, since nothing is suspect yet; ten noted tries follow.
    assert_eq!(stage.bridge().daemon.deaths(), 11);
    stage.play(Act::Talk).await.unwrap();
    stage.play(Act::Restart).await.unwrap();
    assert_eq!((stage.bridge().daemon.deaths(), stage.poison_notices().await), (11, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_digits_of_a_login_go_to_no_contact_when_the_bridge_dies_over_them() {
    let mut answers = Answers::set().await;
    for place in ["before", "after"] {
        let died = answers.digits(&format!("{place} commit inbox+outcome+progress+source")).await;
        assert_eq!(died, Ok(true), "{place}");
    }
    answers.close().await.unwrap();
}

fn is_homeservers_choice(place: &str) -> bool {
    HOMESERVERS_CHOICE.iter().any(|end| place.ends_with(end))
}

fn is_by_the_clock(place: &str) -> bool {
    BY_THE_CLOCK.iter().any(|word| place.contains(word))
}

fn stage_count() -> usize {
    let wish = std::env::var("CRASH_STAGES").ok().and_then(|text| text.parse().ok());
    wish.unwrap_or(3)
}

#[expect(clippy::print_stdout, reason = "the figures are what the matrix is for")]
fn tell<A: Copy + Debug + Ord>(found: &Matrix<A>, count: usize, seconds: u64) {
    let mut acts: BTreeMap<A, usize> = BTreeMap::new();
    for boundary in &found.killed {
        *acts.entry(boundary.act).or_default() += 1;
    }
    let (said, typed) = found.texts;
    println!("crash matrix: {} of {count} boundaries in {seconds} s, {acts:?}", found.killed.len());
    let missing = found.missing();
    missing.iter().for_each(|one| println!("never reached: {:?}, {}", one.act, one.place));
    println!("{said} texts from WeChat, {typed} to WeChat; wrong: {}", found.wrong.len());
}

/// How often the bridge hears of its own events is the homeserver's choice, which bundles them.
const HOMESERVERS_CHOICE: [&str; 3] =
    ["push of nothing", "commit transaction", "commit outcome+transaction"];
/// Done now and then, whatever is played (`src/bridge/unpushed.rs`).
const BY_THE_CLOCK: [&str; 3] = ["/sync", "looked", "keys"];
/// What is written in one commit depends on the moment: one place in so many may come once and
/// never again.
const UNREACHED_OF: usize = 20;
/// The number of polls differs from round to round.
const ATTEMPTS: usize = 3;
