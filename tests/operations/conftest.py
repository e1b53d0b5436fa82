from __future__ import annotations

import os

#: Two newspapers with all of their processes and a payment provider: in the long form alone (`make proof`).
collect_ignore = [] if os.environ.get("FOLDLINE_PROOF") == "long" else ["test_restored.py"]
