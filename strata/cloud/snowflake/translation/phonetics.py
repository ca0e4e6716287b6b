"""How words sound."""

from __future__ import annotations

_SOUNDS = {
    letter: sound
    for sound, group in {
        "": "AEIOUY",
        "-": "HW",
        "1": "BFPV",
        "2": "CGJKQSXZ",
        "3": "DT",
        "4": "L",
        "5": "MN",
        "6": "R",
    }.items()
    for letter in group
}


def soundex(text: str | None) -> str | None:
    """Return a letter and three digits for how a word sounds; Snowflake's reference, "SOUNDEX"."""
    if text is None:
        return None
    letters = [sign for sign in text.upper() if sign in _SOUNDS]
    if not letters:
        return ""
    digits, last = "", _SOUNDS[letters[0]]
    for letter in letters[1:]:
        sound = _SOUNDS[letter]
        if sound.isdigit() and sound != last:
            digits += sound
        # H and W do not part letters that sound alike; vowels do.
        last = last if sound == "-" else sound
    return (letters[0] + digits + "000")[:4]
