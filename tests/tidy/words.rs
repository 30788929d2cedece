//! Words that the comments of `src/` do without, and what stands there instead.

use std::collections::BTreeMap;

use super::{assert_none, read, rust_files};

/// (word, instead of it, the places where it still stands). A place that is mended lowers the
/// figure; none is added.
const WORDS: &[(&str, &str, usize)] = &[
    ("The same", "what it is the same as", 33),
    ("whoever", "who it is: the sender, the owner, a person", 30),
    ("nobody", "what does not happen", 63),
    ("gives", "returns, sends, has", 43),
    ("ornament", "what it is for", 2),
    ("picture", "image, as Matrix and Tencent say", 55),
    ("film", "video, as Matrix and Tencent say", 13),
];

#[test]
fn comments_do_without_the_words_on_the_list() {
    let comments: Vec<_> = rust_files("src").iter().flat_map(|file| comments_of(file)).collect();
    let found: BTreeMap<_, _> = WORDS
        .iter()
        .map(|(word, ..)| (*word, comments.iter().filter(|line| has(line, word)).count()))
        .collect();
    let wrong = WORDS.iter().filter(|(word, _, agreed)| found[word] > *agreed);
    let wrong: Vec<_> = wrong
        .map(|(word, instead, agreed)| {
            format!("“{word}” stands {} times, agreed are {agreed}; say {instead}", found[word])
        })
        .collect();
    assert_none(&wrong);
}

fn comments_of(file: &str) -> Vec<String> {
    let lines = read(file);
    let comments = lines.lines().map(str::trim_start).filter(|line| line.starts_with("//"));
    comments.map(str::to_owned).collect()
}

/// Whether a line has this word, whole and in either case.
fn has(line: &str, word: &str) -> bool {
    let (line, word) = (line.to_lowercase(), word.to_lowercase());
    line.match_indices(&word).any(|(at, _)| {
        let border = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
        border(line[..at].chars().next_back()) && border(line[at + word.len()..].chars().next())
    })
}

#[test]
fn a_word_is_found_whole_and_in_either_case() {
    assert!(has("/// Whoever asks", "whoever"));
    assert!(has("/// one film.", "film"));
    assert!(!has("/// filming", "film"));
}
