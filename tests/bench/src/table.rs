//! The output: each figure beside its budget as soon as it is measured.

use std::io::Write as _;

/// The table of figures.
#[derive(Debug)]
pub(crate) struct Table {
    over: usize,
}

impl Table {
    pub(crate) fn begin() -> Self {
        line(&format!("{:<48} {:>12} {:>12} {:>7}", "", "figure", "budget", "ratio"));
        Self { over: 0 }
    }

    /// Prints a figure that must not be above its budget.
    pub(crate) fn row(&mut self, what: &str, figure: f64, unit: &str, budget: Option<f64>) {
        self.print(what, (figure, unit), budget, |ratio| ratio <= 1.0);
    }

    /// Prints a rate per second, which must not be below its budget.
    pub(crate) fn rate(&mut self, what: &str, figure: f64, budget: Option<f64>) {
        self.print(what, (figure, "/s"), budget, |ratio| ratio >= 1.0);
    }

    /// Prints a sentence about the row above.
    pub(crate) fn note(&self, text: &str) {
        line(&format!("  {text}"));
    }

    /// Prints the result, and returns whether every figure keeps its budget.
    pub(crate) fn end(&self) -> bool {
        match self.over {
            0 => line("every figure keeps its budget"),
            over => line(&format!("{over} figures miss their budget")),
        }
        self.over == 0
    }

    fn print(
        &mut self,
        what: &str,
        (figure, unit): (f64, &str),
        budget: Option<f64>,
        kept: impl Fn(f64) -> bool,
    ) {
        let show = |number: f64| {
            let digits = if number < 100.0 { 1 + usize::from(number < 10.0) } else { 0 };
            format!("{number:.digits$} {unit}")
        };
        let Some(budget) = budget else {
            return line(&format!("{what:<48} {:>12}", show(figure)));
        };
        let ratio = figure / budget;
        let verdict = if kept(ratio) { "ok" } else { "over" };
        self.over += usize::from(verdict == "over");
        line(&format!(
            "{what:<48} {:>12} {:>12} {ratio:>7.2} {verdict}",
            show(figure),
            show(budget)
        ));
    }
}

/// Prints a line; a reader may have closed the pipe.
fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
