use std::os::unix::fs::OpenOptionsExt;

use ruma::user_id;

use super::*;

fn load(text: &str, env: &[(&str, &str)]) -> Result<Config, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let mut file = std::fs::File::options();
    let mut file = file.write(true).create_new(true).mode(0o600).open(&path).unwrap();
    io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    Config::load(&path, env.iter().map(|(name, value)| (name.into(), value.into())))
}

fn complaint(text: &str, env: &[(&str, &str)]) -> String {
    load(text, env).unwrap_err().to_string()
}

const LEAST: &str = r#"
[homeserver]
url = "https://matrix.example.org/"
server_name = "example.org"
[appservice]
as_token = "as-secret"
hs_token = "hs-secret"
[bridge.permissions]
"example.org" = "user"
"#;

#[test]
fn the_example_holds_the_defaults() {
    let example = Config::for_registration(Path::new("config.example.toml"), []).unwrap();
    let least = load(LEAST, &[]).unwrap();
    assert_eq!(example.homeserver.server_name, "example.org");
    assert_eq!(example.appservice.id, least.appservice.id);
    assert_eq!(example.appservice.listen, least.appservice.listen);
    assert_eq!(example.appservice.url, least.appservice.url);
    assert_eq!(example.appservice.bot, user_id!("@wechatbot:example.org"));
    assert_eq!(example.appservice.bot, least.appservice.bot);
    assert_eq!(example.appservice.bot_display_name, least.appservice.bot_display_name);
    assert_eq!(example.appservice.ghost_prefix, least.appservice.ghost_prefix);
    assert_eq!(example.appservice.sender_localpart, least.appservice.sender_localpart);
    assert_eq!(example.bridge.command_prefix, least.bridge.command_prefix);
    assert_eq!(example.bridge.language, least.bridge.language);
    assert_eq!(example.bridge.display_name, least.bridge.display_name);
    assert_eq!(example.ilink.api_base, least.ilink.api_base);
    assert_eq!(example.ilink.cdn_base, least.ilink.cdn_base);
    assert_eq!(example.ilink.bot_agent, least.ilink.bot_agent);
    assert_eq!(example.delivery, least.delivery);
    assert_eq!(example.media, least.media);
    assert!(!example.provisioning.is_on() && !least.provisioning.is_on());
    assert_eq!(example.double_puppet.as_token, None);
    assert_eq!(example.store.path, Path::new("data"));
    assert_eq!(example.log.filter, least.log.filter);
    assert_eq!(example.log.format, least.log.format);
}

#[test]
fn the_example_names_every_key() {
    let example = std::fs::read_to_string("config.example.toml").unwrap();
    let all: String = example
        .lines()
        .filter(|line| !line.starts_with("as_token ") && !line.starts_with("hs_token "))
        .filter(|line| !line.starts_with("#shared_secret ") && !line.starts_with("#as_token "))
        .map(|line| line.strip_prefix('#').filter(|l| l.contains(" = \"")).unwrap_or(line))
        .fold(String::new(), |text, line| text + line + "\n");
    let told = complaint(&all, &[]);
    // The files that the example names do not exist; it contains no other mistake.
    assert_eq!(told.matches("which cannot be read").count(), 5, "{told}");
    assert!(told.starts_with("there are 5 mistakes"), "{told}");
}

#[test]
fn the_environment_overrides_the_file() {
    let config = load(
        LEAST,
        &[
            ("WECHAT_BRIDGE__HOMESERVER__URL", "http://[::1]:8008"),
            ("WECHAT_BRIDGE__APPSERVICE__AS_TOKEN", "other"),
            ("WECHAT_BRIDGE__BRIDGE__PERMISSIONS", "*=relay, @a:example.org=admin"),
            ("WECHAT_BRIDGE__BRIDGE__LANGUAGE", "zh"),
            ("WECHAT_BRIDGE__ILINK__PLAIN_HTTP", "127.0.0.1:8080, localhost"),
            ("WECHAT_BRIDGE__ILINK__API_BASE", "http://127.0.0.1:8080"),
            ("WECHAT_BRIDGE__DELIVERY__INTERVAL_MS", "0"),
            ("WECHAT_BRIDGE__MEDIA__MAX_DOWNLOAD_MIB", "2"),
            ("WECHAT_BRIDGE__MEDIA__VOICE_OUT", "silk"),
            ("WECHAT_BRIDGE_CONFIG", "not a key"),
        ],
    )
    .unwrap();
    assert_eq!(config.homeserver.url.as_str(), "http://[::1]:8008/");
    assert_eq!(config.appservice.as_token.expose(), "other");
    let permissions = &config.bridge.permissions;
    assert_eq!(permissions.level_of(user_id!("@b:example.org")), Some(Level::Relay));
    assert_eq!(permissions.level_of(user_id!("@a:example.org")), Some(Level::Admin));
    assert_eq!(config.bridge.language, Language::Zh);
    assert_eq!(config.ilink.plain_http, ["127.0.0.1:8080", "localhost"]);
    assert_eq!(config.ilink.api_base.as_str(), "http://127.0.0.1:8080/");
    assert_eq!(config.delivery.interval, Duration::ZERO);
    assert_eq!(config.media.max_download, 2 << 20);
    assert_eq!(config.media.voice_out, VoiceOut::Silk);
}

#[test]
fn a_variable_that_names_no_key_is_refused() {
    let told = complaint(LEAST, &[("WECHAT_BRIDGE__HOMESERVER__ULR", "secret-value")]);
    assert!(told.contains("environment WECHAT_BRIDGE__HOMESERVER__ULR"), "{told}");
    assert!(told.contains("did you mean \"url\"?"), "{told}");
    assert!(!told.contains("secret-value"), "{told}");
    let told = complaint(LEAST, &[("WECHAT_BRIDGE__URL", "secret-value")]);
    assert!(told.contains("WECHAT_BRIDGE__SECTION__KEY"), "{told}");
}

#[test]
fn a_broken_file_is_told_by_line_and_not_by_its_text() {
    let told = complaint("[appservice]\nas_token = \"as-secret\nhs_token = hs-secret\n", &[]);
    assert!(told.contains("config.toml:2: this is not TOML"), "{told}");
    assert!(!told.contains("secret"), "{told}");
}

#[test]
fn a_missing_token_is_told_with_a_fresh_one() {
    let told = complaint(&LEAST.replace("as_token = \"as-secret\"", ""), &[]);
    let fresh = told.split("as_token = \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert_eq!(fresh.len(), 64, "{told}");
    assert!(fresh.bytes().all(|byte| byte.is_ascii_hexdigit()), "{told}");
}

#[test]
fn the_provisioning_api_needs_a_secret_that_is_hard_to_guess() {
    let with = |line: &str| format!("{LEAST}\n[provisioning]\n{line}\n");
    let config = load(&with("shared_secret = \"0123456789abcdef\""), &[]).unwrap();
    assert!(config.provisioning.is_on() && !config.provisioning.matrix_auth);
    assert!(config.provisioning.shared_secret.unwrap().is("0123456789abcdef"));
    assert!(load(&with("matrix_auth = true"), &[]).unwrap().provisioning.is_on());
    let told = complaint(&with("shared_secret = \"0123456789\""), &[]);
    assert!(told.contains("at least 16") && !told.contains("0123456789"), "{told}");
    let told = complaint(&with("shared_secret = \"replace-me-shared-secret\""), &[]);
    assert!(told.contains("still the example's"), "{told}");
}

#[test]
fn the_second_registration_has_a_token_of_its_own() {
    assert!(load(LEAST, &[]).unwrap().puppet_registration().is_none());
    let with = |token: &str| format!("{LEAST}\n[double_puppet]\nas_token = \"{token}\"\n");
    let config = load(&with("puppet-secret"), &[]).unwrap();
    let yaml = config.puppet_registration().unwrap().to_yaml().unwrap();
    assert!(yaml.contains("url: null\nas_token: puppet-secret\n"), "{yaml}");
    assert!(yaml.contains(r"regex: ^@.*:example\.org$") && yaml.contains("exclusive: false"));
    assert!(!format!("{config:?}").contains("puppet-secret"));
    let told = complaint(&with("as-secret"), &[]);
    assert!(told.contains("double_puppet.as_token is the same as appservice.as_token"), "{told}");
    assert!(!told.contains("as-secret"), "{told}");
    let told = complaint(&with("replace-me-double-puppet-token"), &[]);
    assert!(told.contains("double_puppet.as_token is still the example's"), "{told}");
    assert!(load(&format!("{LEAST}\n[double_puppet]\n"), &[]).is_ok(), "it is switched off");
}

#[test]
fn names_and_folders_come_out_ready_to_use() {
    let config = load(LEAST, &[]).unwrap();
    assert_eq!(config.bridge.display_name.of("Mum"), "Mum (WeChat)");
    assert_eq!(config.homeserver.url.as_str(), "https://matrix.example.org/");
    assert!(config.store.path.is_absolute());
    assert!(!format!("{config:?}").contains("-secret"));
}
