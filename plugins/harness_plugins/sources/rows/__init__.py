"""Rows of preferences, read from files of any usual format and recognised in any of the common shapes."""
