//! A sound configuration, and every mistake in it with its sentence.

/// Sound, with secrets and a comment that no output may hold.
pub(crate) const SOUND: &str = r#"# planted comment
[homeserver]
url = "http://127.0.0.1:1"
server_name = "example.org"

[appservice]
as_token = "as-planted-token"
hs_token = "hs-planted-token"

[bridge.permissions]
"example.org" = "user"
# end
"#;

/// What is replaced in the sound configuration, by what, and the sentence for it.
pub(crate) const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "[appservice]",
        "[appservice]\nas_tokn = \"planted\"",
        "config.toml:7: appservice.as_tokn is not a key of [appservice]; did you mean \"as_token\"?",
    ),
    ("server_name = \"example.org\"", "", "homeserver.server_name is missing; write"),
    (
        "# end",
        "[homesever]\nx = 1",
        "config.toml:13: [homesever] is not a section; did you mean \"homeserver\"?",
    ),
    ("# planted comment", "listen = 3", "config.toml:1: listen stands outside of a section"),
    ("\"http://127.0.0.1:1\"", "8008", "config.toml:3: homeserver.url must be text in quotes"),
    (
        "http://127.0.0.1:1",
        "matrix.example.org",
        "config.toml:3: homeserver.url is not a web address",
    ),
    (
        "http://127.0.0.1:1",
        "http://a:planted@b",
        "config.toml:3: homeserver.url must not hold a user or a password",
    ),
    (
        "\"example.org\"\n\n",
        "\"https://example.org\"\n\n",
        "config.toml:4: homeserver.server_name is not a server name",
    ),
    (
        "= \"user\"",
        "= \"usr\"",
        "config.toml:11: bridge.permissions.\"example.org\" must be one of relay, user, admin; did you mean \"user\"?",
    ),
    (
        "= \"user\"",
        "= \"relay\"",
        "config.toml:10: bridge.permissions allows no user to link contacts",
    ),
    ("\"example.org\" = ", "\"@alice\" = ", "bridge.permissions.\"@alice\" is not a user id"),
    (
        "[appservice]",
        "[appservice]\nas_token_file = \"planted-by-nobody\"",
        "config.toml:7: appservice.as_token_file stands beside as_token; keep one of the two",
    ),
    ("hs_token = ", "#", "appservice.hs_token is missing; write hs_token = \""),
    (
        "hs_token = \"hs-planted-token\"",
        "hs_token_file = \"absent\"",
        "absent, which cannot be read",
    ),
    ("hs-planted", "as-planted", "config.toml:8: appservice.hs_token is the same as as_token"),
    ("hs-planted-token", "hs planted token", "config.toml:8: appservice.hs_token must be one word"),
    (
        "[appservice]",
        "[appservice]\nsender_localpart = \"wechatbot\"",
        "config.toml:7: appservice.sender_localpart is the bot",
    ),
    (
        "[appservice]",
        "[appservice]\nsender_localpart = \"wechat_x\"",
        "config.toml:7: appservice.sender_localpart begins like a ghost",
    ),
    (
        "[appservice]",
        "[appservice]\nghost_prefix = \"wechat\"",
        "config.toml:7: appservice.ghost_prefix also begins the bot's name",
    ),
    (
        "[appservice]",
        "[appservice]\nbot = \"@wechatbot:example.org\"",
        "config.toml:7: appservice.bot may hold",
    ),
    (
        "[appservice]",
        "[appservice]\nlisten = \"localhost:29350\"",
        "config.toml:7: appservice.listen is not an address with a port",
    ),
    (
        "[appservice]",
        "[appservice]\nid = \"we chat\"",
        "config.toml:7: appservice.id may hold only",
    ),
    (
        "# end",
        "[bridge]\nlanguage = \"zh-CN\"",
        "config.toml:13: bridge.language must be one of en, zh",
    ),
    (
        "# end",
        "[bridge]\ndisplay_name = \"WeChat\"",
        "config.toml:13: bridge.display_name must contain {name}",
    ),
    (
        "# end",
        "[bridge]\ncommand_prefix = \"! wechat\"",
        "config.toml:13: bridge.command_prefix must be one word",
    ),
    (
        "# end",
        "[ilink]\napi_base = \"http://127.0.0.1:8080\"",
        "config.toml:13: ilink.api_base is not https; write https://, or add \"127.0.0.1:8080\" to plain_http",
    ),
    (
        "# end",
        "[ilink]\nplain_http = \"127.0.0.1\"",
        "config.toml:13: ilink.plain_http must be a list",
    ),
    (
        "# end",
        "[ilink]\nallow_hosts = [\"https://a.example.org\"]",
        "config.toml:13: ilink.allow_hosts must hold host names alone",
    ),
    (
        "# end",
        "[ilink]\nproxy = \"socks5://planted:planted@proxy\"",
        "config.toml:13: ilink.proxy is not the address of an HTTP proxy",
    ),
    ("# end", "[ilink]\nextra_ca_file = \"absent.pem\"", "absent.pem, which cannot be read"),
    (
        "# end",
        "[ilink]\nbot_agent = \"bridge\"",
        "config.toml:13: ilink.bot_agent must be products with versions",
    ),
    (
        "# end",
        "[delivery]\nburst = 0",
        "config.toml:13: delivery.burst must be a whole number from 1 to 1000",
    ),
    (
        "# end",
        "[media]\nmax_download_mib = 0",
        "config.toml:13: media.max_download_mib must be a whole number from 1 to 65536",
    ),
    (
        "# end",
        "[media]\nvoice_out = \"opus\"",
        "config.toml:13: media.voice_out must be one of file, silk",
    ),
    (
        "# end",
        "[delivery]\ninterval_ms = \"fast\"",
        "config.toml:13: delivery.interval_ms must be a whole number from 0",
    ),
    ("# end", "[store]\npath = \"\"", "config.toml:13: store.path must not be empty"),
    ("# end", "[log]\nfilter = \"a=b=c\"", "config.toml:13: log.filter is not a filter"),
    ("# end", "[log]\nformat = \"JSON\"", "config.toml:13: log.format must be one of pretty, json"),
    ("hs-planted-token\"", "hs-planted-token", "config.toml:8: this is not TOML"),
    ("# end", "[store]\npath = planted", "config.toml:13: this is not TOML"),
    (
        "# end",
        "[double_puppet]\nas_token = \"as-planted-token\"",
        "config.toml:13: double_puppet.as_token is the same as appservice.as_token",
    ),
    (
        "# end",
        "[double_puppet]\nas_token_file = \"absent\"",
        "config.toml:13: double_puppet.as_token_file names ",
    ),
    (
        "# end",
        "[double_puppet]\n\"example.org\" = \"planted\"",
        "config.toml:13: double_puppet.example.org is not a key of [double_puppet]",
    ),
];
