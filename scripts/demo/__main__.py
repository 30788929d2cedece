"""The bridge between a real Synapse and a simulated phone; `./demo` builds the programs first.

Prints each step when it has happened, and ends with a sentence when one does not.
"""

import contextlib
import shutil
import signal
import sys

import files
from people import Matrix, Phone
from programs import BOT, PASSWORD, Programs, claim_folder
from steps import Failed, expect, tick

CONTACT = "Mum"
FROM_THE_PHONE = ["Hello from the phone!", "你好，吃饭了吗？", "Third and last 🎉"]
FROM_MATRIX = ["Hello from Matrix!", "吃了，你呢？", "See you at 7 🙂"]


def main():
    once = sys.argv[1:] == ["--once"]
    if sys.argv[1:] and not once:
        sys.exit("usage: ./demo [--once]")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    with contextlib.ExitStack() as stack:
        folder = claim_folder(stack)
        try:
            programs = Programs(stack, folder)
            converse(programs)
            if not once:
                tell_where_to_look(programs)
                programs.wait()
        except KeyboardInterrupt:
            print("\ndemo: stopping", flush=True)
            if once:
                sys.exit(130)
        except (Failed, OSError, KeyError, ValueError) as error:
            sentence = error if isinstance(error, Failed) else f"an answer was not as expected: {error!r}"
            sys.exit(f"✗ {sentence}\ndemo: not everything arrived; the logs are in {folder}")
    if folder.name != "demo":
        shutil.rmtree(folder, ignore_errors=True)
    if once:
        print("demo: everything arrived in both directions")


def converse(programs):
    programs.start_synapse_and_simulator()
    tick(f"Synapse runs on {programs.synapse}, the simulated WeChat on {programs.simulator}")
    alice = Matrix(programs.synapse, programs.ensure_user("alice"))
    programs.ensure_user("bob")
    tick("alice and bob have Matrix accounts")
    programs.start_bridge()
    tick("the bridge runs")
    phone = Phone(programs.simulator, CONTACT)
    portal = link(alice, phone)
    for text in FROM_THE_PHONE:
        phone.write(text)
    ghost = alice.find_ghost(portal, BOT)
    said = alice.wait_for_texts(portal, ghost, len(FROM_THE_PHONE))
    expect(said == FROM_THE_PHONE, f"the phone sent {FROM_THE_PHONE}, but in Matrix arrived {said}")
    tick(f"{CONTACT} wrote {len(said)} texts on the phone, and alice sees them in order")
    for text in FROM_MATRIX:
        alice.send_text(portal, text)
    shown = phone.wait_for_texts(len(FROM_MATRIX))
    expect(shown == FROM_MATRIX, f"alice sent {FROM_MATRIX}, but on the phone arrived {shown}")
    tick(f"alice answered with {len(shown)} texts, and the phone shows them in order")
    files.exchange(alice, phone, portal, ghost, CONTACT)


def link(alice, phone):
    """From the first word to the bot to the joined portal."""
    management = alice.open_chat_with(BOT)
    tick("alice opened a chat with the bot, and it joined")
    alice.send_text(management, f"login {CONTACT}")
    url = alice.wait_for_link(management)
    tick("the bot sent a QR code")
    phone.scan(url)
    phone.confirm()
    tick(f"{CONTACT} scanned it on the phone and confirmed")
    portal = alice.wait_for_invitation()
    alice.join(portal)
    tick(f"alice was invited to the room with {CONTACT}, and joined")
    return portal


def tell_where_to_look(programs):
    print(
        f"""
Everything runs until you press Ctrl-C.

  Phone    {programs.simulator}
           write as {CONTACT}, and see what arrives
  Matrix   any client that takes a homeserver by its address, such as Element
           homeserver  {programs.synapse}
           alice       password {PASSWORD}, has the room with {CONTACT}
           bob         password {PASSWORD}, may invite {BOT} and say: login Dad
  Logs     {programs.folder}
""",
        flush=True,
    )


if __name__ == "__main__":
    main()
