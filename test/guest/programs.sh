#!/bin/sh
# Programs as others build them, which know nothing of Postern: what they print is the same on every
# kernel. As session.sh it is started with
#
#     env -i PATH=DIRECTORY-OF-APPLET-LINKS sh programs.sh
case $0 in */*) cd "${0%/*}" && exec sh "${0##*/}" ;; esac
[ -t 1 ] && exec sh -c 'sh "$0" | cat' "$0" # a terminal would be told things in columns
exec </dev/null 2>&1
echo 'session: begin'
for program in ./glibc-hello ./musl-threads; do
    [ -e $program ] || continue # there was no static glibc to build it with
    $program one 'two words'
    echo "$program: $?"
done
echo 'session: end'
