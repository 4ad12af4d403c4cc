"""How quickly people are answered when the archive is large: commands, search and pages, and what an article takes.

    python -m benchmarks.inspect [--articles 1000000] [--keep FOLDER] [--json]

Fills a database with invented news (see archive.py), which takes minutes; with --keep it stays and is used again.
Commands are run as a user runs them, start included, the best of three; pages are asked of `haiti-monitor inspect`, the
first answer and the best of three; search is asked 200 times. A figure over its bar is marked.
"""

import sys

if __name__ == "inspect":  # `python benchmarks/rules.py` looks here first when it wants the standard library's
    folder = sys.path.pop(0)
    del sys.modules["inspect"]
    import inspect

    sys.path.insert(0, folder)
    sys.modules["inspect"] = inspect
else:
    from benchmarks.inspecting import main

    if __name__ == "__main__":
        main()
