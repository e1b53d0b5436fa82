"""The edit hook of the leaky demonstration: `change` puts another text below every fold, `restore` its own."""

from __future__ import annotations

import sys
from pathlib import Path


def main(words: list[str]) -> int:
    """0 where it is done. The words are the file that is there or not, and what to do."""
    file, what = Path(words[0]), words[1]
    if what == "change":
        file.touch(mode=0o600)
    elif what == "restore":
        file.unlink(missing_ok=True)
    else:
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
