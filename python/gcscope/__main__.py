"""`python -m gcscope`."""

from gcscope.cli.main import main

if __name__ == "__main__":
    main()
