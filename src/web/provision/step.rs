//! The steps of a login: each stage is a step, whose id contains its number.
//!
//! A program names the last step that it saw. So a request whose answer was lost can be repeated,
//! and no step is missed.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Process, ProvisioningRefusal};
use crate::web::stage::{Stage, View};

/// The kinds of steps at which a program waits, by the beginning of their ids.
pub(super) const WAITING: &[&str] = &["wait", "qr", "scanned"];
/// The kind of step that asks for input.
pub(super) const ASKING: &[&str] = &["digits"];
/// The field with the digits.
pub(super) const DIGITS: &str = "digits";

/// Returns the number of the stage in a step's id, if the step is of one of these kinds.
pub(super) fn seen(step: &str, kinds: &[&str]) -> Option<u32> {
    let (kind, number) = step.rsplit_once('-')?;
    let number: u32 = number.parse().ok()?;
    let is_ours = kinds.contains(&kind) && step == format!("{kind}-{number}");
    is_ours.then_some(number)
}

/// Returns the first step, once there is something to show.
pub(super) async fn first(
    process: &dyn Process,
    hold: Duration,
) -> Result<Value, ProvisioningRefusal> {
    let stage = stage_when(process, hold, |stage| stage.view != View::Wait).await;
    told(process, stage)
}

/// Returns the step behind the one that was seen, or the current one when there is none within
/// `hold`. While a new code is being fetched, the earlier step stays.
pub(super) async fn after(
    process: &dyn Process,
    seen: u32,
    kinds: &[&str],
    hold: Duration,
) -> Result<Value, ProvisioningRefusal> {
    {
        let stages = process.stages();
        let now = stages.borrow();
        let is_other = now.number == seen && !kinds.contains(&kind(&now.view));
        if now.number < seen || (is_other && !now.view.is_last()) {
            return Err(ProvisioningRefusal::NoSuchStep);
        }
    }
    let news =
        |stage: &Stage| stage.view.is_last() || (stage.number > seen && stage.view != View::Wait);
    let stage = stage_when(process, hold, news).await;
    told(process, stage)
}

async fn stage_when(
    process: &dyn Process,
    hold: Duration,
    wanted: impl FnMut(&Stage) -> bool,
) -> Stage {
    let mut stages = process.stages();
    // After a new step or the time limit, the current stage is returned.
    let _ = tokio::time::timeout(hold, stages.wait_for(wanted)).await.map(drop);
    stages.borrow().clone()
}

fn told(
    process: &dyn Process,
    Stage { number, view, words }: Stage,
) -> Result<Value, ProvisioningRefusal> {
    let (kind_of_step, shown) = match &view {
        View::Wait | View::Scanned => ("display_and_wait", json!({ "type": "nothing" })),
        View::Code(code) => ("display_and_wait", json!({ "type": "qr", "data": code.url })),
        View::Digits { .. } => ("user_input", json!({ "fields": [field(&words)] })),
        View::Done { login } => ("complete", json!({ "user_login_id": login.to_string() })),
        View::Over(why) => return Err(ProvisioningRefusal::Over(*why, words)),
    };
    let mut step = Map::new();
    step.insert("login_id".into(), json!(process.id()));
    step.insert("type".into(), json!(kind_of_step));
    step.insert("step_id".into(), json!(format!("{}-{number}", kind(&view))));
    step.insert("instructions".into(), json!(words));
    step.insert(kind_of_step.into(), shown);
    Ok(Value::Object(step))
}

fn field(words: &str) -> Value {
    json!({ "type": "2fa_code", "id": DIGITS, "name": words, "pattern": "^[0-9]{1,12}$" })
}

/// Returns the beginning of the step's id.
fn kind(view: &View) -> &'static str {
    match view {
        View::Wait => "wait",
        View::Code(_) => "qr",
        View::Scanned => "scanned",
        View::Digits { .. } => "digits",
        View::Done { .. } => "complete",
        View::Over(_) => "over",
    }
}
