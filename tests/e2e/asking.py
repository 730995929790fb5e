"""A source's client, as curl is one, which a fresh machine may lack: `python asking.py URL` prints what it is answered.

It goes through the proxies of its environment, and checks no certificate.
"""

import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path

ASK = f"{sys.executable} {Path(__file__).resolve()}"
"""The words of a shell that call it."""


def main(url: str) -> None:
    """Print the body of the answer, whatever its status; end with 1 if there is none."""
    unchecked = urllib.request.HTTPSHandler(context=ssl._create_unverified_context())
    try:
        with urllib.request.build_opener(unchecked).open(url) as answer:
            sys.stdout.buffer.write(answer.read())
    except urllib.error.HTTPError as error:
        sys.stdout.buffer.write(error.read())
    except OSError as error:
        sys.exit(f"{url}: {error}")


if __name__ == "__main__":
    main(*sys.argv[1:])
