//! The borders that a compiler does not see: who may name whom, how long a file is, where
//! secrets, the clock and the database are touched, and whether the documents are true.
//!
//! Reads the project's files as text; what is agreed stands here in tables.
#![expect(clippy::unwrap_used, reason = "the helpers of a test may panic like the test itself")]

mod figures;
mod floors;
mod source;
mod words;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Which top-level modules a module may name beside itself. `main` and `cli` are the program;
/// they reach the library by its name.
const ARROWS: &[(&str, &[&str])] = &[
    ("secret", &[]),
    ("clock", &[]),
    ("crash", &[]),
    ("limits", &[]),
    ("speed", &[]),
    ("spool", &[]),
    ("tasks", &[]),
    ("id", &["secret"]),
    ("ilink", &["id", "secret", "clock", "crash", "speed", "spool"]),
    ("matrix", &["secret", "clock", "crash", "speed", "spool", "tasks"]),
    ("crypto", &["secret", "crash", "matrix"]),
    ("web", &["secret"]),
    ("store", &["id", "secret", "clock", "crash"]),
    ("convert", &[]),
    ("media", &["spool"]),
    // `ilink` for the parser of its base address, `matrix` for the tokens of the registration.
    ("config", &["id", "secret", "ilink", "matrix"]),
    (
        "bridge",
        &[
            "id", "secret", "clock", "crash", "limits", "spool", "tasks", "ilink", "matrix",
            "crypto", "web", "store", "convert", "media", "config",
        ],
    ),
    ("cli", &["bridge", "clock", "config", "limits", "matrix", "media", "spool", "store"]),
    ("main", &["cli", "media"]),
    ("lib", &[]),
];

/// Words of the code and the only places (a file, or a folder with its slash) that may hold them.
const KEPT_IN: &[(&str, &[&str])] = &[
    (
        ".expose()",
        &[
            "src/secret.rs",
            // Into the registration file, into a request, out of a request.
            "src/config/mod.rs",
            "src/config/tests.rs",
            "src/ilink/wire/",
            // A file's key out of its spelling, its address into a request, both onto the disk.
            "src/ilink/key.rs",
            "src/ilink/cdn/",
            "src/ilink/upload.rs",
            "src/ilink/uploaded.rs",
            "src/matrix/appservice.rs",
            "src/matrix/homeserver.rs",
            "src/matrix/registration.rs",
            // Into the key of a page's address, and into the address.
            "src/bridge/login/qr_login.rs",
            "src/web/link/token.rs",
            // A proxy's address may hold a password.
            "src/bridge/core/clients.rs",
            // Into the digests that stand for events.
            "src/store/digest.rs",
            // Into the crate that keeps an identity.
            "src/crypto/seeds.rs",
            // Onto the disk.
            "src/store/keys.rs",
            "src/store/login.rs",
            "src/store/passphrase.rs",
            "src/store/portal.rs",
            "src/store/transfer.rs",
            "src/store/upload.rs",
        ],
    ),
    ("sled::", &["src/store/engine.rs", "src/store/engine/"]),
    ("SystemTime", &["src/clock.rs"]),
    ("matrix_sdk_crypto", &["src/crypto/"]),
    ("matrix_sdk_sqlite", &["src/crypto/"]),
    // What is said in a room and read of it goes through `Core::send` and `Core::event`, which encrypt
    // and decrypt; reactions and statuses are sent in the clear.
    ("bot.send(", &["src/bridge/notice/status.rs"]),
    ("bot().send(", &["src/bridge/notice/status.rs"]),
    ("ghost.send(", &[]),
    ("bot.event(", &[]),
    ("ghost.event(", &[]),
    ("reqwest", &["src/ilink/", "src/matrix/"]),
    (
        "axum",
        &[
            "src/matrix/appservice.rs",
            "src/web/",
            "src/bridge/runtime/start.rs",
            "src/bridge/doctor/stand_in.rs",
        ],
    ),
    ("anyhow", &["src/cli/"]),
];

const LONGEST_FILE: usize = 400;

#[test]
fn a_module_names_only_those_that_it_may() {
    let mut wrong = Vec::new();
    for file in rust_files("src") {
        let (module, depth) = module_of(&file);
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{file}: `{module}` is not in the table"));
            continue;
        };
        let code = code_of(&file);
        let named = ["crate::", "matrix_appservice_wechat::"].map(|root| heads(&code, root));
        for other in named.into_iter().flatten() {
            let is_module = ARROWS.iter().any(|(name, _)| *name == other);
            if is_module && other != module && !allowed.contains(&other.as_str()) {
                wrong.push(format!("{file}: `{module}` names `{other}`"));
            }
        }
        let highest = "super::".repeat(depth);
        if depth > 0 && without_tests(&code).contains(&highest) {
            wrong
                .push(format!("{file}: `{highest}` leads out of `{module}`; name it by `crate::`"));
        }
    }
    assert_none(&wrong);
}

#[test]
fn no_file_is_too_long_to_read() {
    let all = ["src", "tests/ilink-simulator/src"].into_iter().flat_map(rust_files);
    let wrong: Vec<_> = all
        .filter(|file| !file.ends_with("tests.rs"))
        .map(|file| (without_tests(&read(&file)).lines().count(), file))
        .filter(|(lines, _)| *lines > LONGEST_FILE)
        .map(|(lines, file)| format!("{file}: {lines} lines without its tests"))
        .collect();
    assert_none(&wrong);
}

#[test]
fn what_is_delicate_is_touched_in_few_places() {
    let mut wrong = Vec::new();
    for file in rust_files("src") {
        let code = code_of(&file);
        for (word, places) in KEPT_IN {
            let allowed = places.iter().any(|place| is_in(&file, place));
            if !allowed && code.contains(word) {
                wrong.push(format!("{file}: `{word}`"));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn no_file_names_the_machine_it_was_written_on() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    // A folder right below the root can be a word of any text.
    let folders = here.ancestors().filter(|folder| folder.components().count() > 2);
    let folders: Vec<_> = folders.map(|folder| folder.display().to_string()).collect();
    let homes = ["home", "root", "Users"].map(|home| format!("/{home}/"));
    let wrong: Vec<_> = project_files()
        .into_iter()
        .filter_map(|file| Some((fs::read_to_string(root().join(&file)).ok()?, file)))
        .flat_map(|(text, file)| {
            let named = folders.iter().chain(&homes).filter(|path| text.contains(path.as_str()));
            named.map(|path| format!("{file}: {path}")).collect::<Vec<_>>()
        })
        .collect();
    assert_none(&wrong);
}

#[test]
fn the_simulator_and_the_bridge_share_nothing() {
    let bridge: toml::Table = read("Cargo.toml").parse().unwrap();
    let simulator: toml::Table = read("tests/ilink-simulator/Cargo.toml").parse().unwrap();
    for kind in ["dependencies", "build-dependencies"] {
        let bridges = bridge.get(kind).and_then(toml::Value::as_table);
        assert!(bridges.is_none_or(|all| !all.contains_key("ilink-simulator")), "{kind}");
    }
    for kind in ["dependencies", "build-dependencies", "dev-dependencies"] {
        let simulators = simulator.get(kind).and_then(toml::Value::as_table);
        let shares = simulators.is_some_and(|all| all.contains_key("matrix-appservice-wechat"));
        assert!(!shares, "{kind}");
    }
    let named = |file: &String| read(file).contains("matrix_appservice_wechat");
    assert_none(&rust_files("tests/ilink-simulator").into_iter().filter(named).collect::<Vec<_>>());
    let named = |file: &String| code_of(file).contains("ilink_simulator");
    assert_none(&rust_files("src").into_iter().filter(named).collect::<Vec<_>>());
}

#[test]
fn the_guide_explains_every_notice_and_no_other() {
    let sentences = read("tests/fixtures/sentences.txt");
    let (english, _) = sentences.split_once("== zh").unwrap();
    let guide = read("docs/usage.md");
    // The first cell of a row holds the beginning of a sentence in typographic quotes.
    let rows = guide.lines().filter_map(|line| line.strip_prefix("| “")?.split_once("…” |"));
    let explained: Vec<_> = rows.map(|(beginning, _)| beginning).collect();
    let unsaid = explained
        .iter()
        .filter(|beginning| !english.lines().any(|sentence| sentence.starts_with(**beginning)));
    let unsaid: Vec<_> = unsaid.map(|beginning| format!("nobody says “{beginning}…”")).collect();
    assert_none(&unsaid);
    let marks = ['⏳', '⚠', '🔢', '🔄', 'ℹ', '🖼', '🎤', '📎', '🎬', '❔'];
    let marked = english.lines().filter(|line| line.starts_with(marks));
    let unexplained: Vec<_> = marked
        .filter(|sentence| !explained.iter().any(|beginning| sentence.starts_with(beginning)))
        .map(|sentence| format!("docs/usage.md does not explain: {sentence}"))
        .collect();
    assert_none(&unexplained);
}

#[test]
fn the_map_shows_the_modules_that_there_are() {
    let names = |line: &str| Some(line.strip_prefix("| `src/")?.split_once("` |")?.0.to_owned());
    let map = read("docs/architecture.md");
    let shown: BTreeSet<_> = map.lines().filter_map(names).collect();
    let there = fs::read_dir(root().join("src")).unwrap().map(|entry| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() { format!("{name}/") } else { name }
    });
    let there: BTreeSet<_> = there.collect();
    // `x.rs` beside `x/` is one module, shown as the folder.
    let one = |name: &&String| {
        !name.strip_suffix(".rs").is_some_and(|n| there.contains(&format!("{n}/")))
    };
    let there: BTreeSet<_> = there.iter().filter(one).cloned().collect();
    assert_eq!(shown, there);
}

#[test]
fn the_map_draws_the_arrows_that_are_allowed() {
    let map = read("docs/architecture.md");
    let mut expected = BTreeMap::new();
    for (module, allowed) in ARROWS {
        let drawn: Vec<_> = allowed.iter().map(|other| format!("`{other}`")).collect();
        expected.insert(*module, if drawn.is_empty() { "–".into() } else { drawn.join(", ") });
    }
    let missing = expected.iter().filter_map(|(module, allowed)| {
        let ends = format!("| {allowed} |");
        let begins = [format!("| `src/{module}.rs` |"), format!("| `src/{module}/` |")];
        let mut rows = map.lines();
        let drawn =
            rows.any(|row| begins.iter().any(|b| row.starts_with(b)) && row.ends_with(&ends));
        (!drawn).then(|| format!("docs/architecture.md: the row of `{module}` ends with {ends}"))
    });
    assert_none(&missing.collect::<Vec<_>>());
}

#[test]
fn every_link_and_every_cited_section_is_there() {
    let mut wrong = Vec::new();
    for file in project_files().into_iter().filter(|file| file.ends_with(".md")) {
        let text = read(&file);
        let folder = root().join(&file).parent().unwrap().to_path_buf();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let target = if target.is_empty() { root().join(&file) } else { folder.join(target) };
            let found = target.exists() && (anchor.is_empty() || has_heading(&target, anchor));
            if !found {
                wrong.push(format!("{file}: {link}"));
            }
        }
    }
    let protocol = read("docs/protocol.md");
    for file in rust_files("src") {
        for cited in read(&file).split("docs/protocol.md §").skip(1) {
            let number: String = cited.chars().take_while(char::is_ascii_digit).collect();
            if !protocol.contains(&format!("\n## {number}. ")) {
                wrong.push(format!("{file}: docs/protocol.md §{number}"));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn the_reader_of_paths_finds_single_ones_and_groups() {
    let code = "use crate::{\n    id::{A, B},\n    store::{self, C},\n    clock,\n};\nuse crate::tasks::T;";
    let found: Vec<_> = heads(code, "crate::").into_iter().collect();
    assert_eq!(found, ["clock", "id", "store", "tasks"]);
    assert_eq!(module_of("src/bridge/text/mod.rs"), ("bridge".to_owned(), 2));
    assert_eq!(module_of("src/bridge/core.rs"), ("bridge".to_owned(), 2));
    assert_eq!(module_of("src/id/mod.rs"), ("id".to_owned(), 1));
    assert!(is_in("src/store/engine/flush.rs", "src/store/engine/"));
    assert!(!is_in("src/store/engines.rs", "src/store/engine"));
}

/// Returns the top-level module of a file, and how many modules deep the file is.
fn module_of(file: &str) -> (String, usize) {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    let top = path.split('/').next().unwrap_or(path);
    (top.to_owned(), path.split('/').count())
}

/// Returns the first names of all paths that begin with `root`, those in braces included.
fn heads(code: &str, root: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for rest in code.split(root).skip(1) {
        let Some(group) = rest.strip_prefix('{') else {
            found.insert(first_name(rest));
            continue;
        };
        let (mut depth, mut begins) = (0, true);
        for (at, sign) in group.char_indices() {
            match sign {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => begins = true,
                _ if begins && !sign.is_whitespace() => {
                    found.insert(first_name(&group[at..]));
                    begins = false;
                }
                _ => {}
            }
        }
    }
    found
}

fn first_name(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn is_in(file: &str, place: &str) -> bool {
    file == place || (place.ends_with('/') && file.starts_with(place))
}

/// Returns what stands before the tests at the end of a file.
fn without_tests(text: &str) -> &str {
    text.split("\n#[cfg(test)]").next().unwrap_or(text)
}

/// Reads a file without the lines that are comments.
fn code_of(file: &str) -> String {
    let text = read(file);
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns whether a Markdown file has the heading that an anchor names, as forges spell it.
fn has_heading(file: &Path, anchor: &str) -> bool {
    let text = fs::read_to_string(file).unwrap();
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| line.trim_start_matches('#').trim().to_lowercase()).any(|heading| {
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).eq(anchor.chars())
    })
}

fn rust_files(folder: &str) -> Vec<String> {
    let begins = format!("{folder}/");
    let all = project_files().into_iter();
    all.filter(|file| file.starts_with(&begins) && file.ends_with(".rs")).collect()
}

/// Returns every file of the project, by its path from the root; what is built or downloaded is
/// left out.
fn project_files() -> Vec<String> {
    let (mut files, mut folders) = (Vec::new(), vec![root()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let hidden = name.starts_with('.') && name != ".ci";
            let built = ["target", "corpus", "artifacts", "__pycache__"].contains(&name.as_str());
            if path.is_dir() && !hidden && !built && !path.join("CACHEDIR.TAG").exists() {
                folders.push(path);
            } else if path.is_file() && !hidden {
                let below = path.strip_prefix(root()).unwrap();
                files.push(below.to_str().unwrap().replace('\\', "/"));
            }
        }
    }
    files.sort();
    files
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|why| panic!("{file}: {why}"))
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
