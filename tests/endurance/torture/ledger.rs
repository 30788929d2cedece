//! What was sent and what arrived: lost, doubled, out of order.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

/// The books of both directions.
pub(super) struct Ledger {
    pub(super) seed: u64,
    pub(super) kills: usize,
    pub(super) seconds: u64,
    pub(super) to_matrix: Side,
    pub(super) to_wechat: Side,
}

/// One direction, in texts.
#[derive(Debug, PartialEq, Eq, Default)]
pub(super) struct Side {
    sent: usize,
    arrived: usize,
    lost: usize,
    doubled: usize,
    out_of_order: usize,
    unknown: usize,
    /// Texts that the homeserver handed over behind younger ones.
    handed_over_late: usize,
    /// The first few words that are wrong, for the person who looks into it.
    examples: Vec<String>,
}

impl Ledger {
    /// Returns whether nothing is lost, doubled, out of order or from nowhere.
    pub(super) fn is_clean(&self) -> bool {
        [&self.to_matrix, &self.to_wechat].into_iter().all(Side::is_clean)
    }
}

impl Side {
    /// Compares the texts sent with the messages that arrived, word by word: a text may arrive
    /// in several messages, and each of its words names the text it belongs to before a dot.
    /// The order to keep is that in which the bridge was handed the texts, or that of the room,
    /// where it looks for what it was not handed.
    pub(super) fn new(sent: &[String], handed: &[Handed], arrived: &[String]) -> Self {
        let written = in_order(sent);
        let (handed_at, written_at) = (places(handed), places(&written));
        let mut times: HashMap<&str, usize> = HashMap::new();
        let mut side = Self { sent: sent.len(), ..Self::default() };
        let mut taken: Vec<&Handed> = handed.iter().collect();
        taken.sort_by_key(|text| text.last);
        let taken: Vec<String> = taken.into_iter().map(|text| text.text.clone()).collect();
        side.handed_over_late = late(&written_at, &taken).len();
        let mut doubled = HashSet::new();
        for word in arrived.iter().flat_map(|message| message.split_whitespace()) {
            if !handed_at.contains_key(word) && !written_at.contains_key(word) {
                side.unknown += 1;
                side.note("unknown", word);
                continue;
            }
            let seen = times.entry(word).or_default();
            *seen += 1;
            if *seen > 1 && doubled.insert(text_of(word)) {
                side.note("doubled", word);
            }
        }
        let late_in_room: HashSet<_> = late(&written_at, arrived).into_iter().collect();
        let mut late = late(&handed_at, arrived);
        late.retain(|text| late_in_room.contains(text));
        late.iter().for_each(|text| side.note("late", text));
        let is_lost = |text: &&String| text.split_whitespace().any(|w| !times.contains_key(w));
        let lost: Vec<&String> = sent.iter().filter(is_lost).collect();
        lost.iter().for_each(|text| side.note("lost", text_of(text)));
        side.lost = lost.len();
        side.arrived = side.sent - side.lost;
        (side.doubled, side.out_of_order) = (doubled.len(), late.len());
        side
    }

    fn is_clean(&self) -> bool {
        self.sent == self.arrived
            && [self.lost, self.doubled, self.out_of_order, self.unknown] == [0; 4]
    }

    fn note(&mut self, what: &str, word: &str) {
        if self.examples.len() < EXAMPLES {
            self.examples.push(format!("{what} {word}"));
        }
    }
}

/// A text that was handed over. When the first attempt was not answered, it may have been at the
/// first or at the last.
#[derive(Debug, Clone)]
pub(super) struct Handed {
    pub(super) text: String,
    pub(super) first: (usize, usize),
    pub(super) last: (usize, usize),
}

/// Texts that were handed over one after the other.
pub(super) fn in_order(texts: &[String]) -> Vec<Handed> {
    let handed =
        |(text, at): (&String, usize)| Handed { text: text.clone(), first: (at, 0), last: (at, 0) };
    texts.iter().zip(0..).map(handed).collect()
}

/// When a word was handed over: attempt, place in it, place in the text.
type Place = (usize, usize, usize);

/// Returns the first and the last possible place of each word.
fn places(texts: &[Handed]) -> HashMap<&str, (Place, Place)> {
    let mut places = HashMap::new();
    for Handed { text, first, last } in texts {
        for (word, at) in text.split_whitespace().zip(0..) {
            places.insert(word, ((first.0, first.1, at), (last.0, last.1, at)));
        }
    }
    places
}

/// Finds the texts that come behind one that was surely handed over later; a word that comes again
/// is doubled, not late.
fn late<'a>(places: &HashMap<&str, (Place, Place)>, texts: &'a [String]) -> Vec<&'a str> {
    let (mut furthest, mut seen, mut late) = (Place::default(), HashSet::new(), Vec::new());
    for word in texts.iter().flat_map(|text| text.split_whitespace()) {
        let Some(&(first, last)) = places.get(word) else { continue };
        let text = text_of(word);
        if seen.insert(word) && last < furthest && !late.contains(&text) {
            late.push(text);
        }
        furthest = furthest.max(first);
    }
    late
}

/// Returns the text that a word belongs to.
fn text_of(word: &str) -> &str {
    word.split(['.', ' ']).next().unwrap_or(word)
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, kills, seconds, to_matrix, to_wechat } = self;
        writeln!(f, "torture: {kills} kills in {seconds} s, seed {seed}")?;
        writeln!(
            f,
            "                    sent arrived lost doubled out of order unknown (handed over late)"
        )?;
        writeln!(f, "WeChat to Matrix  {to_matrix}")?;
        write!(f, "Matrix to WeChat  {to_wechat}")
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, arrived, lost, doubled, out_of_order, unknown, .. } = self;
        write!(f, "{sent:>6} {arrived:>7} {lost:>4} {doubled:>7} {out_of_order:>12} {unknown:>7}")?;
        write!(f, " {:>18}", self.handed_over_late)?;
        self.examples.iter().try_for_each(|example| write!(f, "\n  {example}"))
    }
}

const EXAMPLES: usize = 12;

#[test]
fn the_ledger_finds_what_is_wrong() {
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let sent = texts(&["a", "b.0 b.1", "c"]);
    let side = |arrived: &[&str]| {
        let side = Side::new(&sent, &in_order(&sent), &texts(arrived));
        [side.lost, side.doubled, side.out_of_order, side.unknown]
    };
    assert_eq!(side(&["a", "b.0", "b.1", "c"]), [0, 0, 0, 0]);
    assert_eq!(side(&["a", "b.0", "c"]), [1, 0, 0, 0]);
    assert_eq!(side(&["a", "b.0 b.1", "b.1", "c"]), [0, 1, 0, 0]);
    assert_eq!(side(&["a", "c", "b.0 b.1"]), [0, 0, 1, 0]);
    assert_eq!(side(&["a", "b.0 b.1", "c", "d"]), [0, 0, 0, 1]);
    assert_eq!(side(&[]), [3, 0, 0, 0]);
    let arrived = texts(&["a", "c", "b.0 b.1"]);
    let mut handed = in_order(&arrived);
    let kept = Side::new(&sent, &handed, &arrived);
    assert_eq!((kept.is_clean(), kept.handed_over_late), (true, 1));
    // What was not handed over in time was found in the room.
    assert!(Side::new(&sent, &handed, &sent).is_clean());
    let sent = texts(&["c", "a", "b.0 b.1"]);
    handed = in_order(&texts(&["a", "c", "b.0 b.1"]));
    let arrived = texts(&["a", "b.0 b.1", "c"]);
    assert_eq!(Side::new(&sent, &handed, &arrived).out_of_order, 1);
    // The first attempt for c was not answered: it may have been taken at the last.
    handed[1].last = (3, 0);
    assert!(Side::new(&sent, &handed, &arrived).is_clean());
}
