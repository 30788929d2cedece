//! How the house stands in figures, and the worst that is agreed for each.
//!
//! `cargo test --test tidy -- --nocapture figures` prints them.

use std::collections::BTreeMap;

use super::{
    first_name,
    floors::FLOORS,
    source::{Module, Tree},
};

/// The worst that is agreed: (figure, at most). A change that makes one worse mends it, or says in
/// its commit why the house needs it.
const AGREED: &[(&str, usize)] = &[
    ("files of the largest floor", 26),
    ("modules of the largest circle", 5),
    ("pub(crate) for 100 pub(super) in src/bridge", 160),
    ("parameters of 100 functions", 151),
    ("functions with more than 5 parameters", 0),
    ("clones per 1,000 lines of src/bridge", 18),
    ("type names used more than once", 3),
];

#[test]
fn figures() {
    let tree = Tree::read();
    let figures = measured(&tree);
    println!("{}", files_per_folder(&tree));
    for (name, figure) in &figures {
        println!("{name}: {figure}");
    }
    println!("names used more than once: {}", twice(&tree).join(", "));
    let agreed: BTreeMap<_, _> = AGREED.iter().copied().collect();
    assert!(figures.keys().eq(agreed.keys()), "{figures:?}");
    let worse: Vec<_> = figures.iter().filter(|(name, figure)| **figure > agreed[*name]).collect();
    assert!(worse.is_empty(), "worse than agreed: {worse:?}");
}

fn measured(tree: &Tree) -> BTreeMap<&'static str, usize> {
    let count = Count::of(tree, |_| true);
    let bridge = Count::of(tree, |module| module[0] == "bridge");
    let tops: std::collections::BTreeSet<_> = tree.files.keys().map(|module| &module[0]).collect();
    let circles = tops.into_iter().flat_map(|top| tree.circles(top)).map(|circle| circle.len());
    BTreeMap::from([
        ("files of the largest floor", per_floor(tree).into_values().max().unwrap_or(0)),
        ("modules of the largest circle", circles.max().unwrap_or(1)),
        (
            "pub(crate) for 100 pub(super) in src/bridge",
            bridge.of_crate * 100 / bridge.of_super.max(1),
        ),
        ("parameters of 100 functions", count.parameters * 100 / count.functions.max(1)),
        ("functions with more than 5 parameters", count.crowded),
        ("clones per 1,000 lines of src/bridge", bridge.clones * 1000 / bridge.lines.max(1)),
        ("type names used more than once", twice(tree).len()),
    ])
}

fn per_floor(tree: &Tree) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for module in tree.files.keys().filter(|module| module[0] == "bridge" && module.len() > 1) {
        *found.entry(module[1].clone()).or_default() += 1;
    }
    found
}

fn files_per_folder(tree: &Tree) -> String {
    let floors = per_floor(tree);
    let known = FLOORS.iter().filter_map(|floor| Some((*floor, floors.get(*floor)?)));
    let listed: Vec<_> = known.map(|(floor, files)| format!("{floor} {files}")).collect();
    format!("files per floor of src/bridge: {}", listed.join(", "))
}

/// Returns the names of types that are defined in more than one place.
fn twice(tree: &Tree) -> Vec<String> {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for line in tree.files.values().flat_map(|code| code.lines()) {
        let line = ["pub ", "pub(crate) ", "pub(super) "]
            .iter()
            .fold(line, |line, visibility| line.strip_prefix(visibility).unwrap_or(line));
        let Some((kind, rest)) = line.split_once(' ') else { continue };
        if ["struct", "enum", "trait", "type"].contains(&kind) {
            *names.entry(first_name(rest)).or_default() += 1;
        }
    }
    names.retain(|_, places| *places > 1);
    names.into_iter().map(|(name, places)| format!("{name} ×{places}")).collect()
}

/// What is counted in the code of some modules.
#[derive(Default)]
struct Count {
    functions: usize,
    parameters: usize,
    crowded: usize,
    clones: usize,
    lines: usize,
    of_crate: usize,
    of_super: usize,
}

impl Count {
    fn of(tree: &Tree, which: impl Fn(&Module) -> bool) -> Self {
        let mut count = Self::default();
        for (_, code) in tree.files.iter().filter(|(module, _)| which(module)) {
            count.lines += code.lines().filter(|line| !line.trim().is_empty()).count();
            count.clones += code.matches(".clone()").count() + code.matches("::clone(").count();
            count.of_crate += code.matches("pub(crate) ").count();
            count.of_super += code.matches("pub(super) ").count();
            code.split("fn ").skip(1).filter_map(parameters).for_each(|number| count.add(number));
        }
        count
    }

    fn add(&mut self, parameters: usize) {
        self.functions += 1;
        self.parameters += parameters;
        self.crowded += usize::from(parameters > 5);
    }
}

/// Counts the parameters of a function, `self` left out, whose name the text begins with.
fn parameters(text: &str) -> Option<usize> {
    let (name, rest) = text.split_once('(')?;
    let name = name.split('<').next()?;
    if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return None; // The word is part of a comment or of a type.
    }
    let (mut depth, mut typed) = (1, 0);
    for (at, sign) in rest.char_indices() {
        match sign {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ':' if depth == 1 && rest[at + 1..].starts_with(' ') => typed += 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    Some(typed)
}

#[test]
fn the_parameters_of_a_function_are_counted() {
    assert_eq!(parameters("new() -> Self {"), Some(0));
    assert_eq!(parameters("say(&self, (a, b): (&A, B), c: impl Fn(u8) -> u8) {"), Some(2));
    assert_eq!(parameters("edit<'a>(\n    core: &Core,\n    of: &'a Event,\n) {"), Some(2));
    assert_eq!(parameters(" pointers (as of now)"), None);
}
