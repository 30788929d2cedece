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
    /// The first few words that are wrong, for whoever looks into it.
    examples: Vec<String>,
}

impl Ledger {
    /// Nothing lost, doubled, out of order or from nowhere.
    pub(super) fn is_clean(&self) -> bool {
        [&self.to_matrix, &self.to_wechat].into_iter().all(Side::is_clean)
    }
}

impl Side {
    /// Compares the texts sent with the messages that arrived, word by word: a text may arrive
    /// in several messages, and each of its words names the text it belongs to before a dot.
    pub(super) fn new(sent: impl IntoIterator<Item = String>, arrived: &[String]) -> Self {
        let sent: Vec<String> = sent.into_iter().collect();
        let words = sent.iter().flat_map(|text| text.split_whitespace());
        let place: HashMap<&str, usize> = words.zip(0..).collect();
        let mut times: HashMap<&str, usize> = HashMap::new();
        let mut side = Self { sent: sent.len(), ..Self::default() };
        let mut furthest = 0;
        let (mut doubled, mut late) = (HashSet::new(), HashSet::new());
        for word in arrived.iter().flat_map(|message| message.split_whitespace()) {
            let Some(&at) = place.get(word) else {
                side.unknown += 1;
                side.note("unknown", word);
                continue;
            };
            let seen = times.entry(word).or_default();
            *seen += 1;
            if *seen > 1 {
                if doubled.insert(text_of(word)) {
                    side.note("doubled", word);
                }
            } else if at < furthest && late.insert(text_of(word)) {
                side.note("late", word);
            }
            furthest = furthest.max(at);
        }
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

/// The text that a word belongs to.
fn text_of(word: &str) -> &str {
    word.split(['.', ' ']).next().unwrap_or(word)
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, kills, seconds, to_matrix, to_wechat } = self;
        writeln!(f, "torture: {kills} kills in {seconds} s, seed {seed}")?;
        writeln!(f, "                    sent arrived lost doubled out of order unknown")?;
        writeln!(f, "WeChat to Matrix  {to_matrix}")?;
        write!(f, "Matrix to WeChat  {to_wechat}")
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, arrived, lost, doubled, out_of_order, unknown, examples } = self;
        write!(f, "{sent:>6} {arrived:>7} {lost:>4} {doubled:>7} {out_of_order:>12} {unknown:>7}")?;
        examples.iter().try_for_each(|example| write!(f, "\n  {example}"))
    }
}

const EXAMPLES: usize = 12;

#[test]
fn the_ledger_finds_what_is_wrong() {
    let sent = || ["a".to_owned(), "b.0 b.1".to_owned(), "c".to_owned()];
    let side = |arrived: &[&str]| {
        let arrived: Vec<_> = arrived.iter().map(|&text| text.to_owned()).collect();
        let Side { lost, doubled, out_of_order, unknown, .. } = Side::new(sent(), &arrived);
        [lost, doubled, out_of_order, unknown]
    };
    assert_eq!(side(&["a", "b.0", "b.1", "c"]), [0, 0, 0, 0]);
    assert_eq!(side(&["a", "b.0", "c"]), [1, 0, 0, 0]);
    assert_eq!(side(&["a", "b.0 b.1", "b.1", "c"]), [0, 1, 0, 0]);
    assert_eq!(side(&["a", "c", "b.0 b.1"]), [0, 0, 1, 0]);
    assert_eq!(side(&["a", "b.0 b.1", "c", "d"]), [0, 0, 0, 1]);
    assert_eq!(side(&[]), [3, 0, 0, 0]);
}
