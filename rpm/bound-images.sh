#!/bin/sh
# What NODE_OPTIONS and its like name would be loaded into a program that runs as root.
unset NODE_OPTIONS NODE_PATH NODE_REPL_EXTERNAL_MODULE
exec /usr/bin/node /usr/lib/bound-images/bound-images.js "$@"
