//! What `doctor` finds: with a bridge that runs, with one that does not, and with each fault.

use std::process::Command;

use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use crate::support::{PROGRAM, Person, World, synapse::Synapse};

/// Runs the program's `doctor` on the world's config, and returns its exit code and all that it
/// says.
pub(crate) fn doctor(
    world: &World,
    arguments: &[&str],
    env: &[(&str, &str)],
) -> (Option<i32>, String) {
    run(world, Command::new(PROGRAM), arguments, env)
}

fn run(
    world: &World,
    mut program: Command,
    arguments: &[&str],
    env: &[(&str, &str)],
) -> (Option<i32>, String) {
    program.args(["doctor", "--config"]).arg(world.config_path()).args(arguments);
    let output = program.env_clear().envs(env.iter().copied());
    let output = tokio::task::block_in_place(|| output.output()).unwrap();
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

/// Asserts that `doctor` finds exactly this to be wrong, and that it tells no token.
fn assert_wrong(world: &World, arguments: &[&str], env: &[(&str, &str)], sentence: &str) {
    assert_one_wrong(world, doctor(world, arguments, env), sentence);
}

fn assert_one_wrong(world: &World, (code, said): (Option<i32>, String), sentence: &str) {
    assert_eq!(code, Some(21), "{said}");
    let wrong: Vec<_> = said.lines().filter(|line| line.starts_with("❌")).collect();
    assert!(
        wrong.len() == 1 && wrong[0].contains(sentence),
        "\"{sentence}\" is not all of: {said}"
    );
    assert!(said.ends_with("one thing has to be fixed\n"), "{said}");
    assert!(!said.contains(&world.slot.as_token) && !said.contains(&world.slot.hs_token), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_well_beside_a_bridge_that_runs_and_before_it_is_started() {
    let mut world = World::start().await;
    let (code, said) = doctor(&world, &[], &[]);
    assert_eq!(code, Some(0), "{said}");
    for sentence in [
        "config.toml: no mistakes",
        "The homeserver answers and speaks v1.",
        &format!("The homeserver accepts the as_token and knows {}.", world.bot()),
        "The contacts' Matrix users belong to the bridge.",
        "The homeserver reaches the running bridge in ",
        "WeChat's server 127.0.0.1 answers.",
        "This machine's clock agrees with the homeserver's.",
        "This machine's clock agrees with WeChat's.",
        "The store is in use by the running bridge.",
        "The disk of the store has ",
    ] {
        assert!(said.contains(&format!("✅ {sentence}")) || said.contains(sentence), "{said}");
    }
    assert!(!said.contains("💬"), "{said}");

    world.stop().await;
    let (code, said) = doctor(&world, &[], &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("reaches the address where the bridge will listen in "), "{said}");
    assert!(said.contains("✅ The store opens and is intact; it has 0 logins."), "{said}");
    let elsewhere = world.store_path().join("elsewhere");
    let elsewhere = [("WECHAT_BRIDGE__STORE__PATH", elsewhere.to_str().unwrap())];
    let (code, said) = doctor(&world, &[], &elsewhere);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("💬 There is no store at "), "{said}");
    assert!(!world.store_path().join("elsewhere").exists(), "nothing is made");

    world.resume().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let room = alice.management_room(&world).await;
    assert_eq!(alice.ask(&world, &room, "ping").await, "Pong.", "and nothing is broken");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_the_registration_has_its_sentence() {
    let mut world = World::start().await;
    world.stop().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let free = { free.local_addr().unwrap().to_string() };
    for (key, value, sentence) in [
        ("APPSERVICE__AS_TOKEN", "another", "The homeserver refuses the as_token."),
        ("APPSERVICE__HS_TOKEN", "another", "Either the hs_token differs between registration"),
        ("APPSERVICE__ID", "another", "belongs to a registration other than `another`"),
        ("APPSERVICE__BOT", "another", "does not let the bridge use @another:localhost"),
        (
            "APPSERVICE__GHOST_PREFIX",
            "another_",
            "does not let the bridge use @another_doctor:localhost",
        ),
        ("APPSERVICE__LISTEN", &free, "The homeserver cannot reach the bridge at http://"),
        ("APPSERVICE__LISTEN", "192.0.2.1:29350", "cannot listen on 192.0.2.1:29350"),
        ("HOMESERVER__URL", "http://127.0.0.1:1", "The homeserver does not answer at"),
    ] {
        let key = format!("WECHAT_BRIDGE__{key}");
        assert_wrong(&world, &[], &[(&key, value)], sentence);
    }

    let mut program = Command::new(PROGRAM);
    program.args(["registration", "--config"]).arg(world.config_path()).env_clear();
    let output = program.output().unwrap();
    let file = world.store_path().with_file_name("registration.yaml");
    let name = file.to_str().unwrap();
    let arguments = ["--registration", name];
    std::fs::write(&file, &output.stdout).unwrap();
    let (code, said) = doctor(&world, &arguments, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("registration.yaml matches the config."), "{said}");
    let yaml = String::from_utf8(output.stdout).unwrap();
    let changed = yaml.replace("rate_limited: false", "rate_limited: true").replace("hs-t", "t");
    std::fs::write(&file, changed).unwrap();
    assert_wrong(&world, &arguments, &[], "differs from the config in: hs_token, rate_limited.");
    std::fs::write(&file, "- [").unwrap();
    assert_wrong(&world, &arguments, &[], "cannot be read: it is no YAML");
    world.resume().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_wechat_page_and_store_has_its_sentence() {
    let mut world = World::start().await;
    world.stop().await;
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let answer = ResponseTemplate::new(200).insert_header("date", date);
    let old = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&old).await;
    let host = |url: &str| url.split('/').nth(2).unwrap().to_owned();
    let (api, cdn) = (host(&world.simulator.api_url()), host(&world.simulator.cdn_url()));
    let hosts = format!("127.0.0.1:1,{},{api},{cdn}", host(&old.uri()));
    let hosts = ("WECHAT_BRIDGE__ILINK__PLAIN_HTTP", hosts.as_str());
    let away = "WeChat's server 127.0.0.1 does not answer (";
    for (key, value, sentence) in [
        ("WECHAT_BRIDGE__ILINK__API_BASE", "http://127.0.0.1:1", away),
        ("WECHAT_BRIDGE__ILINK__CDN_BASE", "http://127.0.0.1:1", away),
        ("WECHAT_BRIDGE__ILINK__API_BASE", &old.uri(), " s ahead of WeChat's, "),
    ] {
        assert_wrong(&world, &[], &[hosts, (key, value)], sentence);
    }

    let ours = format!("http://{}", world.slot.listen);
    let key = "WECHAT_BRIDGE__BRIDGE__PUBLIC_URL";
    let (code, said) = doctor(&world, &[], &[(key, &ours)]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("✅ The link page answers at "), "{said}");
    assert_wrong(&world, &[], &[(key, "http://127.0.0.1:1")], "Nothing answers at public_url");
    assert_wrong(&world, &[], &[(key, &old.uri())], "is not the bridge (status 200)");

    world.resume().await;
    let page = format!("[bridge]\npublic_url = \"{ours}\"\n[bridge.permissions]");
    world.reconfigure(|config| config.replace("[bridge.permissions]", &page)).await;
    assert_wrong(&world, &[], &[], "lets through more than /link/");
    world.stop().await;

    let copy = world.store_path().with_file_name("copy");
    std::fs::create_dir_all(copy.join("db")).unwrap();
    std::fs::write(copy.join("guard"), "nothing").unwrap();
    let store = [("WECHAT_BRIDGE__STORE__PATH", copy.to_str().unwrap())];
    assert_wrong(&world, &[], &store, "The store cannot be used: ");
    world.resume().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_the_machine_has_its_sentence() {
    let mut world = World::start().await;
    world.stop().await;
    // The file systems of the kernel have no room for anybody's files.
    let full = "The disk of /proc has only 0 MiB free; files in transit need up to 456 MiB.";
    assert_wrong(&world, &[], &[("WECHAT_BRIDGE__STORE__PATH", "/proc/store")], full);
    let folder = "cannot be opened in a sandbox: the folder for media cannot be written.";
    assert_wrong(&world, &[], &[("TMPDIR", "/proc")], folder);

    let mut strict = Command::new("python3");
    strict.args(["-c", FORBIDS_FILTERS, PROGRAM]);
    let filter = "sandbox: the system refuses the limits or the filter of a worker. Where no worker can run, they arrive as plain files";
    let path = std::env::var("PATH").unwrap_or_default();
    assert_one_wrong(&world, run(&world, strict, &[], &[("PATH", &path)]), filter);
    world.resume().await;
    world.end().await;
}

/// Has the system refuse filters of calls to a program and all that it starts, as the profiles of
/// some containers do, and becomes that program.
const FORBIDS_FILTERS: &str = r#"
import ctypes, os, platform, struct, sys
seccomp = {"x86_64": 317, "aarch64": 277}[platform.machine()]
load_number, refused, allowed = (0x20, 0, 0, 0), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)
code = [load_number, (0x15, 0, 1, seccomp), refused, allowed]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
rules = ctypes.create_string_buffer(struct.pack("HP", 4, ctypes.addressof(code)))
prctl = ctypes.CDLL(None, use_errno=True).prctl
prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
NO_NEW_PRIVS, SECCOMP, FILTER = 38, 22, 2
assert prctl(NO_NEW_PRIVS, 1, 0, 0, 0) == 0
assert prctl(SECCOMP, FILTER, ctypes.addressof(rules), 0, 0) == 0, os.strerror(ctypes.get_errno())
os.execv(sys.argv[1], sys.argv[1:])
"#;

#[tokio::test(flavor = "multi_thread")]
async fn administrators_may_ask_the_bridge_itself() {
    let mut world = World::idle().await;
    let root = Person::new(Synapse::shared().await, "root").await;
    let admin = format!("[bridge.permissions]\n\"{}\" = \"admin\"", root.user_id);
    world.configure(|config| config.replace("[bridge.permissions]", &admin));
    let (phone, _) = world.link(&root, "Mum").await;
    let room = root.management_room(&world).await;
    phone.wait_online().await;
    let found = root.ask(&world, &room, "doctor").await;
    assert!(found.lines().all(|line| line.starts_with("✅ ")), "{found}");
    for sentence in ["reaches the running bridge", "polls of all linked contacts (1).", "sandbox"] {
        assert!(found.contains(sentence), "{sentence} is not in {found}");
    }
    root.ask(&world, &room, "lang zh").await;
    let found = root.ask(&world, &room, "doctor").await;
    assert!(found.contains("服务器可以连接正在运行的桥接"), "{found}");
    world.end().await;
}
