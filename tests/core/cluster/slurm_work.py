"""The work of a test, in a module that a worker can import."""


def write(place, text):
    (place / "text").write_text(text)
