"""The command line: arguments, files and screens; no arithmetic of its own."""
