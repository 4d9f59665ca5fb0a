"""`python -m predzip`: the command line without its script."""

from predzip.cli.main import main

if __name__ == "__main__":
    main()
