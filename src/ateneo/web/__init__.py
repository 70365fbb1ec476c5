"""The archive as a page for the browser, as JSON for programs, and as a server for assistants (MCP, chat programs).

Thin over `ateneo.Archive`, like the command line: what a page shows is the dictionary that `--json` prints.
"""
