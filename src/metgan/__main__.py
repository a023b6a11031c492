"""``python -m metgan``: the command line, where the script ``metgan`` is not on the path."""

from metgan.cli import main

if __name__ == "__main__":
    main()
