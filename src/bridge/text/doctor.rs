//! What `doctor` finds: each thing that was looked at in one sentence, with the cure when it is
//! not as it should be.

use super::pick;
use crate::config::Language;

/// How something that was looked at stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Well,
    /// Nothing that has to be changed.
    Note,
    /// Something has to be changed.
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    Homeserver { version: String },
    HomeserverAway { url: String, why: String },
    Token { bot: String },
    TokenRefused,
    BotOutside { bot: String, why: String },
    Ghosts,
    GhostsOutside { ghost: String, why: String },
    Puppets,
    PuppetsRefused { why: String },
    Registration { file: String },
    RegistrationDiffers { file: String, keys: String },
    RegistrationUnreadable { file: String, why: String },
    Reached { millis: u128, running: bool },
    NotReached { url: String, why: String },
    ReachedStranger { url: String },
    OtherRegistration { id: String },
    NoAddress,
    CannotListen { address: String, why: String },
    Ilink { host: String },
    IlinkAway { host: String, why: String },
    IlinkUnusable { why: String },
    Polls { polling: usize },
    StalePolls { polling: usize, stale: usize },
    Store { logins: usize },
    StoreNew { path: String },
    StoreInUse { by_us: bool },
    StoreOfOther { path: String },
    StoreRefused { why: String },
    Disk { free_mib: u64 },
    DiskFull { path: String, free_mib: u64, wanted_mib: u64 },
    Clock { of: Server },
    ClockOff { of: Server, seconds: u64, ahead: bool },
    Sandbox,
    SandboxMissing { why: &'static str },
    NoSandboxHere { why: &'static str },
    Page { url: String },
    PageAway { url: String, why: String },
    PageIsNotOurs { url: String, status: u16 },
    PageOpen { url: String },
}

/// Whose clock the bridge's own is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    Homeserver,
    Wechat,
}

impl Found {
    /// Whether it is as it should be.
    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            Self::Homeserver { .. }
            | Self::Token { .. }
            | Self::Ghosts
            | Self::Puppets
            | Self::Registration { .. }
            | Self::Reached { .. }
            | Self::Ilink { .. }
            | Self::Polls { .. }
            | Self::Store { .. }
            | Self::StoreInUse { by_us: true }
            | Self::Disk { .. }
            | Self::Clock { .. }
            | Self::Sandbox
            | Self::Page { .. } => Verdict::Well,
            Self::StoreNew { .. }
            | Self::StoreInUse { by_us: false }
            | Self::StoreOfOther { .. }
            | Self::NoSandboxHere { .. } => Verdict::Note,
            Self::HomeserverAway { .. }
            | Self::TokenRefused
            | Self::BotOutside { .. }
            | Self::GhostsOutside { .. }
            | Self::PuppetsRefused { .. }
            | Self::RegistrationDiffers { .. }
            | Self::RegistrationUnreadable { .. }
            | Self::NotReached { .. }
            | Self::ReachedStranger { .. }
            | Self::OtherRegistration { .. }
            | Self::NoAddress
            | Self::CannotListen { .. }
            | Self::IlinkAway { .. }
            | Self::IlinkUnusable { .. }
            | Self::StalePolls { .. }
            | Self::StoreRefused { .. }
            | Self::DiskFull { .. }
            | Self::ClockOff { .. }
            | Self::SandboxMissing { .. }
            | Self::PageAway { .. }
            | Self::PageIsNotOurs { .. }
            | Self::PageOpen { .. } => Verdict::Wrong,
        }
    }

    #[expect(clippy::too_many_lines, reason = "a table reads best in one piece")]
    pub(crate) fn text(&self, language: Language) -> String {
        match self {
            Self::Homeserver { version } => pick!(
                language,
                "The homeserver answers and speaks {version}.",
                "服务器有应答，支持 {version}。",
            ),
            Self::HomeserverAway { url, why } => pick!(
                language,
                "The homeserver does not answer at {url}: {why}. See that it runs and that [homeserver] url is right; nothing else of it was looked at.",
                "服务器在 {url} 无应答：{why}。请确认它正在运行且 [homeserver] url 正确；其余服务器项目未检查。",
            ),
            Self::Token { bot } => pick!(
                language,
                "The homeserver knows the as_token and {bot}.",
                "服务器认可 as_token 与 {bot}。",
            ),
            Self::TokenRefused => pick!(
                language,
                "The homeserver refuses the as_token. Install the file that `registration` prints, and restart the homeserver.",
                "服务器拒绝 as_token。请安装 `registration` 输出的文件并重启服务器。",
            ),
            Self::BotOutside { bot, why } => pick!(
                language,
                "The homeserver does not give {bot} to the bridge ({why}). server_name and [appservice] bot must be those of the registration: install the file that `registration` prints, and restart the homeserver.",
                "服务器未将 {bot} 分配给桥接（{why}）。server_name 与 [appservice] bot 必须与注册文件一致：请安装 `registration` 输出的文件并重启服务器。",
            ),
            Self::Ghosts => pick!(
                language,
                "The contacts' users belong to the bridge.",
                "联系人用户属于此桥接。",
            ),
            Self::GhostsOutside { ghost, why } => pick!(
                language,
                "The homeserver does not give {ghost} to the bridge ({why}). [appservice] ghost_prefix must be that of the registration: install the file that `registration` prints, and restart the homeserver.",
                "服务器未将 {ghost} 分配给桥接（{why}）。[appservice] ghost_prefix 必须与注册文件一致：请安装 `registration` 输出的文件并重启服务器。",
            ),
            Self::Puppets => pick!(
                language,
                "The homeserver lets the bridge have users join their rooms.",
                "服务器允许桥接代用户加入房间。",
            ),
            Self::PuppetsRefused { why } => pick!(
                language,
                "The homeserver does not let the bridge have users join their rooms: {why}. Install the file that `registration --double-puppet` prints beside the other one and restart the homeserver, or remove [double_puppet]; until then users accept invitations themselves.",
                "服务器不允许桥接代用户加入房间：{why}。请安装 `registration --double-puppet` 输出的文件（与另一注册文件并存）并重启服务器，或删除 [double_puppet]；在此之前用户需自行接受邀请。",
            ),
            Self::Registration { file } => {
                pick!(language, "{file} is what the config asks for.", "{file} 与配置一致。")
            }
            Self::RegistrationDiffers { file, keys } => pick!(
                language,
                "{file} differs from the config in: {keys}. Make it again with `registration`, and restart the homeserver.",
                "{file} 与配置不一致：{keys}。请用 `registration` 重新生成并重启服务器。",
            ),
            Self::RegistrationUnreadable { file, why } => pick!(
                language,
                "{file} cannot be read: {why}. Name the file that the homeserver reads.",
                "无法读取 {file}：{why}。请指定服务器所读取的文件。",
            ),
            Self::Reached { millis, running: true } => pick!(
                language,
                "The homeserver reaches the running bridge, in {millis} ms.",
                "服务器可以连接正在运行的桥接，用时 {millis} 毫秒。",
            ),
            Self::Reached { millis, running: false } => pick!(
                language,
                "The homeserver reaches the place where the bridge will listen, in {millis} ms; the bridge does not run.",
                "服务器可以连接桥接的监听地址，用时 {millis} 毫秒；桥接未在运行。",
            ),
            Self::NotReached { url, why } => pick!(
                language,
                "The homeserver does not reach the bridge at {url} ({why}). [appservice] url must be an address that works from the homeserver's machine, for the port in listen; make the registration again after a change.",
                "服务器无法在 {url} 连接桥接（{why}）。[appservice] url 必须是服务器可访问的地址，并对应 listen 的端口；修改后请重新生成注册文件。",
            ),
            Self::ReachedStranger { url } => pick!(
                language,
                "What the homeserver reaches at {url} turns it away. Either hs_token differs between registration and config (make the registration again), or another program listens there.",
                "服务器在 {url} 连接到的程序拒绝了它：可能注册文件与配置的 hs_token 不同（请重新生成注册文件），或有其他程序在监听。",
            ),
            Self::OtherRegistration { id } => pick!(
                language,
                "The as_token belongs to another registration than `{id}`. [appservice] id must be that of the registration; make it again.",
                "as_token 属于 `{id}` 以外的注册。[appservice] id 必须与注册文件一致，请重新生成。",
            ),
            Self::NoAddress => pick!(
                language,
                "The registration that the homeserver has read names no url. Make it again with `registration`, and restart the homeserver.",
                "服务器读取的注册文件没有 url。请用 `registration` 重新生成并重启服务器。",
            ),
            Self::CannotListen { address, why } => pick!(
                language,
                "The bridge cannot listen on {address}: {why}. Choose an address of this machine in [appservice] listen.",
                "桥接无法监听 {address}：{why}。请在 [appservice] listen 中填写本机地址。",
            ),
            Self::Ilink { host } => {
                pick!(language, "WeChat's server {host} answers.", "微信服务器 {host} 有应答。")
            }
            Self::IlinkAway { host, why } => pick!(
                language,
                "WeChat's server {host} does not answer ({why}). See that this machine may open HTTPS connections to it; a proxy is set in [ilink] proxy and never taken from the environment.",
                "微信服务器 {host} 无应答（{why}）。请确认本机可以向它发起 HTTPS 连接；代理只能在 [ilink] proxy 中设置，不读取环境变量。",
            ),
            Self::IlinkUnusable { why } => {
                pick!(language, "[ilink] cannot be used: {why}.", "[ilink] 配置无法使用：{why}。",)
            }
            Self::Polls { polling } => pick!(
                language,
                "WeChat answers the polls of all linked contacts: {polling}.",
                "微信对全部 {polling} 位已连接联系人的轮询都有应答。",
            ),
            Self::StalePolls { polling, stale } => pick!(
                language,
                "Of {polling} linked contacts WeChat has left {stale} without an answer for two minutes. When WeChat's server answers otherwise, look at the log.",
                "{polling} 位已连接联系人中有 {stale} 位超过两分钟未收到微信应答。若微信服务器其他检查正常，请查看日志。",
            ),
            Self::Store { logins } => pick!(
                language,
                "The store opens and is sound; logins: {logins}.",
                "存储可以打开且完好，登录数：{logins}。",
            ),
            Self::StoreNew { path } => pick!(
                language,
                "There is no store at {path} yet; the first start makes it.",
                "{path} 尚无存储，首次启动时会建立。",
            ),
            Self::StoreInUse { by_us: true } => pick!(
                language,
                "The store is in use by the running bridge.",
                "存储正由运行中的桥接使用。",
            ),
            Self::StoreInUse { by_us: false } => pick!(
                language,
                "The store is in use by another process, and no bridge listens. A second bridge cannot start on it; stop that process when it is not meant to run.",
                "存储正被另一进程使用，但没有桥接在监听。第二个桥接无法启动；若不应运行，请停止该进程。",
            ),
            Self::StoreOfOther { path } => pick!(
                language,
                "The store at {path} belongs to another user and was left alone. Run doctor as that user.",
                "{path} 的存储属于另一用户，未检查。请以该用户身份运行 doctor。",
            ),
            Self::StoreRefused { why } => {
                pick!(language, "The store cannot be used: {why}.", "存储无法使用：{why}。")
            }
            Self::Disk { free_mib } => pick!(
                language,
                "The disk of the store has room: {free_mib} MiB.",
                "存储所在磁盘剩余 {free_mib} MiB。",
            ),
            Self::DiskFull { path, free_mib, wanted_mib } => pick!(
                language,
                "The disk of {path} has only {free_mib} MiB left; media on their way need up to {wanted_mib} MiB. Make room.",
                "{path} 所在磁盘仅剩 {free_mib} MiB，传输媒体最多需要 {wanted_mib} MiB。请清理空间。",
            ),
            Self::Clock { of: Server::Homeserver } => pick!(
                language,
                "This machine's clock agrees with the homeserver's.",
                "本机时钟与服务器一致。",
            ),
            Self::Clock { of: Server::Wechat } => pick!(
                language,
                "This machine's clock agrees with WeChat's.",
                "本机时钟与微信一致。",
            ),
            Self::ClockOff { of, seconds, ahead } => {
                let whose = match of {
                    Server::Homeserver => pick!(language, "the homeserver's", "服务器"),
                    Server::Wechat => pick!(language, "WeChat's", "微信"),
                };
                let way = match ahead {
                    true => pick!(language, "ahead of", "快"),
                    false => pick!(language, "behind", "慢"),
                };
                pick!(
                    language,
                    "This machine's clock is {seconds} s {way} {whose}; the reply window counts by it. Let a time service set it.",
                    "本机时钟比{whose}{way} {seconds} 秒，回复窗口据此计算。请启用时间同步服务。",
                )
            }
            Self::Sandbox => pick!(
                language,
                "Strangers' media are looked at in a sandbox; one was started.",
                "陌生人的媒体在沙箱中处理，已成功启动一次。",
            ),
            Self::SandboxMissing { why } => pick!(
                language,
                "Strangers' media are not looked at in a sandbox: {why}. Where no worker can run they arrive as plain files; see the unit in docs/setup.md, and what a container's seccomp profile forbids.",
                "媒体沙箱不可用：{why}。无法运行时媒体将作为普通文件送达；请参考 docs/setup.md 中的服务单元以及容器的 seccomp 设置。",
            ),
            Self::NoSandboxHere { why } => pick!(
                language,
                "Strangers' media are not looked at in a sandbox on this platform: {why}.",
                "此平台没有媒体沙箱：{why}。",
            ),
            Self::Page { url } => {
                pick!(language, "The link page answers at {url}.", "链接页面在 {url} 可用。")
            }
            Self::PageAway { url, why } => pick!(
                language,
                "Nothing answers at public_url {url} ({why}). Let the reverse proxy pass /link/ on to [appservice] listen, or remove public_url.",
                "public_url {url} 无应答（{why}）。请让反向代理将 /link/ 转发到 [appservice] listen，或删除 public_url。",
            ),
            Self::PageIsNotOurs { url, status } => pick!(
                language,
                "What answers at public_url {url} is not the bridge (status {status}). Let the reverse proxy pass /link/ on to [appservice] listen.",
                "public_url {url} 的应答不是来自桥接（状态 {status}）。请让反向代理将 /link/ 转发到 [appservice] listen。",
            ),
            Self::PageOpen { url } => pick!(
                language,
                "public_url {url} lets more through than /link/. Restrict the reverse proxy to that path: the rest of the listener is for the homeserver.",
                "public_url {url} 放行了 /link/ 以外的路径。请限制反向代理只转发该路径，其余部分仅供服务器使用。",
            ),
        }
    }
}
