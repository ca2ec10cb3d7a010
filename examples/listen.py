"""Listen to a sound file, or to the microphone, and print each utterance."""

import sys

import emotiond

with emotiond.Listener(source=sys.argv[1] if sys.argv[1:] else None) as listener:
    for record in listener:
        if isinstance(record, emotiond.Utterance):
            print(f"{record.start:6.1f} to {record.end:.1f} s: {record.label or record.state}")
        elif isinstance(record, emotiond.Status):
            print(f"{record.event}: {record.message}", file=sys.stderr)
