"""Child process that speaks a text with the espeak-ng library: sound and word events in, on standard library alone.

    python -m tribe_np.media.speech.espeak_child FOLDER VOICE,VOICE... LIBRARY...  < text

speaks with the first of the voices that exists, and writes FOLDER/speech.wav (16-bit, mono) and FOLDER/events.json. A
process of its own, because a crash in a C library would take the run down. Exit codes: 0 done, 3 no library found,
4 no such voice, 5 espeak-ng refuses, 6 disk.

Source   espeak-ng 1.51 speak_lib.h (structures, constants and call order)
"""

import ctypes
import json
import sys
import wave
from pathlib import Path
from typing import Any

NO_LIBRARY, NO_VOICE, REFUSED, NO_DISK = 3, 4, 5, 6
SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: callbacks inside espeak_Synth, no sound device
DONT_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT: report missing data instead of ending the process
UTF8_WITH_END_PAUSE = 0x0001 | 0x1000
POSITION_CHARACTER = 1
NAMES = {1: "word", 2: "sentence", 5: "end"}


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


def main(arguments: list[str]) -> int:
    """Speaks standard input; returns the exit code."""
    folder, voices, *libraries = arguments
    text = sys.stdin.buffer.read()
    library = load(libraries)
    if library is None:
        return NO_LIBRARY
    rate = library.espeak_Initialize(SYNCHRONOUS, 0, None, DONT_EXIT)
    if rate <= 0:
        print("espeak-ng does not find its voice data", file=sys.stderr)
        return REFUSED
    if all(library.espeak_SetVoiceByName(voice.encode()) != 0 for voice in voices.split(",")):
        return NO_VOICE
    try:
        return speak(library, text, rate, Path(folder))
    except OSError as error:
        print(f"{error.strerror}", file=sys.stderr)
        return NO_DISK


def load(names: list[str]) -> Any:
    """The first library that loads, or None."""
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def speak(library: Any, text: bytes, rate: int, folder: Path) -> int:
    """Writes sound and events; returns the exit code."""
    events: list[tuple[str, int, int, int]] = []  # kind, text position (1-based character), length, milliseconds
    failures: list[OSError] = []
    with wave.open(str(folder / "speech.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)

        def receive(samples: Any, count: int, reported: Any) -> int:
            try:
                if samples and count > 0:
                    sound.writeframes(ctypes.string_at(samples, 2 * count))
            except OSError as error:  # an exception cannot cross the C frames between here and main
                failures.append(error)
                return 1  # stop speaking
            index = 0
            while reported[index].type:
                event = reported[index]
                if event.type in NAMES:
                    events.append((NAMES[event.type], event.text_position, event.length, event.audio_position))
                index += 1
            return 0

        callback = CALLBACK(receive)  # kept alive until the last call
        library.espeak_SetSynthCallback(callback)
        status = library.espeak_Synth(
            text, ctypes.c_size_t(len(text) + 1), 0, POSITION_CHARACTER, 0, UTF8_WITH_END_PAUSE, None, None
        )
        library.espeak_Synchronize()
    if failures:
        raise failures[0]
    if status != 0:
        print(f"espeak_Synth returned {status}", file=sys.stderr)
        return REFUSED
    (folder / "events.json").write_text(json.dumps(events), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
