"""An image, a voice message and a file, both ways; `__main__` calls it after the texts."""

import pathlib

from steps import expect, tick

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "tests/fixtures"
IMAGE = FIXTURES / "ilink/vectors/media/image-jpeg/plain.jpg"
DOCUMENT = FIXTURES / "ilink/vectors/media/file-pdf-cjk-name/plain.pdf"
DOCUMENT_NAME = "菜单 menu.pdf"
PHONE_VOICE = FIXTURES / "silk/speech-en-16k-3s.tencent.silk"
ELEMENT_VOICE = FIXTURES / "opus/element-like-en-3s.ogg"
WORDS = "Call me back"


def exchange(alice, phone, portal, ghost, contact):
    """Sends each kind from each side, and compares what arrives byte by byte."""
    from_phone(alice, phone, portal, ghost, contact)
    from_matrix(alice, phone, portal)


def from_phone(alice, phone, portal, ghost, contact):
    phone.send("image", IMAGE.read_bytes())
    phone.send("voice", PHONE_VOICE.read_bytes(), {"playtime_ms": "3000", "text": WORDS})
    phone.send("file", DOCUMENT.read_bytes(), {"name": DOCUMENT_NAME})
    image, voice, document = alice.wait_for_files(portal, ghost, 3)
    kinds = [content["msgtype"] for content in (image, voice, document)]
    expect(kinds == ["m.image", "m.audio", "m.file"], f"an image, a voice message and a file came as {kinds}")
    expect(alice.download(image["url"]) == IMAGE.read_bytes(), "the image has changed on its way to Matrix")
    expect(alice.download(document["url"]) == DOCUMENT.read_bytes(), "the file has changed on its way to Matrix")
    expect(document["body"] == DOCUMENT_NAME, f"the file is called {document['body']}")
    expect(alice.download(voice["url"])[:4] == b"OggS" and voice["body"] == WORDS, f"the voice came as {voice}")
    tick(f"{contact} sent an image, a voice message and a file, and alice can see, play and open them")


def from_matrix(alice, phone, portal):
    image = {"msgtype": "m.image", "body": "image.jpg", "info": {"mimetype": "image/jpeg"}}
    voice = {"msgtype": "m.audio", "body": "Voice message", "org.matrix.msc3245.voice": {}, "info": {"mimetype": "audio/ogg"}}
    document = {"msgtype": "m.file", "body": DOCUMENT_NAME, "info": {"mimetype": "application/pdf"}}
    alice.send_file(portal, IMAGE.read_bytes(), image)
    alice.send_file(portal, ELEMENT_VOICE.read_bytes(), voice)
    alice.send_file(portal, DOCUMENT.read_bytes(), document)
    shown = phone.wait_for_files(3)
    kinds = [kind for kind, _, _ in shown]
    expect(kinds == ["image", "file", "file"], f"an image, a voice message and a file came as {kinds}")
    (_, _, seen), (_, voice_name, heard), (_, name, opened) = shown
    expect(seen == IMAGE.read_bytes(), "the image has changed on its way to the phone")
    expect(voice_name.endswith(".wav") and heard[:4] == b"RIFF", f"the voice came as {voice_name}")
    expect((name, opened) == (DOCUMENT_NAME, DOCUMENT.read_bytes()), "the file has changed on its way to the phone")
    tick("alice sent an image, a voice message and a file, and the phone can show, play and open them")
