// The phone page. All it does goes through the control routes of the simulator.
"use strict";

const $ = (id) => document.getElementById(id);
const PHRASES = ["drop", "throttle", "slow", "stale", "expire", "hang", "cut", "twice", "clear"];

let phone = null; // the name of the phone on the screen
let events = null;
let shown = new Map(); // index → entry of the chat
let quoting = null;
let loginCard = "";

/** An element with a class, content and children; text never becomes markup. */
function make(tag, className, ...content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...content);
  return element;
}

async function control(path, body, method = "POST") {
  const options = { method };
  if (body !== undefined) options.body = body instanceof Blob ? body : JSON.stringify(body);
  let answer;
  try {
    answer = await fetch(`/control/${path}`, options);
  } catch {
    throw new Error(words.lostConnection);
  }
  const value = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(value.error || answer.status);
  return value;
}
const onPhone = (path, body) => control(`phones/${encodeURIComponent(phone)}/${path}`, body);

/** Does something and says on the screen when it does not work. */
async function attempt(job) {
  try {
    return await job();
  } catch (error) {
    notice(words.failed(error.message));
  }
}

// ---- phones

async function refreshPhones() {
  const phones = await control("phones", undefined, "GET").catch(() => null);
  if (!phones) return;
  if (phones.length === 0) {
    await control("phones", { name: language === "zh" ? "小明" : "alice" });
    return refreshPhones();
  }
  const wanted = decodeURIComponent(location.hash.slice(1));
  const found = phones.find((entry) => entry.name === wanted) || phones[0];
  const rows = phones.map((entry) => {
    const dot = make("i", entry.bot && entry.bot.online && !entry.bot.dead ? "dot on" : "dot");
    const row = make("a", entry.name === found.name ? "here" : "", avatar(entry.name), make("span", "name", entry.name), dot);
    row.href = `#${encodeURIComponent(entry.name)}`;
    if (entry.name === found.name) row.setAttribute("aria-current", "page");
    return row;
  });
  $("list").replaceChildren(...rows);
  if (phone !== found.name) open(found.name);
}

function avatar(name) {
  const element = make("span", "avatar", [...name][0].toUpperCase());
  element.dataset.hue = [...name].reduce((sum, char) => sum + char.codePointAt(0), 0) % 6;
  return element;
}

function open(name) {
  phone = name;
  shown = new Map();
  loginCard = "";
  quote(null);
  $("chat").replaceChildren();
  if (events) events.close();
  events = new EventSource(`/control/phones/${encodeURIComponent(name)}/events`);
  events.addEventListener("screen", (event) => draw(JSON.parse(event.data)));
  events.onerror = () => ($("subtitle").textContent = words.lostConnection);
}

// ---- the screen

function draw(screen) {
  const bot = screen.bot;
  const state = !bot ? "notLinked" : bot.dead ? "dead" : !bot.online ? "offline" : screen.typing ? "typing" : "online";
  $("title").textContent = `${words.bot} · ${screen.name}`;
  $("subtitle").textContent = words[state];
  $("subtitle").className = state;
  $("typing").hidden = !screen.typing;
  $("ask-digits").checked = Boolean(screen.digits);
  drawLogin(screen);
  for (const entry of screen.chat) addEntry(entry);
  scrollDown();
  refreshPhones();
}

function drawLogin(screen) {
  const pending = ["scaned", "need_verifycode"].includes(screen.login);
  const qr = screen.qrs[0];
  const key = JSON.stringify([pending, screen.login, screen.digits, qr && qr.id, Boolean(screen.bot && !screen.bot.dead)]);
  if (key === loginCard) return;
  loginCard = key;
  const card = $("login");
  const parts = [];
  if (pending) {
    parts.push(make("p", "", words[screen.login]));
    if (screen.login === "need_verifycode") {
      parts.push(make("p", "digits", screen.digits || ""), make("p", "hint", words.waitingDigits));
    } else {
      parts.push(button(words.confirm, () => onPhone("confirm")));
    }
  } else if (qr) {
    const picture = make("img", "qr");
    picture.src = `/control/qr/${qr.id}.svg`;
    picture.alt = qr.url;
    const scan = button(words.scan, () => onPhone("scan", { qr: qr.id }));
    parts.push(picture, make("div", "", make("p", "hint", words.scanHint), scan));
  } else if (["expired", "verify_code_blocked", "binded_redirect"].includes(screen.login)) {
    parts.push(make("p", "", words[screen.login]));
  } else if (!screen.bot || screen.bot.dead) {
    parts.push(make("p", "hint", words.waitingForQr));
  }
  card.className = screen.bot && !screen.bot.dead && !pending ? "small" : "";
  card.hidden = parts.length === 0;
  card.replaceChildren(...parts);
}

function button(label, job) {
  const element = make("button", "main", label);
  element.type = "button";
  element.addEventListener("click", () => attempt(job));
  return element;
}

// ---- the chat

let lastTime = 0;
function addEntry(entry) {
  if (shown.has(entry.index)) return;
  if (shown.size === 0) lastTime = 0;
  shown.set(entry.index, entry);
  if (entry.at_ms - lastTime > 5 * 60 * 1000) {
    const time = new Date(entry.at_ms).toLocaleString(language, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
    $("chat").append(make("li", "time", time));
  }
  lastTime = entry.at_ms;
  const bubble = make("div", `bubble ${entry.kind}`, ...content(entry));
  const actions = make("button", "quote-it", "❝");
  actions.type = "button";
  actions.title = words.quote;
  actions.setAttribute("aria-label", words.quote);
  actions.addEventListener("click", () => quote(entry));
  const row = make("li", entry.mine ? "mine" : "theirs", avatar(entry.mine ? phone : "Bot"), bubble, actions);
  $("chat").append(row);
}

function content(entry) {
  const parts = [];
  const reference = entry.item && entry.item.ref_msg;
  if (reference) parts.push(make("blockquote", "", quotedText(reference)));
  parts.push(body(entry));
  return parts;
}

function body(entry) {
  const item = entry.item || {};
  const source = `/control/phones/${encodeURIComponent(phone)}/media/${entry.index}`;
  switch (entry.kind) {
    case "text":
      return make("span", "text", entry.text);
    case "image": {
      const picture = make("img");
      picture.src = source;
      picture.alt = words.image;
      picture.addEventListener("load", scrollDown);
      picture.addEventListener("error", () => picture.replaceWith(make("span", "kind", `[${words.image}]`)));
      return picture;
    }
    case "video": {
      const player = make("video");
      player.src = source;
      player.controls = true;
      player.addEventListener("error", () => player.replaceWith(link(source, `[${words.video}]`)));
      return player;
    }
    case "voice": {
      const seconds = Math.max(1, Math.round(((item.voice_item || {}).playtime || 1000) / 1000));
      return make("span", "card", make("i", "icon sound"), make("span", "", `${words.voice} ${words.seconds(seconds)}`, entry.text ? make("small", "", entry.text) : ""));
    }
    case "file": {
      const size = Number((item.file_item || {}).len);
      const bytes = Number.isFinite(size) ? `${size.toLocaleString(language)} B` : "";
      return make("span", "card", make("i", "icon paper"), make("span", "", link(source, entry.text || words.file), make("small", "", bytes)));
    }
    default:
      return make("span", "kind", words.other(String(item.type)));
  }
}

function link(href, label) {
  const element = make("a", "", label);
  element.href = href;
  element.download = label;
  return element;
}

function quotedText(reference) {
  const whole = reference.message_item;
  if (whole && whole.text_item && whole.text_item.text) return whole.text_item.text;
  const id = String(reference.svr_id || (whole && whole.msg_id) || "");
  const earlier = [...shown.values()].find((entry) => entry.message_id === id);
  return (earlier && (earlier.text || words[earlier.kind])) || reference.title || words.quoted;
}

function notice(text) {
  $("chat").append(make("li", "notice", text));
  scrollDown();
}

function scrollDown() {
  const chat = $("chat");
  chat.scrollTop = chat.scrollHeight;
}

// ---- writing

function quote(entry) {
  quoting = entry;
  $("quoting").hidden = !entry;
  $("quoted").textContent = entry ? entry.text || words[entry.kind] || "" : "";
  if (entry) $("text").focus();
}

async function sendText() {
  const field = $("text");
  const text = field.value.trim();
  if (!text) return;
  field.value = "";
  fit();
  const quoted = quoting;
  quote(null);
  await attempt(async () => {
    if (quoted) return onPhone("quote", { message_id: quoted.message_id, text });
    const answer = await onPhone("types", { text });
    if (answer.notice) notice(words.done(`/${answer.notice}`));
  });
}

async function sendFile() {
  const file = $("file").files[0];
  $("file").value = "";
  if (!file) return;
  const kind = file.type.startsWith("image/") ? "image" : file.type.startsWith("video/") ? "video" : "file";
  await attempt(() => onPhone(`${kind}?name=${encodeURIComponent(file.name)}`, file));
}

function fit() {
  const field = $("text");
  field.rows = Math.min(5, field.value.split("\n").length);
}

// ---- start

document.documentElement.lang = language;
document.title = words.phones;
for (const element of document.querySelectorAll("[data-word]")) element.textContent = words[element.dataset.word];
for (const element of document.querySelectorAll("[data-word-placeholder]")) element.placeholder = words[element.dataset.wordPlaceholder];
for (const element of document.querySelectorAll("[data-word-label]")) element.setAttribute("aria-label", words[element.dataset.wordLabel]);
for (const name of PHRASES) {
  const entry = make("button", "phrase", words[name]);
  entry.type = "button";
  entry.addEventListener("click", () => {
    $("text").value = words[name].split(" — ")[0];
    toggleMenu(false);
    $("text").focus();
  });
  $("phrases").append(entry);
}

function toggleMenu(open) {
  $("menu").hidden = !open;
  $("more").setAttribute("aria-expanded", String(open));
}
$("more").addEventListener("click", () => toggleMenu($("menu").hidden));
$("ask-digits").addEventListener("change", (event) => {
  const digits = String(Math.floor(1000 + Math.random() * 9000));
  attempt(() => onPhone("digits", event.target.checked ? { digits } : {}));
});
$("add").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = $("add-name").value.trim();
  if (!name) return;
  $("add-name").value = "";
  attempt(async () => {
    await control("phones", { name });
    location.hash = encodeURIComponent(name);
    await refreshPhones();
  });
});
$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  sendText();
});
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    sendText();
  }
});
$("text").addEventListener("input", fit);
$("file").addEventListener("change", sendFile);
$("unquote").addEventListener("click", () => quote(null));
window.addEventListener("hashchange", refreshPhones);
setInterval(refreshPhones, 5000);
refreshPhones();
