"""`python -m monitor`: the same as `haiti-monitor`."""

from monitor.cli import main

if __name__ == "__main__":
    main()
