use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation;

use super::*;

#[test]
fn a_text_under_the_limit_stays_as_it_is() {
    assert_eq!(split("", 10), Vec::<String>::new());
    assert_eq!(split(" \n ", 10), [" \n "; 0]);
    assert_eq!(split(" a\n", 10), [" a\n"]);
    assert_eq!(split("1234567890", 10), ["1234567890"]);
}

#[test]
fn the_best_border_near_the_end_is_taken() {
    for (text, limit, parts) in [
        ("one two. three\n\nfour\nfive six", 18, vec!["one two. three", "four\nfive six"]),
        ("one two three\nfour five", 16, vec!["one two three", "four five"]),
        ("It is one. \"And two.\" Three", 24, vec!["It is one. \"And two.\"", "Three"]),
        ("one two three", 9, vec!["one two", "three"]),
        ("one two", 3, vec!["one", "two"]),
        ("unbreakable", 4, vec!["unbr", "eaka", "ble"]),
        ("版本3.5没有空格", 9, vec!["版本3.5", "没有空", "格"]),
        ("今天很好。明天也好", 18, vec!["今天很好。", "明天也好"]),
        ("一二三，四", 9, vec!["一二", "三，四"]),
    ] {
        assert_eq!(split(text, limit), parts, "{text}");
    }
}

#[test]
fn the_indentation_of_a_line_after_a_cut_stays() {
    assert_eq!(split("if x:  \n\n    return", 12), ["if x:", "    return"]);
}

#[test]
fn a_cluster_is_cut_only_when_it_is_longer_than_the_limit() {
    let family = "👨\u{200d}👩\u{200d}👧";
    assert_eq!(split(&family.repeat(2), 30), [family, family]);
    assert_eq!(split("🇩🇪🇫🇷", 12), ["🇩🇪", "🇫🇷"]);
    assert_eq!(split("ab \u{308}c", 4), ["ab", " \u{308}c"]);
    assert_eq!(split("e\u{301}\u{301}\u{301}", 5), ["e\u{301}\u{301}", "\u{301}"]);
    assert_eq!(split(" \u{1e8d0}x", 4), ["\u{1e8d0}", "x"]);
    assert_eq!(split("你好", 1), ["你", "好"]);
}

fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z]{1,12}",
        "[一-龥]{1,8}",
        "[ \n\t.!?。，）\"]{1,3}",
        "[\u{300}-\u{303}\u{1e8d0}]{1,3}",
        Just("👨\u{200d}👩\u{200d}👧".to_owned()),
        Just("🇩🇪".to_owned()),
        Just("\r\n".to_owned()),
        Just("\u{600} ".to_owned()),
        // Without the marks that combining characters would attach to.
        any::<String>().prop_map(|text| text.replace(['`', '*', '~', '['], "")),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn assert_parts_hold(text: &str, limit: usize) {
    let borders: Vec<usize> =
        text.grapheme_indices(true).map(|(at, _)| at).chain([text.len()]).collect();
    let mut end_of_last = 0;
    for part in parts(None, text, limit) {
        assert!(part.head.len() + part.shown.len() + part.tail.len() <= limit);
        let part = part.shown;
        assert!(!text[part.clone()].trim().is_empty());
        let gap = end_of_last..=part.start;
        assert!(text[end_of_last..part.start].trim().is_empty(), "only white space is lost");
        // A cut may lie anywhere in the white space around it.
        let next = borders.partition_point(|border| border < gap.start());
        let is_clean = gap.contains(&borders[next]);
        let is_giant = next > 0 && borders[next] - borders[next - 1] > limit;
        assert!(is_clean || is_giant, "no cluster that fits is cut");
        end_of_last = part.end;
    }
    assert!(text[end_of_last..].trim().is_empty(), "only white space is lost");
}

proptest! {
    #[test]
    fn parts_keep_the_text_the_limit_and_the_clusters(text in texts(), limit in 4_usize..80) {
        assert_parts_hold(&text, limit);
    }
}

#[test]
fn large_texts_of_one_kind_are_split_in_one_pass() {
    for piece in ["a", "字", " ", "\n", "🇩🇪", "\u{301}", "👩\u{200d}", "a)", "。", "a \u{308}"]
    {
        let text = piece.repeat((1 << 20) / piece.len());
        for limit in [WECHAT_TEXT_LIMIT, 1_000] {
            let parts = split(&text, limit);
            assert!(parts.iter().all(|part| part.len() <= limit));
            assert!(parts.len() <= 2 * text.len() / limit + 2);
        }
    }
}

/// Asserts that each fence in a part is closed, and that no mark stands alone.
fn assert_sound(part: &str) {
    let fences = part.lines().filter(|line| line.trim_start_matches(['>', ' ']).starts_with("```"));
    assert_eq!(fences.count() % 2, 0, "{part}");
    let mut outside = String::new();
    for (number, piece) in part.split("```").enumerate() {
        if number % 2 == 0 {
            outside.push_str(piece);
        }
    }
    for mark in ["**", "~~", "`"] {
        assert_eq!(outside.matches(mark).count() % 2, 0, "{mark} in {part}");
    }
}

#[test]
fn a_block_of_code_is_closed_and_opened_again_with_its_language() {
    let code = "let x = 1;\n".repeat(6);
    let text = format!("See:\n\n```rust\n{code}```\n\nend");
    let parts = split(&text, 60);
    assert_eq!(
        parts,
        [
            "See:\n\n```rust\nlet x = 1;\nlet x = 1;\nlet x = 1;\n```",
            "```rust\nlet x = 1;\nlet x = 1;\nlet x = 1;\n```\n\nend",
        ]
    );
    for part in split(&format!("> ```\n{}> ```\n> more", "> code\n".repeat(20)), 50) {
        assert!(part == "> more" || part.starts_with("> ```\n> code"), "{part}");
        assert!(part.len() <= 50);
        assert_sound(&part);
    }
    let listed = format!("• ```\n{}  ```", "  code\n".repeat(20));
    assert!(split(&listed, 50)[1..].iter().all(|part| part.starts_with("  ```\n  code")));
    // One line of code that is longer than a part, and a fence that is never closed.
    let line = format!("```\n{}", "x".repeat(90));
    assert_eq!(split(&line, 50)[0], format!("```\n{}\n```", "x".repeat(42)));
    assert!(split(&line, 50)[1].starts_with("```\nx"));
}

#[test]
fn markup_is_not_cut_while_it_fits_into_a_part() {
    let words = "one two three four ";
    for marked in [
        "**bold words here**",
        "*slanted words here*",
        "~~struck words here~~",
        "`code words here`",
        "``code ` words here``",
        "[link words here](https://a.example/b)",
        "https://a.example/a/long/path?with=much",
        "***bold words here***",
        "**bold `code` words ~~x~~**",
    ] {
        for limit in 50..120 {
            let text = format!("{}{marked} {words}{marked}", words.repeat(2));
            let parts = split(&text, limit);
            let whole: usize = parts.iter().map(|part| part.matches(marked).count()).sum();
            assert_eq!(whole, 2, "{limit}: {parts:?}");
            assert!(parts.iter().all(|part| part.len() <= limit));
        }
    }
}

#[test]
fn markup_that_is_longer_than_a_part_is_closed_and_opened_again() {
    for (mark, text) in [("**", "words "), ("~~", "words "), ("`", "code "), ("**", "字")] {
        let text = format!("a {mark}{}end{mark} b", text.repeat(40));
        for limit in 40..90 {
            let parts = split(&text, limit);
            assert!(parts.len() > 1);
            for part in &parts {
                assert!(part.len() <= limit, "{part}");
                assert_sound(part);
                assert!(part.contains(mark) || *part == "a" || *part == "b", "{parts:?}");
            }
        }
    }
    let nested = format!("**{}`a b c d`{}**", "word ".repeat(20), " word".repeat(20));
    for limit in 40..90 {
        let parts = split(&nested, limit);
        assert!(parts.iter().all(|part| part.starts_with("**") && part.ends_with("**")));
        assert_eq!(parts.iter().filter(|part| part.contains("`a b c d`")).count(), 1, "{parts:?}");
    }
}

#[test]
fn what_only_looks_like_markup_changes_nothing() {
    for text in ["a * b * c ", "2 ** 3 ", "a ~ b ", "` ", "[ ", "](", "``` x ``` ", "http:// "] {
        let long = text.repeat(30);
        let shown: String = split(&long, 50).concat();
        let bare = |text: &str| text.replace(char::is_whitespace, "");
        assert_eq!(bare(&shown), bare(&long));
    }
}

#[test]
fn each_part_begins_with_the_lead() {
    let led = |text: &str, limit| split_led(Some("Ann: "), text, limit);
    assert_eq!(led("hello", 50), ["Ann: hello"]);
    assert_eq!(led("one two three", 12), ["Ann: one two", "Ann: three"]);
    assert_eq!(led("```\ncode\n```", 50), ["Ann:\n```\ncode\n```"]);
    assert_eq!(led("> old\nnew", 50), ["Ann:\n> old\nnew"]);
    let code = format!("```sh\n{}```", "line\n".repeat(20));
    let parts = led(&code, 40);
    assert!(parts.iter().all(|part| part.starts_with("Ann:\n```sh\nline") && part.len() <= 40));
    let long = led(&"字".repeat(5_300), WECHAT_TEXT_LIMIT);
    assert!(long.len() == 1);
    let long = led(&"字".repeat(5_333), WECHAT_TEXT_LIMIT);
    assert!(long.len() == 2 && long.iter().all(|part| part.starts_with("Ann: 字")));
    assert_eq!(split_led(Some(&"x".repeat(99)), "abcdef", 10)[0], "xxxxxabcde");
    assert_eq!(led(" \n", 50), Vec::<String>::new());
}

fn marked_texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z]{1,9} ",
        "[一-龥]{1,5}",
        "\\*\\*[a-z]{1,5}( [a-z]{1,5}){0,12}\\*\\* ",
        "`[a-z]{1,5}( [a-z]{1,5}){0,12}` ",
        "~~[a-z]{1,30}~~ ",
        "\n\n```[a-z]{0,4}\n([a-z ]{1,12}\n){1,12}```\n\n",
        "https://[a-z/]{1,30} ",
        "\n{1,2}",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn parts_of_marked_text_are_sound_and_lose_no_word(
        text in marked_texts(),
        limit in 64_usize..200,
        lead in prop_oneof![Just(None), Just(Some("Ann: "))],
    ) {
        let parts = split_led(lead, &text, limit);
        let mut words = Vec::new();
        for part in &parts {
            prop_assert!(part.len() <= limit);
            let said = match lead {
                Some(_) => part.strip_prefix("Ann:").expect("each part says whose it is"),
                None => part,
            };
            assert_sound(said);
            let only = said.replace(|c: char| !c.is_alphanumeric(), "");
            words.push(only);
        }
        // Only the language of a fence may be repeated.
        let bare: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
        let said = words.concat();
        prop_assert!(said.len() >= bare.len());
        let mut rest = said.chars();
        prop_assert!(bare.chars().all(|c| rest.any(|other| other == c)), "{} {}", bare, said);
    }

    #[test]
    fn no_text_goes_over_the_limit(text in "[`*~>\\[\\]()a \n•|.字1-3]{0,300}", limit in 4_usize..80) {
        for lead in [None, Some("Ann: ")] {
            prop_assert!(split_led(lead, &text, limit).iter().all(|part| part.len() <= limit));
        }
    }
}

#[test]
fn a_fence_without_content_counts_its_end() {
    for text in ["```•(", "~~~abcdefgh", "> ```•(", "a\n\n```•(\n```"] {
        for limit in 4..40 {
            for lead in [None, Some("Ann: ")] {
                let parts = split_led(lead, text, limit);
                assert!(parts.iter().all(|part| part.len() <= limit), "{limit} {parts:?}");
            }
        }
    }
}

#[test]
fn marks_without_end_cost_one_pass() {
    for piece in ["*", "**a ", "`", "``a`", "[", "](", "[a](", "~~", "https://", "> ", "```\n", "h"]
    {
        let text = piece.repeat((1 << 17) / piece.len());
        for lead in [None, Some("Ann: ")] {
            let parts = split_led(lead, &text, 1_000);
            assert!(parts.iter().all(|part| part.len() <= 1_000), "{piece}");
        }
    }
}
