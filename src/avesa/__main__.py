"""`python -m avesa` is `avesa`."""

from avesa.cli.main import main

main()
