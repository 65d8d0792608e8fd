"""`python -m aftersale`: the same as the command `aftersale`."""

from aftersale.cli import main

if __name__ == "__main__":
    main()
