"""Where corpora come from and how each format is read, into one row type per family of tasks."""
