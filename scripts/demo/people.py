"""The two people of the demo: a Matrix user at a client, and a contact at a phone."""

import json
import re
import secrets
import urllib.error
import urllib.parse
import urllib.request

from steps import Failed, expect, wait_for

# No proxy of the environment stands between programs of one machine.
HTTP = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Matrix:
    """A user's client: as much of it as the conversation needs."""

    def __init__(self, base, login):
        self.base, self.user_id, self.token = base, login["user_id"], login["access_token"]
        self.place = None

    def open_chat_with(self, user_id):
        wish = {"preset": "trusted_private_chat", "is_direct": True, "invite": [user_id]}
        room_id = self.call("POST", "createRoom", wish)["room_id"]
        wait_for(lambda: user_id in self.members(room_id), f"{user_id} did not join the chat it was invited to")
        return room_id

    def send_text(self, room_id, text):
        content = {"msgtype": "m.text", "body": text}
        self.call("PUT", f"{room(room_id)}/send/m.room.message/{secrets.token_hex(8)}", content)

    def send_file(self, room_id, content, message):
        """Uploads `content` and sends `message` with its address."""
        media = f"{self.base}/_matrix/media/v3/upload"
        uri = json.loads(fetch("POST", media, content, self.token, message["info"]["mimetype"]))["content_uri"]
        body = {**message, "url": uri}
        self.call("PUT", f"{room(room_id)}/send/m.room.message/{secrets.token_hex(8)}", body)

    def wait_for_files(self, room_id, sender, count):
        def look():
            contents = [event["content"] for event in self.messages(room_id) if event["sender"] == sender]
            files = [content for content in contents if "url" in content]
            return len(files) >= count and files

        return wait_for(look, f"fewer than {count} files of the phone arrived in Matrix")

    def download(self, uri):
        path = uri.removeprefix("mxc://")
        return fetch("GET", f"{self.base}/_matrix/client/v1/media/download/{path}", None, self.token)

    def wait_for_link(self, room_id):
        """The newest link to a QR code in a message of somebody else."""

        def look():
            said = [json.dumps(event["content"]) for event in self.messages(room_id) if event["sender"] != self.user_id]
            links = LINK.findall("\n".join(said))
            return links and links[-1]

        return wait_for(look, "the bot sent no QR code with a link")

    def wait_for_texts(self, room_id, sender, count):
        def look():
            texts = [event["content"].get("body") for event in self.messages(room_id) if event["sender"] == sender]
            return len(texts) >= count and texts

        return wait_for(look, f"fewer than {count} texts of the phone arrived in Matrix")

    def wait_for_invitation(self):
        """The room of an invitation that came after the last one."""

        def look():
            # Without a place to go on from, Synapse repeats its first answer for two minutes.
            place = f"&since={self.place}" if self.place else ""
            answer = self.call("GET", f"sync?timeout=1000{place}")
            self.place = answer["next_batch"]
            return list(answer.get("rooms", {}).get("invite", {}))

        return wait_for(look, "no invitation to a room arrived")[0]

    def join(self, room_id):
        self.call("POST", f"{room(room_id)}/join", {})

    def find_ghost(self, room_id, bot):
        ghosts = sorted(set(self.members(room_id)) - {self.user_id, bot})
        expect(len(ghosts) == 1, f"one contact was expected in the new room, but there are {ghosts}")
        return ghosts[0]

    def members(self, room_id):
        return self.call("GET", f"{room(room_id)}/joined_members")["joined"]

    def messages(self, room_id):
        events = self.call("GET", f"{room(room_id)}/messages?dir=b&limit=100")["chunk"]
        return [event for event in reversed(events) if event["type"] == "m.room.message"]

    def call(self, method, path, body=None):
        return call(method, f"{self.base}/_matrix/client/v3/{path}", body, self.token)


class Phone:
    """A phone of the simulator, through its control API."""

    def __init__(self, base, name):
        self.controls = f"{base}/control/phones/{name}"

    def scan(self, url):
        self.press("scan", {"qr": url})

    def confirm(self):
        self.press("confirm", {})

    def write(self, text):
        self.press("says", {"text": text})

    def send(self, kind, content, about=None):
        query = f"?{urllib.parse.urlencode(about)}" if about else ""
        fetch("POST", f"{self.controls}/{kind}{query}", content)

    def wait_for_files(self, count):
        """Kind, name and content of what is no text, as the phone opens it."""

        def look():
            chat = call("GET", f"{self.controls}/chat")
            files = [(at, one) for at, one in enumerate(chat) if not one["mine"] and one["kind"] != "text"]
            return len(files) >= count and files

        found = wait_for(look, f"fewer than {count} files of alice arrived on the phone")
        return [(one["kind"], one["text"], fetch("GET", f"{self.controls}/media/{at}")) for at, one in found]

    def press(self, what, body):
        return call("POST", f"{self.controls}/{what}", body)

    def wait_for_texts(self, count):
        def look():
            texts = [message["text"] for message in call("GET", f"{self.controls}/shows")]
            return len(texts) >= count and texts

        return wait_for(look, f"fewer than {count} texts of alice arrived on the phone")


def call(method, url, body=None, token=None):
    data = None if body is None else json.dumps(body).encode()
    content = fetch(method, url, data, token, "application/json")
    return json.loads(content) if content else {}


def fetch(method, url, data=None, token=None, content_type="application/octet-stream"):
    headers = {"Content-Type": content_type}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with HTTP.open(request, timeout=30) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        reason = error.read().decode(errors="replace")[:300]
        raise Failed(f"{method} {urllib.parse.urlsplit(url).path} was answered {error.code}: {reason}") from None


def room(room_id):
    return f"rooms/{urllib.parse.quote(room_id, safe='')}"


LINK = re.compile(r"""https?://[^\s"'<>\\)]*qrcode=[^\s"'<>\\)&]*""")
