#!/bin/sh
# Stands before a program of a test host: waits at the call that hold-programs.ts has named, so that a test finds the host in the
# middle of it. Part of the tests, never of the product.
folder=/run/bound-images/hold

wait_if_named() { # before|after CALL
  { read -r moment && read -r named; } 2>/dev/null <"$folder/next" || return 0
  [ "$moment" = "$1" ] || return 0
  # shellcheck disable=SC2254 # it is a pattern
  case "$2" in $named) ;; *) return 0 ;; esac
  # One alone is held.
  mv "$folder/next" "$folder/this" 2>/dev/null || return 0
  # Opened before anybody is told, or what lets it go might be lost.
  exec 8<>"$folder/go"
  echo "$2" >"$folder/held"
  read -r _ <&8
  exec 8>&-
}

call="${0##*/} $*"
wait_if_named before "$call"
"/usr/bin/${0##*/}" "$@"
status=$?
wait_if_named after "$call"
exit "$status"
