//! How the house stands in figures, and the worst that is agreed for each.
//!
//! `cargo test --test tidy -- --nocapture figures` prints them.

use std::collections::BTreeMap;

use syn::{
    ExprCall, ExprMethodCall, FnArg, ImplItemFn, Item, ItemFn, Signature, Visibility,
    visit::{self, Visit},
};

use super::{
    floors::FLOORS,
    source::{Module, Tree},
};

/// The worst that is agreed: (figure, at most). A change that makes one worse mends it, or says in
/// its commit why the house needs it.
const AGREED: &[(&str, usize)] = &[
    ("files of the largest floor", 25),
    ("modules of the largest circle", 3),
    ("pub(crate) for 100 pub(super) in src/bridge", 150),
    ("parameters of 100 functions", 160),
    ("functions with more than 5 parameters", 0),
    ("clones per 1,000 statements in src/bridge", 70),
    ("type names used more than once", 57),
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
        (
            "clones per 1,000 statements in src/bridge",
            bridge.clones * 1000 / bridge.statements.max(1),
        ),
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

/// The names of types that are defined in more than one place.
fn twice(tree: &Tree) -> Vec<String> {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for item in tree.files.values().flat_map(|file| &file.items) {
        let name = match item {
            Item::Struct(item) => &item.ident,
            Item::Enum(item) => &item.ident,
            Item::Trait(item) => &item.ident,
            Item::Type(item) => &item.ident,
            _ => continue,
        };
        *names.entry(name.to_string()).or_default() += 1;
    }
    names.retain(|_, places| *places > 1);
    names.into_iter().map(|(name, places)| format!("{name} ×{places}")).collect()
}

/// What is counted while the code is walked through.
#[derive(Default)]
struct Count {
    functions: usize,
    parameters: usize,
    crowded: usize,
    clones: usize,
    statements: usize,
    of_crate: usize,
    of_super: usize,
}

impl Count {
    fn of(tree: &Tree, which: impl Fn(&Module) -> bool) -> Self {
        let mut count = Self::default();
        let files = tree.files.iter().filter(|(module, _)| which(module));
        files.for_each(|(_, file)| count.visit_file(file));
        count
    }

    fn function(&mut self, signature: &Signature) {
        let typed = |input: &&FnArg| matches!(input, FnArg::Typed(_));
        let parameters = signature.inputs.iter().filter(typed).count();
        self.functions += 1;
        self.parameters += parameters;
        self.crowded += usize::from(parameters > 5);
    }
}

impl<'ast> Visit<'ast> for Count {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.function(&item.sig);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.function(&item.sig);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_stmt(&mut self, statement: &'ast syn::Stmt) {
        self.statements += 1;
        visit::visit_stmt(self, statement);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        self.clones += usize::from(call.method == "clone");
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        if let syn::Expr::Path(path) = &*call.func {
            self.clones +=
                usize::from(path.path.segments.last().is_some_and(|s| s.ident == "clone"));
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_visibility(&mut self, visibility: &'ast Visibility) {
        if let Visibility::Restricted(to) = visibility {
            self.of_crate += usize::from(to.path.is_ident("crate"));
            self.of_super += usize::from(to.path.is_ident("super"));
        }
    }
}
