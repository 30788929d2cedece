"""A step of the demo: it happens, or there is a sentence that says what did not."""

import time

PATIENCE_SECONDS = 60


class Failed(Exception):
    """What did not happen, as a sentence for the person at the terminal."""


def tick(sentence):
    print(f"✓ {sentence}", flush=True)


def expect(condition, sentence):
    if not condition:
        raise Failed(sentence)


def wait_for(look, sentence):
    """Asks until there is an answer; the sentence says what is missing when time is over."""
    limit = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < limit:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise Failed(f"{sentence} within {PATIENCE_SECONDS} seconds")
