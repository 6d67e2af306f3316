"""Where a stage runs. An engine has `run(folder, message)`, which blocks until the stage ended, and `close()`."""

ENGINES = ("local", "docker")
