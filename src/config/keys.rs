//! Every section and key with its default, and the rules between keys.

use std::{
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};

use ruma::{OwnedServerName, UserId};
use url::Url;

use super::{
    Appservice, BridgeConfig, Config, Delivery, HomeserverConfig, Ilink, Log, MediaConfig,
    Permissions, StoreConfig,
    document::Document,
    double_puppet::double_puppet,
    encryption::encryption,
    provisioning::provisioning,
    purpose::Purpose,
    section::{ConfigSection, Told},
    token::token,
    value,
};
use crate::{
    ilink::agent::DEFAULT_BOT_AGENT,
    matrix::{AsToken, HsToken},
};

/// Reads the whole configuration; `None` when `document` has noted a mistake.
pub(super) fn config(document: &mut Document, purpose: Purpose) -> Option<Config> {
    let homeserver = document.section("homeserver", homeserver);
    let server_name = homeserver.as_ref().ok().map(|homeserver| homeserver.server_name.clone());
    let appservice =
        document.section("appservice", |section| appservice(section, server_name, purpose));
    let bridge = document.section("bridge", bridge);
    let ilink = document.section("ilink", ilink);
    let delivery = document.section("delivery", delivery);
    let media = document.section("media", media);
    let provisioning = document.section("provisioning", |section| provisioning(section, purpose));
    let double_puppet = document.section("double_puppet", |section| {
        double_puppet(section, appservice.as_ref().ok(), purpose)
    });
    let encryption = document.section("encryption", encryption);
    let store = document.section("store", store);
    let log = document.section("log", log);
    Some(Config {
        homeserver: homeserver.ok()?,
        appservice: appservice.ok()?,
        bridge: bridge.ok()?,
        ilink: ilink.ok()?,
        delivery: delivery.ok()?,
        media: media.ok()?,
        provisioning: provisioning.ok()?,
        double_puppet: double_puppet.ok()?,
        encryption: encryption.ok()?,
        store: store.ok()?,
        log: log.ok()?,
    })
}

fn homeserver(section: &mut ConfigSection<'_>) -> Result<HomeserverConfig, Told> {
    let url = section.required(
        "url",
        "write where the homeserver's client API answers, like \"http://127.0.0.1:8008\"",
        value::web_address,
    );
    let server_name = section.required(
        "server_name",
        "write what stands behind the colon of your user id, like \"example.org\"",
        value::server_name,
    );
    Ok(HomeserverConfig { url: url?, server_name: server_name? })
}

fn appservice(
    section: &mut ConfigSection<'_>,
    server_name: Option<OwnedServerName>,
    purpose: Purpose,
) -> Result<Appservice, Told> {
    let id = section.or("id", "wechat", value::registration_id);
    let listen = section.or("listen", "127.0.0.1:29350", value::socket_address);
    let url = section.or("url", "http://127.0.0.1:29350", value::web_address);
    let names = names(section);
    let bot_display_name = section.or("bot_display_name", "WeChat bridge bot", value::not_blank);
    let tokens = tokens(section, purpose);
    let (names, (as_token, hs_token)) = (names?, tokens?);
    // A missing server name was already noted in its own section.
    let server_name = server_name.ok_or(Told)?;
    let bot = UserId::parse(format!("@{}:{server_name}", names.bot))
        .map_err(|_| section.wrong("bot", "is too long for this server name; shorten it"))?;
    Ok(Appservice {
        id: id?,
        listen: listen?,
        url: url?,
        bot,
        bot_display_name: bot_display_name?,
        ghost_prefix: names.ghost_prefix,
        sender_localpart: names.sender,
        as_token,
        hs_token,
    })
}

struct Names {
    bot: String,
    ghost_prefix: String,
    sender: String,
}

/// Reads the names of three kinds of users, which must differ.
fn names(section: &mut ConfigSection<'_>) -> Result<Names, Told> {
    let bot = section.or("bot", "wechatbot", value::localpart);
    let ghost_prefix = section.or("ghost_prefix", "wechat_", value::localpart);
    let sender = section.or("sender_localpart", "_appservice_wechat", value::localpart);
    let names = Names { bot: bot?, ghost_prefix: ghost_prefix?, sender: sender? };
    if names.sender == names.bot {
        return Err(section.wrong(
            "sender_localpart",
            "is the bot; choose a name that nobody uses, because homeservers refuse that user \
             things that a bot needs",
        ));
    }
    if names.bot.starts_with(&names.ghost_prefix) {
        return Err(section.wrong(
            "ghost_prefix",
            "also begins the bot's name; choose one that does not, like \"wechat_\"",
        ));
    }
    if names.sender.starts_with(&names.ghost_prefix) {
        return Err(section
            .wrong("sender_localpart", "begins like a ghost; choose a name outside ghost_prefix"));
    }
    Ok(names)
}

fn tokens(section: &mut ConfigSection<'_>, purpose: Purpose) -> Result<(AsToken, HsToken), Told> {
    let as_token = token(section, "as_token", "as_token_file", purpose);
    let hs_token = token(section, "hs_token", "hs_token_file", purpose);
    let (as_token, hs_token) = (as_token?, hs_token?);
    if as_token == hs_token {
        return Err(section.wrong("hs_token", "is the same as as_token; they must differ"));
    }
    Ok((AsToken::new(as_token.as_str()), HsToken::new(hs_token.as_str())))
}

fn bridge(section: &mut ConfigSection<'_>) -> Result<BridgeConfig, Told> {
    let command_prefix = section.or("command_prefix", "!wechat", value::command_prefix);
    let language = section.or("language", "en", value::language);
    let display_name = section.or("display_name", "{name} (WeChat)", value::display_name);
    let public_url = section.optional("public_url", value::public_url);
    let typing = section.flag("typing", true);
    let personal_space = section.flag("personal_space", false);
    let permissions = permissions(section);
    Ok(BridgeConfig {
        command_prefix: command_prefix?,
        language: language?,
        display_name: display_name?,
        public_url: public_url?,
        typing: typing?,
        personal_space: personal_space?,
        permissions: permissions?,
    })
}

fn permissions(section: &mut ConfigSection<'_>) -> Result<Permissions, Told> {
    let mut permissions = Permissions::default();
    section.pairs("permissions", |who, level| permissions.add(who, value::level(level)?))?;
    if !permissions.anybody_may_link() {
        return Err(section.wrong(
            "permissions",
            "allows no user to link contacts; write \"example.org\" = \"user\" with your server's name \
             below [bridge.permissions]",
        ));
    }
    Ok(permissions)
}

fn ilink(section: &mut ConfigSection<'_>) -> Result<Ilink, Told> {
    let plain_http = section.list("plain_http", value::host_and_port);
    let open = plain_http.as_deref().unwrap_or_default();
    let api_base = base(section, "api_base", "https://ilinkai.weixin.qq.com", open);
    let cdn_base = base(section, "cdn_base", "https://novac2c.cdn.weixin.qq.com/c2c", open);
    let allow_hosts = section.list("allow_hosts", value::host_pattern);
    let extra_ca_file = readable_file(section, "extra_ca_file");
    let proxy = section.optional("proxy", value::proxy);
    let bot_agent = section.or("bot_agent", DEFAULT_BOT_AGENT, value::bot_agent);
    Ok(Ilink {
        api_base: api_base?,
        cdn_base: cdn_base?,
        allow_hosts: allow_hosts?,
        extra_ca_file: extra_ca_file?,
        proxy: proxy?,
        bot_agent: bot_agent?,
        plain_http: plain_http?,
    })
}

/// Reads an address that must be https unless `open` names its host.
fn base(
    section: &mut ConfigSection<'_>,
    key: &'static str,
    default: &str,
    open: &[String],
) -> Result<Url, Told> {
    let url = section.or(key, default, value::web_address)?;
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    let is_open = |entry: &String| *entry == host || *entry == format!("{host}:{port}");
    if url.scheme() == "https" || open.iter().any(is_open) {
        return Ok(url);
    }
    Err(section.wrong(
        key,
        format!("is not https; write https://, or add \"{host}:{port}\" to plain_http for a test"),
    ))
}

/// Reads the path of a file, which must exist when it is named.
fn readable_file(
    section: &mut ConfigSection<'_>,
    key: &'static str,
) -> Result<Option<PathBuf>, Told> {
    let folder = folder(section).to_owned();
    section.optional(key, |text| {
        let path = folder.join(text);
        match std::fs::File::open(&path) {
            Ok(_) => Ok(path),
            Err(why) => Err(format!("names {}, which cannot be read: {why}", path.display())),
        }
    })
}

fn delivery(section: &mut ConfigSection<'_>) -> Result<Delivery, Told> {
    let interval = section.whole("interval_ms", 2_500, 0..=3_600_000);
    let burst = section.whole("burst", 3, 1..=1_000);
    let merge = section.flag("merge", true);
    let warn = section.flag("warn", true);
    let edits = section.flag("edits", true);
    let reactions = section.flag("reactions", false);
    Ok(Delivery {
        interval: Duration::from_millis(interval?.into()),
        burst: NonZeroU32::new(burst?).ok_or(Told)?,
        merge: merge?,
        warn: warn?,
        edits: edits?,
        reactions: reactions?,
    })
}

fn media(section: &mut ConfigSection<'_>) -> Result<MediaConfig, Told> {
    let max_download = section.whole("max_download_mib", 100, 1..=MOST_MIB);
    let max_upload = section.whole("max_upload_mib", 100, 1..=MOST_MIB);
    let voice_out = section.or("voice_out", "file", value::voice_out);
    let workers = section.whole("workers", 2, 1..=64);
    Ok(MediaConfig {
        max_download: u64::from(max_download?) << 20,
        max_upload: u64::from(max_upload?) << 20,
        voice_out: voice_out?,
        workers: NonZeroU32::new(workers?).ok_or(Told)?,
    })
}

fn store(section: &mut ConfigSection<'_>) -> Result<StoreConfig, Told> {
    let path = section.or("path", "data", value::not_blank)?;
    Ok(StoreConfig { path: folder(section).join(path) })
}

fn log(section: &mut ConfigSection<'_>) -> Result<Log, Told> {
    let filter = section.or("filter", "info", value::log_filter);
    let format = section.or("format", "pretty", value::log_format);
    Ok(Log { filter: filter?, format: format? })
}

fn folder<'s>(section: &'s ConfigSection<'_>) -> &'s Path {
    section.config_path().parent().unwrap_or(Path::new(""))
}

/// The greatest file size in MiB: 64 GiB, more than any homeserver accepts.
const MOST_MIB: u32 = 64 * 1024;
