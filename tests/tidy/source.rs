//! The program's source as a tree of modules, read by a parser: who imports whom, and what is
//! defined where. Tests at the end of a file are left out.

use std::collections::{BTreeMap, BTreeSet};

use syn::{Item, UseTree};

use super::{read, rust_files, without_tests};

/// The name of a module, from the root of the crate: `["bridge", "send", "upload"]`.
pub(super) type Module = Vec<String>;

/// All modules of `src/`.
pub(super) struct Tree {
    pub(super) files: BTreeMap<Module, syn::File>,
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
            let text = read(&file);
            let parsed = syn::parse_file(without_tests(&text));
            files.insert(module, parsed.unwrap_or_else(|why| panic!("{file}: {why}")));
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

    /// The modules whose names a module imports, without those that it only hands on.
    pub(super) fn imports(&self, module: &Module) -> BTreeSet<Module> {
        let mut found = BTreeSet::new();
        let Some(file) = self.files.get(module) else { return found };
        for (path, _) in uses(file).into_iter().filter(|(_, public)| !public) {
            let path = absolute(module, &path);
            found.extend(self.home(&path).filter(|home| home != module));
        }
        found
    }

    /// The module in which what a path names is at home.
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

    /// The groups of modules below `top` that import each other in a circle.
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

/// The paths that a file imports, each with whether it hands the name on.
fn uses(file: &syn::File) -> Vec<(Vec<String>, bool)> {
    let mut found = Vec::new();
    for item in &file.items {
        if let Item::Use(import) = item {
            let public = !matches!(import.vis, syn::Visibility::Inherited);
            leaves(&import.tree, &mut Vec::new(), &mut |path| found.push((path, public)));
        }
    }
    found
}

fn leaves(tree: &UseTree, before: &mut Vec<String>, found: &mut impl FnMut(Vec<String>)) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            leaves(&path.tree, before, found);
            before.pop();
        }
        UseTree::Group(group) => {
            group.items.iter().for_each(|tree| leaves(tree, before, found));
        }
        UseTree::Name(name) => found(with(before, &name.ident.to_string())),
        UseTree::Rename(name) => found(with(before, &name.ident.to_string())),
        UseTree::Glob(_) => found(before.clone()),
    }
}

fn with(before: &[String], name: &str) -> Vec<String> {
    let mut path = before.to_vec();
    if name != "self" {
        path.push(name.to_owned());
    }
    path
}

/// A path from the root of the crate; that of another crate stays what it is.
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
