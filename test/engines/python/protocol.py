"""One request line in, one answer line out.

Owns the loop of a judge's child process and the shape of its answers. Does not know any engine:
each engine hands over a function from a request to its answer.
"""

import json
import os
import sys
import traceback


def serve(handle):
    """Answers every line of stdin until it closes. An exception becomes an answer, never an exit.

    Engines print on stdout as they please; the answers keep the real one to themselves.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _send(answers, {"ok": True, "ready": True})
    for line in sys.stdin:
        try:
            answer = {"ok": True, **handle(json.loads(line))}
        except BaseException as error:  # engines raise their own kinds, some outside Exception
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
            traceback.print_exc(file=sys.stderr)
            text = f"{type(error).__name__}: {error}".split("\n\tat ")[0]
            answer = {"ok": False, "error": text[:1000]}
        _send(answers, answer)


def _send(answers, answer):
    answers.write(json.dumps(answer, ensure_ascii=True, allow_nan=False) + "\n")
    answers.flush()
