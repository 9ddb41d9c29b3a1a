"""Python runs this first: with JX_BOARD_SOCKET set, the program stands on the virtual machine."""  # noqa: INP001 -- a place on PYTHONPATH, not a package

import os

if os.environ.get("JX_BOARD_SOCKET"):
    from sandbox.board.install import install

    install(os.environ["JX_BOARD_SOCKET"])
