# Sourced: what a person would type is printed before it runs.
PATH="$PWD/.venv/bin:$PATH"

say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }
run() { printf '\033[1m$ %s\033[0m\n' "$*"; "$@"; }
