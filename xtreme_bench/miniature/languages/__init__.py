"""The languages of the built-in corpora: one module for each, with its word table and its grammar."""
