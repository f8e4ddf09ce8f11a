#!/bin/sh
# Large files, many processes: what busybox prints of them is the same on every kernel, and fits
# 128 MiB of memory. As session.sh it is started with
#
#     env -i PATH=DIRECTORY-OF-APPLET-LINKS sh scale.sh
case $0 in */*) cd "${0%/*}" && exec sh "${0##*/}" ;; esac # error messages begin with $0
[ -t 1 ] && exec sh -c 'sh "$0" | cat' "$0" # a terminal would be told things in columns
exec </dev/null 2>&1
export LC_ALL=C
scratch=$(mktemp -d) && cd "$scratch" || exit 1
echo 'session: begin'

echo '== 32 MiB'
echo 'the one small door in the wall.' >big; n=0
while [ $n -lt 20 ]; do cat big big >twice; mv twice big; n=$((n + 1)); done
sha256sum big
dd if=big of=copy bs=1M 2>/dev/null; stat -c %s copy; rm copy
tail -c 20 big
rm big

echo '== 100,000 lines'
seq 100000 | rev >lines
sort lines >sorted; wc -l sorted; md5sum sorted; sed -n '1p;50000p;$p' sorted

echo '== 1,000 programs, one after another'
n=0; failed=0
while [ $n -lt 1000 ]; do /bin/true || failed=$((failed + 1)); n=$((n + 1)); done
echo "$n started, $failed failed"

echo '== 200 processes at once'
processes=; n=0
while [ $n -lt 200 ]; do sleep 1000 & processes="$processes $!"; n=$((n + 1)); done
alive=0; for p in $processes; do kill -0 $p && alive=$((alive + 1)); done; echo "$alive alive"
kill $processes; ended=0
for p in $processes; do wait $p 2>/dev/null; [ $? -eq 143 ] && ended=$((ended + 1)); done; echo "$ended ended by SIGTERM"

echo '== a pipeline of 50, a fifo of 100'
pipeline=cat; n=1; while [ $n -lt 50 ]; do pipeline="$pipeline | cat"; n=$((n + 1)); done
seq 20000 | eval "$pipeline" | md5sum
mkfifo fifo; exec 3<>fifo; n=0
while [ $n -lt 100 ]; do (echo "line $((n % 4))" >fifo) & n=$((n + 1)); done
head -n 100 fifo | sort | uniq -c; wait

cd / && rm -r "$scratch"
echo 'session: end'
