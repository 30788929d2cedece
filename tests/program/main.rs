//! The program as an administrator meets it: arguments in, sentences and exit codes out.
#![expect(clippy::unwrap_used, reason = "a helper of a test may stop the test")]

mod mistakes;

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use matrix_appservice_wechat::store::Store;
use mistakes::{MISTAKES, SOUND};
use tempfile::TempDir;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

/// A folder with a configuration, and the program run on it.
struct Setup {
    folder: TempDir,
}

impl Setup {
    fn new(config: &str) -> Self {
        let setup = Self { folder: tempfile::tempdir().unwrap() };
        setup.write("config.toml", config, 0o600);
        setup
    }

    fn sound() -> Self {
        Self::new(SOUND)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        let path = self.path(name);
        let mut file = fs::File::options();
        let mut file = file.write(true).create_new(true).mode(mode).open(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, &[])
    }

    /// Starts `run` without waiting for its end.
    fn start(&self, env: &[(&str, &str)]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_matrix-appservice-wechat"))
            .arg("run")
            .current_dir(self.folder.path())
            .env_clear()
            .envs(env.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn run_with(&self, arguments: &[&str], env: &[(&str, &str)]) -> Output {
        program(arguments, self.folder.path(), env)
    }
}

fn program(arguments: &[&str], folder: &Path, env: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_matrix-appservice-wechat"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(env.iter().copied())
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(text).unwrap()
}

/// Ends with `code`, says `sentence`, and nothing that is planted in the configuration.
fn assert_refused(output: &Output, code: i32, sentence: &str) {
    let said = said(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(sentence), "\"{sentence}\" is not in: {said}");
    assert!(!said.contains("planted"), "a secret is in: {said}");
}

#[test]
fn the_example_registration_is_what_the_example_configuration_gives() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = program(&["registration", "--config", "config.example.toml"], root, &[]);
    assert!(output.status.success(), "{}", said(&output));
    let expected = fs::read_to_string(root.join("registration.yaml.example")).unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

#[test]
fn the_second_registration_wants_a_token_and_holds_nothing_of_the_first() {
    let setup = Setup::sound();
    let arguments = ["registration", "--double-puppet"];
    let output = setup.run(&arguments);
    assert_refused(&output, 11, "double_puppet.as_token is missing; write as_token = \"");
    let token = [("WECHAT_BRIDGE__DOUBLE_PUPPET__AS_TOKEN", "second")];
    let output = setup.run_with(&arguments, &token);
    let yaml = said(&output);
    assert!(output.status.success() && !yaml.contains("planted"), "{yaml}");
    assert!(yaml.starts_with("id: wechat-double-puppet\nurl: null\nas_token: second\n"), "{yaml}");
    assert_eq!(said(&setup.run_with(&arguments, &token)), yaml, "it is the same each time");
}

#[test]
fn the_examples_tokens_are_refused_with_fresh_ones() {
    let example =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("config.example.toml"));
    let setup = Setup::new(&example.unwrap());
    for command in ["run", "check"] {
        let output = setup.run(&[command]);
        assert_refused(&output, 11, "appservice.as_token is still the example's");
        let fresh: Vec<_> = said(&output)
            .lines()
            .filter_map(|line| line.split_once("here is a fresh one: "))
            .map(|(_, token)| token.to_owned())
            .collect();
        assert_eq!(fresh.len(), 2);
        assert!(fresh.iter().all(|token| token.len() == 64), "{fresh:?}");
        assert_ne!(fresh.first(), fresh.last());
    }
}

#[test]
fn a_sound_configuration_is_called_sound() {
    let output = Setup::sound().run(&["check"]);
    assert_eq!(said(&output), "config.toml: no mistakes\n");
    // The program starts itself once more as a worker, and the system ends that one.
    let notes = String::from_utf8_lossy(&output.stderr);
    assert!(!cfg!(target_os = "linux") || !notes.contains("sandbox"), "{notes}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn every_wrong_value_has_its_sentence() {
    for (right, wrong, sentence) in MISTAKES {
        let config = SOUND.replace(right, wrong);
        assert_ne!(config, SOUND, "nothing is replaced by {wrong}");
        let output = Setup::new(&config).run(&["check"]);
        assert_refused(&output, 11, sentence);
        assert!(said(&output).contains("there is a mistake"), "more than one: {}", said(&output));
    }
}

#[test]
fn several_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let config = format!("{SOUND}[log]\nformat = \"xml\"\n").replace("url =", "ulr =");
    let said = said(&Setup::new(&config).run(&["check"]));
    assert!(said.contains("there are 3 mistakes"), "{said}");
    let at = |text: &str| said.find(text).unwrap();
    assert!(at("config.toml:3: homeserver.ulr") < at("config.toml:14: log.format"), "{said}");
    assert!(said.contains("homeserver.url is missing"), "{said}");
}

#[test]
fn a_configuration_that_cannot_be_read_is_another_cause() {
    let setup = Setup::sound();
    let output = setup.run(&["run", "--config", "elsewhere.toml"]);
    assert_refused(&output, 10, "elsewhere.toml cannot be read");
}

#[test]
fn tokens_that_everybody_can_read_are_refused() {
    let setup = Setup::sound();
    fs::set_permissions(setup.path("config.toml"), fs::Permissions::from_mode(0o644)).unwrap();
    let output = setup.run(&["check"]);
    assert_refused(&output, 11, "appservice.as_token stands in a file that others can read");

    let config = SOUND.replace("hs_token = \"hs-planted-token\"", "hs_token_file = \"hs\"");
    let setup = Setup::new(&config);
    setup.write("hs", "hs-planted-token\n", 0o644);
    assert_refused(&setup.run(&["check"]), 11, "which others can read; run chmod o=");
    fs::set_permissions(setup.path("hs"), fs::Permissions::from_mode(0o640)).unwrap();
    assert!(setup.run(&["check"]).status.success());
}

#[test]
fn the_environment_overrides_the_file_and_names_it() {
    let setup = Setup::sound();
    let output = setup.run_with(
        &["registration"],
        &[
            ("WECHAT_BRIDGE__APPSERVICE__ID", "other"),
            ("WECHAT_BRIDGE__APPSERVICE__AS_TOKEN_FILE", "token"),
            ("WECHAT_BRIDGE_CONFIG", "config.toml"),
        ],
    );
    assert_refused(&output, 11, "environment WECHAT_BRIDGE__APPSERVICE__AS_TOKEN_FILE: ");
    setup.write("token", "from-the-file\n", 0o400);
    let output = setup.run_with(
        &["registration"],
        &[
            ("WECHAT_BRIDGE__APPSERVICE__ID", "other"),
            ("WECHAT_BRIDGE__APPSERVICE__AS_TOKEN_FILE", "token"),
        ],
    );
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("id: other\n") && said.contains("as_token: from-the-file\n"), "{said}");
}

#[test]
fn an_address_in_use_is_told_before_anything_starts() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let setup = Setup::sound();
    let output = setup.run_with(&["run"], &[("WECHAT_BRIDGE__APPSERVICE__LISTEN", &address)]);
    assert_refused(&output, 15, "another program listens there");
    assert!(!setup.path("data").exists());
}

#[test]
fn an_address_that_is_free_a_moment_later_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let setup = Setup::sound();
    let mut program = setup.start(&[("WECHAT_BRIDGE__APPSERVICE__LISTEN", &address)]);
    let lines = BufReader::new(program.stderr.take().unwrap()).lines();
    let mut seen = lines.map(Result::unwrap);
    assert!(seen.any(|line| line.contains("waiting a moment")), "it did not wait");
    drop(taken);
    assert!(seen.any(|line| line.contains(": running")), "it never ran");
    program.kill().unwrap();
    program.wait().unwrap();
}

#[tokio::test]
async fn a_homeserver_that_does_not_know_the_token_ends_the_run() {
    let homeserver = MockServer::start().await;
    let unknown = serde_json::json!({ "errcode": "M_UNKNOWN_TOKEN", "error": "unknown" });
    let answer = ResponseTemplate::new(401).set_body_json(unknown);
    Mock::given(any()).respond_with(answer).mount(&homeserver).await;
    let setup = Setup::sound();
    let program = setup.start(&[
        ("WECHAT_BRIDGE__HOMESERVER__URL", &homeserver.uri()),
        ("WECHAT_BRIDGE__APPSERVICE__LISTEN", "127.0.0.1:0"),
    ]);
    let output = tokio::task::spawn_blocking(move || program.wait_with_output().unwrap());
    assert_refused(&output.await.unwrap(), 14, "the homeserver refused the as_token");
}

#[test]
fn a_signal_ends_the_run_in_order() {
    for signal in ["TERM", "INT"] {
        let setup = Setup::sound();
        let mut program = setup.start(&[
            ("WECHAT_BRIDGE__APPSERVICE__LISTEN", "127.0.0.1:0"),
            ("WECHAT_BRIDGE__LOG__FORMAT", "json"),
        ]);
        let mut lines = BufReader::new(program.stderr.take().unwrap()).lines();
        let mut seen = lines.by_ref().map(Result::unwrap);
        assert!(seen.any(|line| line.contains("\"running\"")), "it never ran");
        let kill = Command::new("kill").args(["-s", signal, &program.id().to_string()]).status();
        assert!(kill.unwrap().success());
        let rest: Vec<_> = lines.map(Result::unwrap).collect();
        assert_eq!(program.wait().unwrap().code(), Some(0), "{rest:?}");
        for line in rest {
            let line: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert!(line.get("level").is_some(), "{line}");
        }
        // The store is free for the next program.
        assert!(setup.run(&["export"]).status.success());
    }
}

#[test]
fn a_store_in_use_is_left_alone() {
    let setup = Setup::sound();
    let _open = Store::open(&setup.path("data")).unwrap();
    assert_refused(&setup.run(&["export"]), 12, "in use by another process");
}

#[test]
fn logins_go_out_of_one_store_and_into_another() {
    let line = r#"{"owner":"@alice:example.org","bot_id":"b1@im.bot","token":"planted-bot-token","base_url":null,"contact_id":"c1@im.wechat","name":"planted name"}"#;
    let from = Setup::sound();
    from.write("in.jsonl", &format!("{line}\n"), 0o600);
    let output = from.run(&["import", "in.jsonl"]);
    assert_eq!(said(&output), "logins added: 1, replaced: 0\n");
    assert_eq!(said(&from.run(&["import", "in.jsonl"])), "logins added: 0, replaced: 1\n");

    let output = from.run(&["export", "out.jsonl"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(fs::read_to_string(from.path("out.jsonl")).unwrap(), format!("{line}\n"));
    let mode = fs::metadata(from.path("out.jsonl")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(from.run(&["export"]).stdout, format!("{line}\n").as_bytes());
}

const LOGIN: &str = r#"{"owner":"@alice:example.org","bot_id":"b1@im.bot","token":"planted-bot-token","base_url":null,"contact_id":"c1@im.wechat","name":"planted name"}"#;

#[test]
fn an_export_under_a_passphrase_is_an_age_file_that_only_the_passphrase_opens() {
    let setup = Setup::sound();
    setup.write("in.jsonl", LOGIN, 0o600);
    assert!(setup.run(&["import", "in.jsonl"]).status.success());
    setup.write("right", "correct horse\n", 0o600);
    setup.write("wrong", "planted horse\n", 0o600);
    let output = setup.run(&["export", "out.age", "--passphrase-file", "right"]);
    assert_eq!(said(&output), "logins exported: 1; only the passphrase opens them\n");
    let sealed = fs::read(setup.path("out.age")).unwrap();
    assert!(sealed.starts_with(b"age-encryption.org/v1\n-> scrypt "));
    assert!(!String::from_utf8_lossy(&sealed).contains("planted"));
    assert_eq!(fs::metadata(setup.path("out.age")).unwrap().permissions().mode() & 0o777, 0o600);

    let other = Setup::sound();
    fs::copy(setup.path("out.age"), other.path("out.age")).unwrap();
    fs::copy(setup.path("wrong"), other.path("wrong")).unwrap();
    assert_refused(
        &other.run(&["import", "out.age"]),
        16,
        "out.age: it is encrypted; import it with",
    );
    let output = other.run(&["import", "out.age", "--passphrase-file", "wrong"]);
    assert_refused(&output, 16, "out.age: this passphrase does not open it");
    assert!(other.run(&["export"]).stdout.is_empty());
    let right = [("WECHAT_BRIDGE_PASSPHRASE", "correct horse")];
    let output = other.run_with(&["import", "out.age", "--passphrase"], &right);
    assert_eq!(said(&output), "logins added: 1, replaced: 0\n");
    assert_eq!(other.run(&["export"]).stdout, format!("{LOGIN}\n").as_bytes());
    let piped = other.run_with(&["export", "--passphrase"], &right);
    assert!(piped.stdout.starts_with(b"age-encryption.org/v1\n"));
}

#[test]
fn a_passphrase_that_cannot_be_had_is_said_and_nothing_is_written() {
    let setup = Setup::sound();
    setup.write("open", "planted\n", 0o644);
    setup.write("empty", "\n", 0o600);
    let export = |more: &[&str]| setup.run(&[&["export", "out.age"], more].concat());
    let output = export(&["--passphrase-file", "open"]);
    assert_refused(&output, 16, "open can be read by other users; run chmod o= open");
    assert_refused(&export(&["--passphrase-file", "empty"]), 16, "the passphrase is empty");
    assert_refused(&export(&["--passphrase-file", "absent"]), 16, "absent cannot be read");
    setup.write("plain.jsonl", LOGIN, 0o600);
    let output = setup.run_with(
        &["import", "plain.jsonl", "--passphrase"],
        &[("WECHAT_BRIDGE_PASSPHRASE", "planted")],
    );
    assert_refused(&output, 16, "plain.jsonl: it is not encrypted; import it without --passphrase");
    assert!(!setup.path("out.age").exists());
    // Without a terminal the program cannot ask.
    let alone = Command::new("setsid")
        .args(["-w", env!("CARGO_BIN_EXE_matrix-appservice-wechat"), "export", "--passphrase"])
        .current_dir(setup.folder.path())
        .stdin(Stdio::null())
        .output();
    assert_refused(&alone.unwrap(), 16, "use --passphrase-file or WECHAT_BRIDGE_PASSPHRASE");
}

#[test]
fn an_import_is_held_to_the_rule_of_a_login() {
    let setup = Setup::sound();
    for (from, to, sentence) in [
        (
            r#""base_url":null"#,
            r#""base_url":"https://evil.example/planted""#,
            "in.jsonl:1: the host evil.example is not allowed",
        ),
        (
            "planted-bot-token",
            "planted\\ntoken",
            "in.jsonl:1: the iLink client cannot be set up: the bot token cannot be sent in a header",
        ),
    ] {
        let line = LOGIN.replace(from, to);
        assert_ne!(line, LOGIN);
        fs::write(setup.path("in.jsonl"), "").unwrap();
        fs::remove_file(setup.path("in.jsonl")).unwrap();
        setup.write("in.jsonl", &line, 0o600);
        assert_refused(&setup.run(&["import", "in.jsonl"]), 16, sentence);
        assert!(setup.run(&["export"]).stdout.is_empty());
    }
    // A bare host is an address as well, and WeChat may name one.
    let line = LOGIN.replace(r#""base_url":null"#, r#""base_url":"idc2.weixin.qq.com""#);
    setup.write("bare.jsonl", &line, 0o600);
    assert!(setup.run(&["import", "bare.jsonl"]).status.success());
}

#[test]
fn an_import_that_is_exposed_absent_or_broken_changes_nothing() {
    let setup = Setup::sound();
    setup.write("open.jsonl", "", 0o644);
    assert_refused(&setup.run(&["import", "open.jsonl"]), 16, "can be read by other users");
    assert_refused(&setup.run(&["import", "absent.jsonl"]), 16, "absent.jsonl");
    setup.write("broken.jsonl", "\n{\"owner\":\"planted\"}\n{planted\n", 0o600);
    let output = setup.run(&["import", "broken.jsonl"]);
    assert_refused(&output, 16, "broken.jsonl:2: ");
    assert_refused(&output, 16, "broken.jsonl:3: ");
    assert!(setup.run(&["export"]).stdout.is_empty());
}

#[test]
fn arguments_that_make_no_sense_are_a_usage_error() {
    let setup = Setup::sound();
    assert_refused(&setup.run(&["runn"]), 2, "run");
    assert_refused(&setup.run(&[]), 2, "Usage");
    let version = setup.run(&["--version"]);
    assert_eq!(
        said(&version),
        concat!("matrix-appservice-wechat ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn every_exit_code_of_the_help_is_explained_in_the_setup_document() {
    let help = said(&Setup::sound().run(&["--help"]));
    let document = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/setup.md"));
    let document = document.unwrap();
    let (_, codes) = help.split_once("Exit codes:\n").unwrap();
    let rows: Vec<_> = codes.lines().filter_map(|row| row.trim().split_once("  ")).collect();
    assert!(rows.len() > 10, "{help}");
    for (code, meaning) in rows {
        assert!(document.contains(&format!("| {code} | {meaning} |")), "{code} {meaning}");
    }
}
