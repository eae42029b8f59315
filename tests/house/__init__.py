"""The house rules, as tests: sizes, names, help, exit codes, pages that must not fall behind."""
