//! The language of the comments in `src/` and `tests/`: the words that they do without, and how the
//! comment of a function begins.

use std::collections::BTreeMap;

use super::{assert_none, read, rust_files};

/// The folders whose comments are looked at.
const FOLDERS: &[&str] = &["src", "tests"];

/// The words, each with what stands there instead.
const WORDS: &[(&str, &str)] = &[
    ("The same", "what it is the same as"),
    ("whoever", "who it is: the sender, the owner, a person"),
    ("nobody", "what does not happen"),
    ("gives", "returns, sends, has"),
    ("ornament", "what it is for"),
    ("picture", "image, as Matrix and Tencent say"),
    ("film", "video, as Matrix and Tencent say"),
];

/// Words that end in “s” and are no verbs, with which a comment begins easily.
const NO_VERBS: &[&str] = &["Always", "As", "Is", "Its", "This", "Was"];

#[test]
fn comments_do_without_the_words_on_the_list() {
    let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for file in FOLDERS.iter().flat_map(|folder| rust_files(folder)) {
        for (number, line) in (1..).zip(read(&file).lines()) {
            let is_comment = line.trim_start().starts_with("//");
            let words = WORDS.iter().filter(|(word, _)| is_comment && has(line, word));
            for (word, _) in words {
                found.entry(word).or_default().push(format!("{file}:{number}"));
            }
        }
    }
    let wrong = WORDS.iter().filter_map(|(word, instead)| {
        Some(format!("“{word}”, say {instead}: {}", found.get(word)?.join(", ")))
    });
    assert_none(&wrong.collect::<Vec<_>>());
}

/// Returns whether a line has this word, whole and in either case.
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

#[test]
fn the_comment_of_a_function_begins_with_a_verb() {
    let mut wrong = Vec::new();
    for file in FOLDERS.iter().flat_map(|folder| rust_files(folder)) {
        wrong.extend(without_verb(&read(&file)).map(|(number, line)| {
            format!("{file}:{number}: say what it does, as in “Returns the …”: {line}")
        }));
    }
    assert_none(&wrong);
}

/// Returns the first line of each function's comment that begins with anything but a verb in the
/// third person, with its number. The comment of a test says what holds, and is left out.
fn without_verb(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let is_doc = |at: usize| lines.get(at).is_some_and(|line| line.starts_with("/// "));
    let begins: Vec<_> =
        (0..lines.len()).filter(|at| is_doc(*at) && !precedes(&lines, *at)).collect();
    let wrong =
        begins.into_iter().filter(|at| is_of_function(&lines[*at..]) && !says_verb(lines[*at]));
    wrong.map(|at| (at + 1, lines[at])).collect::<Vec<_>>().into_iter()
}

/// Returns whether the line before this one belongs to this comment.
fn precedes(lines: &[&str], at: usize) -> bool {
    at.checked_sub(1).and_then(|before| lines.get(before)).is_some_and(|l| l.starts_with("///"))
}

/// Returns whether the comment at the beginning of these lines is a function's, and no test's.
fn is_of_function(lines: &[&str]) -> bool {
    let is_test = |line: &str| line.starts_with("#[test") || line.starts_with("#[tokio::test");
    let is_before = |line: &str| line.starts_with("///") || line.starts_with("#[");
    let mut rest = lines.iter().skip_while(|line| is_before(line) && !is_test(line));
    let words = rest.next().map(|line| line.split_whitespace()).into_iter().flatten();
    words.take(4).any(|word| word == "fn")
}

fn says_verb(line: &str) -> bool {
    let word = line.trim_start_matches("/// ").split_whitespace().next().unwrap_or_default();
    let is_word = word.starts_with(char::is_uppercase) && word.chars().all(char::is_alphabetic);
    is_word && word.ends_with('s') && !NO_VERBS.contains(&word)
}

#[test]
fn a_comment_without_a_verb_is_found() {
    let text = "/// Returns it.\nfn a() {}\n/// The sum.\n#[must_use]\npub(super) async fn b() {}\n\
                /// A type.\nstruct C;\n/// This runs.\nfn d() {}\n\
                /// All hold.\n#[tokio::test]\nasync fn e() {}\n";
    let found: Vec<_> = without_verb(text).map(|(number, _)| number).collect();
    assert_eq!(found, [3, 8]);
}
