#!/bin/sh
# What busybox shows of the system that it runs on, and what is left of it when a program takes all
# memory. KTAP; for Postern only, in a machine of its own.
export LC_ALL=C
tests=0
check() { # NAME COMMAND...: the command succeeds
    name=$1; shift; tests=$((tests + 1))
    if "$@" >/tmp/check 2>&1; then
        echo "ok $tests - $name"
    else
        sed 's/^/# /' /tmp/check
        echo "not ok $tests - $name"
    fi
}
shows() { grep -Eq "$1"; } # EXPRESSION: a line of the input matches

# one word of `free` in KiB, after a moment in which those that died are gone
memory() { sleep 0.2; free | awk -v field="$1" '/^Mem/ { print $field }'; }
equal() { echo "$1 and $2"; [ "$1" = "$2" ]; }
about() { echo "$1 and $2"; [ $(($1 - $2)) -lt 1024 ] && [ $(($2 - $1)) -lt 1024 ]; } # in a MiB

echo 'KTAP version 1'
sleep 1000 & bystander=$!

ps_shows() { ps | tee /dev/stderr | shows "$1"; }
check 'ps: the first program' ps_shows '^ +1 root +/init'
check 'ps: a process in the background' ps_shows "^ +$bystander root +sleep 1000$"
check 'ps -o' eval "ps -o pid,ppid,pgid,stat,vsz,comm | tee /dev/stderr | shows '^ +$bystander +$$ .*S .*sleep'"
check 'pidof' equal "$(pidof sleep)" $bystander

top -b -n 1 >/tmp/top
check 'top: memory' eval 'shows "^Mem: [0-9]+K used, [0-9]+K free" </tmp/top'
check 'top: the CPU' eval 'shows "^CPU: +[0-9]+% usr +[0-9]+% sys .* [0-9]+% idle" </tmp/top'
check 'top: load' eval 'shows "^Load average: [0-9.]+ [0-9.]+ [0-9.]+ [0-9]+/[0-9]+ [0-9]+" </tmp/top'
check 'top: itself' eval 'shows "^ +[0-9]+ +$$ root +R +[0-9]+ .* top -b -n 1" </tmp/top'
check 'top twice: nobody is busy' eval 'top -b -n 2 -d 0.3 | grep ^CPU: | tee /dev/stderr | tail -n 1 | shows " (9[0-9]|100)% idle"'

check 'free: its numbers add up' eval 'free | tee /dev/stderr | awk "/^Mem/ { exit !(\$2 > 100000 && \$3 + \$4 == \$2 && \$7 <= \$4) }"'
check 'free is what /proc/meminfo says' eval 'equal $(free | awk "/^Mem/ { print \$2 }") $(awk "/^MemTotal/ { print \$2 }" /proc/meminfo)'
check 'uptime' eval 'uptime | tee /dev/stderr | shows "up [0-9]+ min, .*load average: "'
check 'df' eval 'df / | tee /dev/stderr | shows " /$"'
check 'mount' eval 'mount | tee /dev/stderr | shows "on /proc type proc"'
check 'dmesg' eval 'dmesg | tee /dev/stderr | shows "postern: booting"'
check 'uname' eval 'uname -srm | tee /dev/stderr | shows "^Postern .* i686$"'
check 'id' eval 'id | tee /dev/stderr | shows "^uid=0\(root\) gid=0\(root\)"'
check 'hostname' equal "$(hostname)" postern
check 'tty: not one here' eval '! tty -s </dev/null'
check 'nproc' equal "$(nproc)" 1

before=$(memory 4)
greedy=$(awk 'BEGIN { s = "0123456789abcdef"; while (1) s = s s }' 2>/dev/null; echo $?)
check 'a program that takes all memory is killed' equal $greedy 137
check 'a process in the background lives on' kill -0 $bystander
check 'so does the first program' ps_shows '^ +1 root +/init'
check 'the memory is back' about $before $(memory 4)
error=$(dd if=/dev/zero of=/tmp/big bs=1M 2>&1 | head -n 1)
check 'a file that takes all memory' equal "$error" "dd: error writing '/tmp/big': No space left on device"
check 'and leaves enough to go on with' eval 'seq 1000 | sort -n | tail -n 1 | grep -qx 1000'
rm /tmp/big
check 'the file is gone and its memory is back' about $before $(memory 4)
kill $bystander
echo "1..$tests"
