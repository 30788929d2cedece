//! The floors of `src/bridge`: a file imports from its own floor and from those below.

use std::collections::BTreeSet;

use super::{
    assert_none, read,
    source::{Module, Tree},
};

/// The folders of `src/bridge`, the top one first.
pub(super) const FLOORS: [&str; 16] = [
    "runtime",
    "dispatch",
    "command",
    "send",
    "from_matrix",
    "login",
    "from_wechat",
    "render",
    "group",
    "portal",
    "policy",
    "doctor",
    "notice",
    "text",
    "core",
    "state",
];

/// Modules that may import each other: so many at most.
const LARGEST_CIRCLE: usize = 3;
/// The folders in which a circle may be larger: in the store the handle opens the database, and
/// its export reads what every record looks like.
const LARGER_CIRCLES: &[(&str, usize)] = &[("store", 5)];

#[test]
fn a_floor_imports_only_what_lies_below_it() {
    let tree = Tree::read();
    let mut wrong = Vec::new();
    for module in tree.files.keys() {
        let [bridge, floor, ..] = module.as_slice() else { continue };
        if bridge != "bridge" {
            continue;
        }
        let Some(own) = level(floor) else {
            wrong.push(format!("{}: `{floor}` is no floor", module.join("::")));
            continue;
        };
        for other in tree.imports(module) {
            if other.first().is_some_and(|top| top == "bridge")
                && other.get(1).and_then(|floor| level(floor)).is_some_and(|other| other < own)
            {
                wrong.push(format!("{} imports {}", module.join("::"), other.join("::")));
            }
        }
    }
    assert_none(&wrong);
}

fn level(floor: &str) -> Option<usize> {
    FLOORS.iter().position(|one| *one == floor)
}

#[test]
fn no_circle_is_larger_than_what_a_reader_holds() {
    let tree = Tree::read();
    let tops: BTreeSet<_> = tree.files.keys().filter_map(|module| module.first()).collect();
    let circles = tops.into_iter().flat_map(|top| tree.circles(top));
    let wrong: Vec<_> = circles
        .filter(|circle| circle.len() > most(circle) || floors_of(circle).len() > 1)
        .map(|circle| circle.iter().map(|m| m.join("::")).collect::<Vec<_>>().join(", "))
        .collect();
    assert_none(&wrong);
}

fn most(circle: &BTreeSet<Module>) -> usize {
    let top = circle.first().map(|module| module[0].as_str());
    let larger = LARGER_CIRCLES.iter().find(|(name, _)| Some(*name) == top);
    larger.map_or(LARGEST_CIRCLE, |(_, most)| *most)
}

/// Returns the floors on which a circle of `src/bridge` lies; that of another folder lies on one.
fn floors_of(circle: &BTreeSet<Module>) -> BTreeSet<&String> {
    let bridge = circle.iter().filter(|module| module[0] == "bridge");
    bridge.filter_map(|module| module.get(1)).collect()
}

#[test]
fn the_map_draws_the_floors_that_there_are() {
    let map = read("docs/architecture.md");
    let rows = map.lines().filter_map(|line| Some(line.strip_prefix("| `")?.split_once("/` |")?.0));
    let drawn: Vec<_> = rows.filter(|name| level(name).is_some()).collect();
    assert_eq!(drawn, FLOORS);
}
