//! The sentences of the findings of `doctor`, with the instruction when something is wrong.

use super::{
    Cause, counted,
    doctor::{Found, Server},
    pick,
};
use crate::config::Language;

impl Found {
    /// Returns the reason beside the finding.
    fn why(&self) -> Option<&Cause> {
        match self {
            Self::HomeserverAway { why, .. }
            | Self::BotOutside { why, .. }
            | Self::GhostsOutside { why, .. }
            | Self::PuppetsRefused { why, .. }
            | Self::RegistrationUnreadable { why, .. }
            | Self::NotReached { why, .. }
            | Self::CannotListen { why, .. }
            | Self::IlinkAway { why, .. }
            | Self::IlinkUnusable { why, .. }
            | Self::StoreRefused { why, .. }
            | Self::SandboxMissing { why, .. }
            | Self::NoSandboxHere { why, .. }
            | Self::PageAway { why, .. } => Some(why),
            Self::Homeserver { .. }
            | Self::Token { .. }
            | Self::TokenRefused
            | Self::Ghosts
            | Self::Puppets
            | Self::Registration { .. }
            | Self::RegistrationDiffers { .. }
            | Self::Reached { .. }
            | Self::ReachedStranger { .. }
            | Self::OtherRegistration { .. }
            | Self::NoAddress
            | Self::Ilink { .. }
            | Self::Polls { .. }
            | Self::StalePolls { .. }
            | Self::Store { .. }
            | Self::StoreNew { .. }
            | Self::StoreInUse { .. }
            | Self::StoreOfOther { .. }
            | Self::Disk { .. }
            | Self::DiskFull { .. }
            | Self::Clock { .. }
            | Self::ClockOff { .. }
            | Self::Sandbox
            | Self::EncryptionOff
            | Self::KeysStarting
            | Self::NoKeys { .. }
            | Self::Keys { .. }
            | Self::KeysWrong
            | Self::KeysStale { .. }
            | Self::Page { .. }
            | Self::PageIsNotOurs { .. }
            | Self::PageOpen { .. } => None,
        }
    }

    #[expect(clippy::too_many_lines, reason = "a table reads best in one piece")]
    pub(crate) fn text(&self, language: Language) -> String {
        let why = self.why().map_or("", |why| why.text(language));
        match self {
            Self::Homeserver { version } => pick!(
                language,
                "The homeserver answers and speaks {version}.",
                "Matrix 服务器有应答，支持 {version}。",
            ),
            Self::HomeserverAway { url, .. } => pick!(
                language,
                "The homeserver does not answer at {url}: {why}. Make sure that it is running and that [homeserver] url is right; nothing else about it was checked.",
                "Matrix 服务器在 {url} 没有应答：{why}。请确认它正在运行，且 [homeserver] url 正确；与它有关的其他项目没有检查。",
            ),
            Self::Token { bot } => pick!(
                language,
                "The homeserver accepts the as_token and knows {bot}.",
                "Matrix 服务器接受 as_token，并认识 {bot}。",
            ),
            Self::TokenRefused => pick!(
                language,
                "The homeserver refuses the as_token. Install the file that `registration` prints, and restart the homeserver.",
                "Matrix 服务器拒绝了 as_token。请安装 `registration` 输出的文件，并重启 Matrix 服务器。",
            ),
            Self::BotOutside { bot, .. } => pick!(
                language,
                "The homeserver does not let the bridge use {bot} ({why}). server_name and [appservice] bot must match the registration: install the file that `registration` prints, and restart the homeserver.",
                "Matrix 服务器不允许桥接使用 {bot}（{why}）。server_name 和 [appservice] bot 必须与注册文件一致：请安装 `registration` 输出的文件，并重启 Matrix 服务器。",
            ),
            Self::Ghosts => pick!(
                language,
                "The contacts' Matrix users belong to the bridge.",
                "联系人的 Matrix 用户属于此桥接。",
            ),
            Self::GhostsOutside { ghost, .. } => pick!(
                language,
                "The homeserver does not let the bridge use {ghost} ({why}). [appservice] ghost_prefix must match the registration: install the file that `registration` prints, and restart the homeserver.",
                "Matrix 服务器不允许桥接使用 {ghost}（{why}）。[appservice] ghost_prefix 必须与注册文件一致：请安装 `registration` 输出的文件，并重启 Matrix 服务器。",
            ),
            Self::Puppets => pick!(
                language,
                "The homeserver lets the bridge join users to their rooms.",
                "Matrix 服务器允许桥接代用户加入房间。",
            ),
            Self::PuppetsRefused { .. } => pick!(
                language,
                "The homeserver does not let the bridge join users to their rooms: {why}. Install the file that `registration --double-puppet` prints next to the other one and restart the homeserver, or remove [double_puppet]; until then users have to accept invitations themselves.",
                "Matrix 服务器不允许桥接代用户加入房间：{why}。请安装 `registration --double-puppet` 输出的文件（另一个注册文件也要保留）并重启 Matrix 服务器，或删除 [double_puppet]；在此之前，用户需要自己接受邀请。",
            ),
            Self::Registration { file } => {
                pick!(language, "{file} matches the config.", "{file} 与配置一致。")
            }
            Self::RegistrationDiffers { file, keys } => pick!(
                language,
                "{file} differs from the config in: {keys}. Create it again with `registration`, and restart the homeserver.",
                "{file} 与配置不一致：{keys}。请用 `registration` 重新生成，并重启 Matrix 服务器。",
            ),
            Self::RegistrationUnreadable { file, .. } => pick!(
                language,
                "{file} cannot be read: {why}. Name the file that the homeserver reads.",
                "无法读取 {file}：{why}。请指定 Matrix 服务器读取的那个文件。",
            ),
            Self::Reached { millis, running: true } => pick!(
                language,
                "The homeserver reaches the running bridge in {millis} ms.",
                "Matrix 服务器可以连接正在运行的桥接，用时 {millis} 毫秒。",
            ),
            Self::Reached { millis, running: false } => pick!(
                language,
                "The homeserver reaches the address where the bridge will listen in {millis} ms; the bridge is not running.",
                "Matrix 服务器可以连接桥接的监听地址，用时 {millis} 毫秒；桥接没有在运行。",
            ),
            Self::NotReached { url, .. } => pick!(
                language,
                "The homeserver cannot reach the bridge at {url} ({why}). [appservice] url must be an address that works from the homeserver's machine, with the port in listen; create the registration again after a change.",
                "Matrix 服务器无法通过 {url} 连接桥接（{why}）。[appservice] url 必须是 Matrix 服务器能访问的地址，端口要与 listen 一致；修改后请重新生成注册文件。",
            ),
            Self::ReachedStranger { url } => pick!(
                language,
                "The program that the homeserver reaches at {url} turns it away. Either the hs_token differs between registration and config (create the registration again), or another program is listening there.",
                "Matrix 服务器在 {url} 连到的程序拒绝了它：可能是注册文件与配置的 hs_token 不同（请重新生成注册文件），也可能是其他程序在那里监听。",
            ),
            Self::OtherRegistration { id } => pick!(
                language,
                "The as_token belongs to a registration other than `{id}`. [appservice] id must match the registration; create it again.",
                "as_token 属于另一个注册，不是 `{id}`。[appservice] id 必须与注册文件一致，请重新生成。",
            ),
            Self::NoAddress => pick!(
                language,
                "The registration that the homeserver has read contains no url. Create it again with `registration`, and restart the homeserver.",
                "Matrix 服务器读取的注册文件里没有 url。请用 `registration` 重新生成，并重启 Matrix 服务器。",
            ),
            Self::CannotListen { address, .. } => pick!(
                language,
                "The bridge cannot listen on {address}: {why}. Choose an address of this machine in [appservice] listen.",
                "桥接无法监听 {address}：{why}。请在 [appservice] listen 中填写本机地址。",
            ),
            Self::Ilink { host } => {
                pick!(language, "WeChat's server {host} answers.", "微信服务器 {host} 有应答。")
            }
            Self::IlinkAway { host, .. } => pick!(
                language,
                "WeChat's server {host} does not answer ({why}). Make sure that this machine can open HTTPS connections to it; a proxy has to be set in [ilink] proxy and is never taken from the environment.",
                "微信服务器 {host} 没有应答（{why}）。请确认本机能通过 HTTPS 连接它；代理只能在 [ilink] proxy 中设置，不读取环境变量。",
            ),
            Self::IlinkUnusable { .. } => {
                pick!(language, "[ilink] cannot be used: {why}.", "[ilink] 配置无法使用：{why}。",)
            }
            Self::Polls { polling } => pick!(
                language,
                "WeChat answers the polls of all linked contacts ({polling}).",
                "微信对全部 {polling} 位已连接联系人的轮询都有应答。",
            ),
            Self::StalePolls { polling, stale } => {
                let contacts = counted(*polling, "linked contact");
                pick!(
                    language,
                    "WeChat has not answered the polls of {stale} out of {contacts} for over two minutes. If WeChat's server answers otherwise, look at the log.",
                    "{polling} 位已连接的联系人中，有 {stale} 位超过两分钟没有收到微信应答。如果微信服务器的其他检查正常，请查看日志。",
                )
            }
            Self::Store { logins } => {
                let of_logins = counted(*logins, "login");
                pick!(
                    language,
                    "The store opens and is intact; it has {of_logins}.",
                    "存储可以打开且完好，共有 {logins} 个登录。",
                )
            }
            Self::StoreNew { path } => pick!(
                language,
                "There is no store at {path} yet; the first start creates it.",
                "{path} 还没有存储，首次启动时会创建。",
            ),
            Self::StoreInUse { by_us: true } => pick!(
                language,
                "The store is in use by the running bridge.",
                "正在运行的桥接正在使用存储。",
            ),
            Self::StoreInUse { by_us: false } => pick!(
                language,
                "The store is in use by another process, and no bridge is listening. A second bridge cannot use it; stop that process if it should not be running.",
                "另一个进程正在使用存储，但没有桥接在监听。第二个桥接无法使用它；如果那个进程不该运行，请停止它。",
            ),
            Self::StoreOfOther { path } => pick!(
                language,
                "The store at {path} belongs to another user, so it was not checked. Run doctor as that user.",
                "{path} 的存储属于另一个用户，所以没有检查。请以那个用户的身份运行 doctor。",
            ),
            Self::StoreRefused { .. } => {
                pick!(language, "The store cannot be used: {why}.", "存储无法使用：{why}。")
            }
            Self::Disk { free_mib } => pick!(
                language,
                "The disk of the store has {free_mib} MiB free.",
                "存储所在的磁盘还剩 {free_mib} MiB。",
            ),
            Self::DiskFull { path, free_mib, wanted_mib } => pick!(
                language,
                "The disk of {path} has only {free_mib} MiB free; files in transit need up to {wanted_mib} MiB. Free some space.",
                "{path} 所在的磁盘只剩 {free_mib} MiB，传输文件最多需要 {wanted_mib} MiB。请清理空间。",
            ),
            Self::Clock { of: Server::Homeserver } => pick!(
                language,
                "This machine's clock agrees with the homeserver's.",
                "本机时钟与 Matrix 服务器一致。",
            ),
            Self::Clock { of: Server::Wechat } => pick!(
                language,
                "This machine's clock agrees with WeChat's.",
                "本机时钟与微信一致。",
            ),
            Self::ClockOff { of, seconds, ahead } => {
                let whose = match of {
                    Server::Homeserver => pick!(language, "the homeserver's", " Matrix 服务器"),
                    Server::Wechat => pick!(language, "WeChat's", "微信"),
                };
                let way = match ahead {
                    true => pick!(language, "ahead of", "快"),
                    false => pick!(language, "behind", "慢"),
                };
                pick!(
                    language,
                    "This machine's clock is {seconds} s {way} {whose}, and the reply window depends on it. Use a time service to set it.",
                    "本机时钟比{whose}{way} {seconds} 秒，而回复窗口靠它计算。请启用时间同步服务。",
                )
            }
            Self::Sandbox => pick!(
                language,
                "Files from others are opened in a sandbox; one was started.",
                "别人发来的文件在沙箱中处理，已成功启动一次。",
            ),
            Self::SandboxMissing { .. } => pick!(
                language,
                "Files from others cannot be opened in a sandbox: {why}. Where no worker can run, they arrive as plain files; see the unit in docs/setup.md, and what the container's seccomp profile forbids.",
                "无法在沙箱中处理别人发来的文件：{why}。沙箱无法运行时，图片和音视频会作为普通文件送达；请参考 docs/setup.md 中的服务单元，以及容器的 seccomp 设置。",
            ),
            Self::NoSandboxHere { .. } => pick!(
                language,
                "Files from others are not opened in a sandbox on this platform: {why}.",
                "在此平台上，别人发来的文件不在沙箱中处理：{why}。",
            ),
            Self::Page { url } => {
                pick!(language, "The link page answers at {url}.", "扫码页面可以访问：{url}。")
            }
            Self::PageAway { url, .. } => pick!(
                language,
                "Nothing answers at public_url {url} ({why}). Make the reverse proxy pass /link/ on to [appservice] listen, or remove public_url.",
                "public_url {url} 没有应答（{why}）。请让反向代理把 /link/ 转发到 [appservice] listen，或删除 public_url。",
            ),
            Self::PageIsNotOurs { url, status } => pick!(
                language,
                "What answers at public_url {url} is not the bridge (status {status}). Make the reverse proxy pass /link/ on to [appservice] listen.",
                "public_url {url} 的应答不是来自桥接（状态 {status}）。请让反向代理把 /link/ 转发到 [appservice] listen。",
            ),
            Self::PageOpen { url } => pick!(
                language,
                "public_url {url} lets through more than /link/. Restrict the reverse proxy to that path: the rest is for the homeserver.",
                "public_url {url} 放行了 /link/ 以外的路径。请让反向代理只转发这个路径，其余部分只供 Matrix 服务器使用。",
            ),
            Self::EncryptionOff => pick!(
                language,
                "Encryption is switched off by [encryption] allow; encrypted rooms stay unreadable.",
                "[encryption] allow 已关闭加密，加密的房间无法读取。",
            ),
            Self::KeysStarting => pick!(
                language,
                "The bot's device for encrypted rooms is still being made.",
                "机器人用于加密房间的设备还在创建中。",
            ),
            Self::NoKeys { here: false } => pick!(
                language,
                "This homeserver keeps no keys for bridges, so encrypted rooms stay unreadable. It needs MSC4190: Synapse 1.141, Tuwunel 1.8 or Continuwuity have it; Dendrite does not.",
                "此 Matrix 服务器不为桥接保存密钥，因此加密的房间无法读取。需要支持 MSC4190：Synapse 1.141、Tuwunel 1.8、Continuwuity 支持，Dendrite 不支持。",
            ),
            Self::NoKeys { here: true } => pick!(
                language,
                "The folder crypto in the store cannot be used, so encrypted rooms stay unreadable. The log says why; restart the bridge when it is mended.",
                "数据目录中的 crypto 文件夹无法使用，因此加密的房间无法读取。原因见日志；修复后请重启桥接。",
            ),
            Self::Keys { identity, slow: false } => pick!(
                language,
                "The bot's keys for encrypted rooms are in order; its identity is {identity}.",
                "机器人用于加密房间的密钥正常，身份密钥为 {identity}。",
            ),
            Self::Keys { identity, slow: true } => pick!(
                language,
                "The bot's keys for encrypted rooms are in order; its identity is {identity}. The homeserver has no sliding sync (MSC4186), so reading them costs it more.",
                "机器人用于加密房间的密钥正常，身份密钥为 {identity}。Matrix 服务器不支持 sliding sync（MSC4186），读取密钥的开销更大。",
            ),
            Self::KeysWrong => pick!(
                language,
                "The homeserver has other keys for the bot than the bridge. Restart the bridge: it makes a new device.",
                "Matrix 服务器上机器人的密钥与桥接的不一致。请重启桥接，它会创建新设备。",
            ),
            Self::KeysStale { seconds } => pick!(
                language,
                "The homeserver has sent no keys for {seconds} seconds; encrypted messages wait. Look at the log of the bridge and of the homeserver.",
                "Matrix 服务器已有 {seconds} 秒没有送来密钥，加密消息在等待。请查看桥接和 Matrix 服务器的日志。",
            ),
        }
    }
}
