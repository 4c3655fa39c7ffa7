"""SERVING: answers from the version under an alias.

`service` is the whole of it without a protocol; `models` loads, follows and scores; `protocols` turn bytes into a query
and an answer into bytes; `http` carries them; `server` is the process.
"""
