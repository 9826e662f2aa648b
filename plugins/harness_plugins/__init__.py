"""The methods, evaluators, sources and columns that come with the harness, one concept a file.

They are reached through entry points, exactly as a stranger's plugin is; the host knows none of their names.
"""
