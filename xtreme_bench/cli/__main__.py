"""`python -m xtreme_bench.cli`."""

from xtreme_bench.cli.main import main

main()
