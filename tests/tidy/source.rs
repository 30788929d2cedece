//! The program's source as a tree of modules, read as text: who imports whom. Comments, and tests
//! at the end of a file, are left out.

use std::collections::{BTreeMap, BTreeSet};

use super::{code_of, rust_files, without_tests};

/// The name of a module, from the root of the crate: `["bridge", "send", "upload"]`.
pub(super) type Module = Vec<String>;

/// All modules of `src/`.
pub(super) struct Tree {
    pub(super) files: BTreeMap<Module, String>,
    /// What a module hands on from another one, and from which.
    handed_on: BTreeMap<(Module, String), Module>,
}

impl Tree {
    pub(super) fn read() -> Self {
        let mut files = BTreeMap::new();
        for file in rust_files("src") {
            let module = module(&file);
            if module.last().is_some_and(|name| name == "tests" || name == "interleaving") {
                continue;
            }
            files.insert(module, without_tests(&code_of(&file)).to_owned());
        }
        let mut tree = Self { files, handed_on: BTreeMap::new() };
        tree.handed_on = tree.find_handed_on();
        tree
    }

    fn find_handed_on(&self) -> BTreeMap<(Module, String), Module> {
        let mut found = BTreeMap::new();
        for (module, file) in &self.files {
            for (path, _) in uses(file).into_iter().filter(|(_, public)| *public) {
                let Some((name, _)) = path.split_last() else { continue };
                if let Some(target) = self.longest(&absolute(module, &path)) {
                    found.insert((module.clone(), name.clone()), target);
                }
            }
        }
        found
    }

    /// Returns the modules whose names a module imports, without those that it only hands on.
    pub(super) fn imports(&self, module: &Module) -> BTreeSet<Module> {
        let mut found = BTreeSet::new();
        let Some(file) = self.files.get(module) else { return found };
        for (path, _) in uses(file).into_iter().filter(|(_, public)| !public) {
            let path = absolute(module, &path);
            found.extend(self.home(&path).filter(|home| home != module));
        }
        // A file names what lies in its own folder without importing it.
        let children = self
            .files
            .keys()
            .filter(|other| other.split_last().is_some_and(|(_, up)| up == module));
        found.extend(children.filter(|child| names(file, &child[module.len()])).cloned());
        found
    }

    /// Finds the module in which what a path names is at home.
    fn home(&self, path: &[String]) -> Option<Module> {
        let mut module = self.longest(path)?;
        while let Some(name) = path.get(module.len()) {
            match self.handed_on.get(&(module.clone(), name.clone())) {
                Some(further) if *further != module => module.clone_from(further),
                _ => break,
            }
        }
        Some(module)
    }

    fn longest(&self, path: &[String]) -> Option<Module> {
        let begins = (1..=path.len()).rev().map(|length| path[..length].to_vec());
        begins.into_iter().find(|begin| self.files.contains_key(begin))
    }

    /// Returns the groups of modules below `top` that import each other in a circle.
    pub(super) fn circles(&self, top: &str) -> Vec<BTreeSet<Module>> {
        let inside = |module: &&Module| module.first().is_some_and(|first| first == top);
        let modules: Vec<_> = self.files.keys().filter(inside).cloned().collect();
        let arrows: BTreeMap<_, _> = modules.iter().map(|m| (m.clone(), self.imports(m))).collect();
        let reach: BTreeMap<_, _> =
            modules.iter().map(|m| (m.clone(), reached(m, &arrows))).collect();
        let mut circles: Vec<BTreeSet<Module>> = Vec::new();
        for one in &modules {
            let both = |other: &&Module| reach[one].contains(*other) && reach[*other].contains(one);
            let circle: BTreeSet<_> = modules.iter().filter(both).cloned().collect();
            if circle.len() > 1 && !circles.contains(&circle) {
                circles.push(circle);
            }
        }
        circles
    }
}

fn reached(from: &Module, arrows: &BTreeMap<Module, BTreeSet<Module>>) -> BTreeSet<Module> {
    let (mut found, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(module) = next.pop() {
        for other in arrows.get(module).into_iter().flatten() {
            if found.insert(other.clone()) {
                next.push(other);
            }
        }
    }
    found
}

fn module(file: &str) -> Module {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').map(str::to_owned).collect()
}

/// Returns whether code outside of imports names something in the module of this name.
fn names(code: &str, module: &str) -> bool {
    let path = format!("{module}::");
    let statements = code.split(';').map(|one| one.trim_start().trim_start_matches("pub(crate) "));
    let mut code =
        statements.filter(|one| !one.starts_with("use ") && !one.starts_with("pub use "));
    code.any(|statement| {
        statement.match_indices(&path).any(|(at, _)| {
            let before = statement[..at].chars().next_back();
            before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':')
        })
    })
}

/// Returns the paths that a file imports, each with whether it hands the name on.
fn uses(code: &str) -> Vec<(Vec<String>, bool)> {
    let mut found = Vec::new();
    for statement in code.split(';') {
        let statement = statement.trim_start();
        let begins = statement.rfind("\nuse ").or_else(|| statement.rfind("\npub"));
        let statement = begins.map_or(statement, |at| &statement[at + 1..]);
        let Some((before, tree)) = statement.split_once("use ") else { continue };
        let public = before.starts_with("pub");
        if before.is_empty() || (public && !before.trim_end().contains(' ')) {
            leaves(tree, &[], &mut |path| found.push((path, public)));
        }
    }
    found
}

/// Finds the paths of a tree like `crate::{id::{A, B}, store::{self, C}}`.
fn leaves(tree: &str, before: &[String], found: &mut impl FnMut(Vec<String>)) {
    let tree = tree.trim();
    let Some((names, group)) = tree.split_once('{') else {
        if !tree.is_empty() {
            found(joined(before, tree.split(" as ").next().unwrap_or(tree)));
        }
        return;
    };
    let before = joined(before, names.trim_end().trim_end_matches("::"));
    let (mut depth, mut begin) = (0, 0);
    let group = group.trim_end().strip_suffix('}').unwrap_or(group);
    for (at, sign) in group.char_indices() {
        match sign {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                leaves(&group[begin..at], &before, found);
                begin = at + 1;
            }
            _ => {}
        }
    }
    leaves(&group[begin..], &before, found);
}

fn joined(before: &[String], path: &str) -> Vec<String> {
    let names = path.split("::").map(str::trim).filter(|name| !name.is_empty());
    let names = names.filter(|name| !["*", "self"].contains(name) || before.is_empty());
    before.iter().cloned().chain(names.map(str::to_owned)).collect()
}

/// Returns a path from the root of the crate; that of another crate stays what it is.
fn absolute(module: &Module, path: &[String]) -> Vec<String> {
    let supers = path.iter().take_while(|name| *name == "super").count();
    match path.first().map(String::as_str) {
        Some("crate") => path[1..].to_vec(),
        Some("self") => module.iter().chain(&path[1..]).cloned().collect(),
        Some("super") => {
            let above = &module[..module.len().saturating_sub(supers)];
            above.iter().chain(&path[supers..]).cloned().collect()
        }
        Some(_) | None => path.to_vec(),
    }
}

#[test]
fn a_path_is_found_from_where_it_stands() {
    let names = |path: &str| path.split("::").map(str::to_owned).collect::<Vec<_>>();
    let module = names("bridge::send::upload");
    assert_eq!(absolute(&module, &names("super::format")), names("bridge::send::format"));
    assert_eq!(absolute(&module, &names("super::super::core")), names("bridge::core"));
    assert_eq!(absolute(&module, &names("crate::id::PortalId")), names("id::PortalId"));
    assert_eq!(absolute(&module, &names("self::x")), names("bridge::send::upload::x"));
}

#[test]
fn the_paths_of_a_tree_are_found() {
    let code = "//! A\n\nuse super::{\n    a::{self, B},\n    c,\n};\npub(crate) use self::d::E;\nfn f() {}";
    let found: Vec<_> = uses(code).into_iter().map(|(path, on)| (path.join("::"), on)).collect();
    let expected = ["super::a", "super::a::B", "super::c"].map(|path| (path.to_owned(), false));
    assert_eq!(found[..3], expected);
    assert_eq!(found[3..], [("self::d::E".to_owned(), true)]);
}
