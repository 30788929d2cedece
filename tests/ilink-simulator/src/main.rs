//! The simulator as a program: an address for the bridge, control routes for scripts, and the phone
//! page for people.

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use ilink_simulator::{Options, Simulator};
use tokio::net::TcpListener;

/// An iLink API and CDN server with phones, for trying the bridge without WeChat.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:18200")]
    listen: SocketAddr,
    /// How long a poll without news is held, such as 35s or 500ms.
    #[arg(long, default_value = "35s", value_parser = duration)]
    hold: Duration,
    /// Host that redirected logins are sent to; without it, a second port on the first address.
    #[arg(long)]
    redirect_host: Option<String>,
    /// No 24-hour window and no quota of 10 messages.
    #[arg(long)]
    unlimited: bool,
    /// Add a phone of this name; may be given several times.
    #[arg(long = "phone", value_name = "NAME")]
    phones: Vec<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("cannot listen on {}", arguments.listen))?;
    let options = Options { hold: arguments.hold, redirect_host: arguments.redirect_host };
    let simulator = Simulator::start_on(listener, options).await?;
    if arguments.unlimited {
        simulator.unlimited();
    }
    for name in &arguments.phones {
        simulator.phone(name);
    }
    announce(&simulator)?;
    tokio::signal::ctrl_c().await.context("cannot wait for Ctrl-C")
}

/// Prints where the simulator is reached, one address per line, for people and scripts.
#[expect(clippy::print_stdout, reason = "the addresses are the program's output")]
fn announce(simulator: &Simulator) -> anyhow::Result<()> {
    let api = simulator.api_url();
    println!("api     {api}");
    println!("cdn     {}", simulator.cdn_url());
    println!("phones  {api}/");
    println!("control {api}/control/state");
    std::io::stdout().flush().context("cannot print")
}

fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, Duration::from_millis(1)),
        None => (text.trim_end_matches('s'), Duration::from_secs(1)),
    };
    let count: u32 = number.parse().map_err(|_| "a number with s or ms, such as 35s".to_owned())?;
    Ok(unit * count)
}
