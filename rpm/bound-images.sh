#!/bin/sh
# What NODE_OPTIONS and its like name would be loaded into a program that runs as root.
unset NODE_OPTIONS NODE_PATH NODE_REPL_EXTERNAL_MODULE NODE_COMPILE_CACHE
# Somebody waits for the service to start: it takes up its code as it was compiled the last time, by this version of node, out of a
# folder that root alone may enter.
if [ "$1" = agent ]; then export NODE_COMPILE_CACHE=/var/cache/bound-images/node; fi
exec /usr/bin/node /usr/lib/bound-images/bound-images.js "$@"
