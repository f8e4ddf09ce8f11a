#!/bin/sh
# A session of busybox's shell whose output is the same, byte for byte, on every kernel that keeps
# the Linux ABI with the same busybox:
#
#     env -i PATH=DIRECTORY-OF-APPLET-LINKS sh session.sh
#
# It works in a directory of its own under /tmp, reads nothing else of the machine, and prints no
# process ids, names of users, times of now or sizes of directories.
case $0 in */*) cd "${0%/*}" && exec sh "${0##*/}" ;; esac # error messages begin with $0
[ -t 1 ] && exec sh -c 'sh "$0" | cat' "$0" # a terminal would be told things in columns
exec </dev/null 2>&1
export LC_ALL=C TZ=UTC
umask 022
scratch=$(mktemp -d) && cd "$scratch" || exit 1
title() { printf '== %s\n' "$*"; }
echo 'session: begin'

title words, expansion, arithmetic
greeting='hello world'
echo "$greeting" ${#greeting} ${greeting%% *} ${greeting#* } "${greeting/world/there}" ${none:-default} ${greeting:+set}
echo $((7 * 6)) $((17 % 5)) $((1 << 20)) $((0xff & ~0x0f)) $((-7 / 2)) $((2147483647 + 1))
i=5; echo $((i += 3, i * 2)) $i $((i > 7 ? 1 : 0))
set -- one 'two words' three; echo $# "$2" "$*"; shift; echo "$1"
echo a{b}c \$HOME 'single $HOME' "dollar \$"
IFS=:; line=x:y:z; for part in $line; do printf '[%s]' "$part"; done; echo; unset IFS
printf '%5d|%-6s|%04x|%c|%s\n' 42 left 255 char 'a b' 7 more 16 z end
printf '%b\n' 'tab\there' 'oct\0101'
echo $(echo nested $(echo substitution)) `echo old style`
eval 'v=evaluated'; echo $v
: "${assigned:=by default}"; echo "$assigned"
readonly constant=1; (constant=2) ; echo "constant $constant"

title loops, case, functions
for n in 1 2 3 4 5 6; do [ $n -eq 2 ] && continue; [ $n -gt 4 ] && break; echo -n "$n "; done; echo
n=0; while [ $n -lt 3 ]; do n=$((n + 1)); echo -n "w$n "; done; until [ $n -eq 0 ]; do n=$((n - 1)); echo -n "u$n "; done; echo
kind() { case $1 in *.c) echo source;; [0-9]*) echo number;; a|b) echo letter;; *) echo other;; esac; }
for word in main.c 42 b zebra; do kind $word; done
factorial() { local n=$1; [ $n -le 1 ] && { echo 1; return; }; echo $((n * $(factorial $((n - 1))))); }
factorial 10
fails() { return 3; }; fails; echo "status $?"; fails || echo or; ! fails && echo not
while getopts ab:c option -a -b value -c; do echo "option $option ${OPTARG-}"; done
if test -d . && [ ! -e none ] && [[ abc == a*c ]]; then echo tests; elif false; then echo no; else echo never; fi
[ 3 -lt 10 -a "x" != "y" ] && echo numbers; [ -z "" ] && [ -n "a" ] && echo strings

title redirections, here-documents, globbing
echo first >file; echo second >>file; cat <file; cat file - <<END
here $((1 + 1)) $greeting
END
cat <<'END'
no $expansion here
END
cat <<-END
	tabs go
END
{ echo out; echo err >&2; } >both 2>&1; cat both; { echo out; echo err >&2; } 2>/dev/null
exec 3>third; echo to descriptor 3 >&3; exec 3>&-; cat third; exec 4<third; read -r line <&4; exec 4<&-; echo "$line"
echo more 3>&1 >&3 | tr a-z A-Z
cat missing; echo "status $?"; echo x >missing/file; echo "status $?"
mkdir glob; touch glob/a.c glob/b.c glob/c.h glob/.hidden; (cd glob; echo *; echo *.c; echo [ab].?; echo .h*; echo *.none)
printf 'one two\nthree four\n' | while read -r a b; do echo "$b $a"; done
set -C; echo x >file; echo "noclobber $?"; set +C

title pipelines, subshells, jobs
seq 10 | awk 'NR % 3 == 2' | tr '\n' ' '; echo; seq 1 2 9 | paste -sd+ - | tee sum.txt | bc
(cd glob; v=inner; exit 7); echo "subshell $? $v"; { v=group; }; echo $v
false | true; echo "pipe $?"; set -o pipefail; false | true; echo "pipefail $?"; set +o pipefail
yes | head -n 3 | wc -l; seq 100000 | tail -n 1; seq 20000 | md5sum
for n in 3 1 2; do (sleep 0.$n; echo "job $n" >job.$n) & done; wait; cat job.*
sh -c 'exit 9' & wait $!; echo "waited for $?"; (sleep 100 & kill $!; wait $!; echo "killed $?") 2>/dev/null # when the shell says so is a race
mkfifo fifo; (echo through a fifo >fifo) & cat fifo; wait; [ -p fifo ] && echo 'a fifo'; rm fifo
(for n in 1 2 3; do echo line $n; done) | (while read -r l; do echo "got $l"; done)
timeout 1 sleep 10; echo "timeout $?"; setsid sh -c 'echo in a session of its own'
sh -c 'kill -ALRM $$'; echo "signal $?"; sh -c 'kill -9 $$'; echo "signal $?"

title traps and signals
(trap 'echo bye' EXIT; echo working); sh -c 'trap "echo got TERM" TERM; kill -TERM $$; echo after'
sh -c 'trap "" INT; kill -INT $$; echo ignored'; sh -c 'trap "echo usr1; exit 4" USR1; kill -USR1 $$; echo never'; echo $?
sh -c 'trap "echo child told me" USR2; (kill -USR2 $$); sleep 0.05; echo done'
sh -c 'trap "echo alarm" ALRM; (sleep 0.1; kill -ALRM $$) & wait; echo interrupted $?'
kill -l 9 15; kill -0 $$ && echo alive; trap 'echo "line goes on"' HUP; kill -HUP $$; trap - HUP
yes | head -n 1; (exec sh -c 'echo replaced')

title text tools
cat >people <<END
carol 31 lisbon
alice 25 paris
bob 19 berlin
dave 44 paris
alice 25 paris
END
sort people | uniq -c | sed 's/^ *//'; sort -k2,2nr -u people; sort -t ' ' -k3 -k1r people | cut -d ' ' -f 1,3
uniq -d people; sort people | uniq -u; wc people; wc -l <people; head -n 2 people; tail -n 2 people; tail -c 6 people
grep -n paris people; grep -vc paris people; grep -E '^(bob|dave)' people; grep -i ALICE people | head -n 1; grep -q nobody people || echo 'no match'
sed -e 's/paris/rome/;/bob/d' -e '$a the end' people; sed -n '/bob/,/dave/{=;p}' people; echo abc | sed 's/\(.\)\(.\)/\2\1/;y/c/C/'
sed -i 's/lisbon/porto/' people; head -n 1 people
awk '{ total += $2; city[$3]++ } END { print NR, total; for (c in city) print c, city[c] | "sort" }' people
awk -F: -v OFS=- 'BEGIN { printf "%.3f %s\n", 355 / 113, substr("substring", 4, 3); x = sprintf("%05d", 42); print x, length(x) } { $2 = toupper($2); print }' <<END
a:b:c
END
awk 'BEGIN { while (i++ < 3) s = s i " "; print s; n = split("q w e", t); print n, t[2]; gsub(/[aeiou]/, "*", s2 = "vowels"); print match("foobar", /o+/), RSTART, RLENGTH }'
echo 'The Quick  Brown' | tr -s ' ' | tr 'A-Z ' 'a-z\n'; echo hello | rev; seq 3 | tac; seq 3 | nl; echo abcdefghij | fold -w 4
cut -c 1-3 people | paste -d, - - -; printf 'a\tb\n' | expand -t 4; expr 6 \* 7; expr length hello; expr abc : 'a\(.\)'
seq 5 | xargs -n 2 echo args; printf '%s\n' x y | xargs -I % echo '<%>'; echo 'one two' | xargs sh -c 'echo $# $0 $1'
basename /usr/lib/libm.so .so; dirname /usr/lib/libm.so; seq -w 8 11 | tr '\n' ' '; echo; factor 360; echo '2 3 + p' | dc; cal 2 2000
date -d '2026-11-21 12:34:56' '+%F %T %j %a %s'; date -u -d @86399 +%H:%M:%S; date -d '2024-02-29 00:00' +%D

title binary tools
printf 'Postern\n\0\1\2\377' >bytes; od -An -tx1 bytes; od -c bytes; hexdump -C bytes; xxd -p bytes; wc -c bytes
base64 bytes; base64 bytes | base64 -d | cmp - bytes && echo same; uuencode -m bytes name; strings bytes
dd if=/dev/zero of=zeros bs=1024 count=64 2>/dev/null; dd if=bytes of=zeros bs=1 seek=1000 conv=notrunc 2>/dev/null
md5sum zeros; sha1sum zeros; sha256sum zeros; sha512sum <zeros; sha3sum zeros; crc32 zeros
sha256sum zeros bytes >sums; sha256sum -c sums; dd if=zeros bs=1 skip=1000 count=7 2>/dev/null; echo
truncate -s 1M sparse; stat -c '%s' sparse; printf end >>sparse; md5sum sparse; for n in 0 1 2; do dd if=zeros of=part.$n bs=30000 skip=$n count=1 2>/dev/null; done; wc -c part.*; cat part.* | cmp - zeros && echo whole
gzip -c zeros | md5sum; seq 5000 | gzip | gunzip | md5sum; seq 5000 | bzip2 | wc -c; seq 5000 | bzip2 -9 | bunzip2 | md5sum; gzip -k people; ls people*; zcat people.gz | cmp - people
cmp bytes people; echo "differ $?"; cmp -s bytes bytes && echo equal

title files and directories
mkdir -p tree/a/b/c tree/d; echo leaf >tree/a/b/c/leaf; echo other >tree/d/other; ln -s a/b tree/link; ln tree/d/other tree/d/hard
find tree | sort; find tree -type f -name 'o*'; find tree -type l -exec readlink {} \;; find tree -type d -empty; find tree -name leaf -o -name hard | sort
stat -c '%n %F %a %h %s' tree/d/other tree/a/b/c/leaf; stat -c '%n %F %N' tree/link; cat tree/link/c/leaf; readlink -f tree/link/c | sed "s|$(pwd -P)||"
touch -d '2001-02-03 04:05:06' tree/d/other; chmod 640 tree/d/other; ls -ln tree/d/other | awk '{ print $1, $2, $5, $6, $7, $8, $9 }'; ls -l --full-time tree/d/other | awk '{ print $6, $7, $8 }'
[ tree/d/other -ef tree/d/hard ] && echo 'one inode'; [ tree/a/b/c/leaf -nt tree/d/other ] && echo newer
cp -a tree copy; diff -r tree copy && echo identical; echo changed >>copy/a/b/c/leaf; diff -r tree copy; stat -c '%Y %a %h' copy/d/other
mv copy/d moved; ls -1 copy moved; mv moved/other copy/a; rm -r copy; ls copy; rmdir moved; rm moved/hard && rmdir moved && echo gone
chmod u=rwx,g=rx,o= tree/a; stat -c %A tree/a tree/d/other; chmod a+x,g-r tree/d/other; stat -c %a tree/d/other; umask 077; touch private; stat -c %a private; umask 022
ln -s loop loop; cat loop; ln -s none dangling; [ -L dangling ] && [ ! -e dangling ] && echo dangling; rm dangling loop
ls -1aF glob; ls -1p tree; ls -d tree/*; ls -1r glob; ls none; echo "status $?"; du -k zeros | cut -f 2
seq 12 >old; sed '3d;7s/$/ changed/;$a new' old >new; diff -u old new | sed 's/\t.*//'; diff -u old new | patch -p0 old; cmp old new && echo patched; diff -q old new && echo quiet
tar cf tree.tar tree/a tree/link tree/d/other; tar tf tree.tar; tar czf tree.tgz tree; mkdir out; tar xzf tree.tgz -C out; diff -r tree out/tree && echo extracted; tar tvf tree.tar tree/d/other | awk '{ print $1, $3, $4, $5, $6 }'
find tree | sort | cpio -o -H newc 2>/dev/null >tree.cpio; cpio -t <tree.cpio 2>/dev/null; (mkdir un; cd un; cpio -id <../tree.cpio 2>/dev/null; cat tree/a/b/c/leaf)
echo text | tee copy1 copy2 | cat; cmp copy1 copy2; cp copy1 copy2 out; ls out; unlink copy1; link copy2 copy3; stat -c %h copy3; env -i A=1 B=2 env | sort; cd tree/a/b && cd - >/dev/null; (cd tree/link && pwd | sed 's/.*tree/tree/'; pwd -P | sed 's/.*tree/tree/')
rm -r none; echo "status $?"; rm -f none; echo "status $?"; mkdir tree; rmdir tree; touch none/file; cp none other; echo "status $?"

title small programs
cat >primes.sh <<'END'
# the sieve, as a script of its own
limit=$1
n=2
while [ $n -le $limit ]; do
    eval "crossed=\${c$n-}"
    if [ -z "$crossed" ]; then
        printf '%d ' $n
        m=$((n * n))
        while [ $m -le $limit ]; do eval c$m=1; m=$((m + n)); done
    fi
    n=$((n + 1))
done
echo
END
sh primes.sh 60
chmod +x primes.sh; sed -i '1i #!/bin/sh' primes.sh; head -n 2 primes.sh; ./primes.sh 10
hanoi() { [ $1 -eq 0 ] || { hanoi $(($1 - 1)) $2 $4 $3; moves="$moves$2$3 "; hanoi $(($1 - 1)) $4 $3 $2; }; }
moves=; hanoi 3 a c b; echo $moves
collatz=27; steps=0
while [ $collatz -ne 1 ]; do
    if [ $((collatz % 2)) -eq 0 ]; then collatz=$((collatz / 2)); else collatz=$((3 * collatz + 1)); fi
    steps=$((steps + 1))
done
echo "$steps steps"
cat >words.awk <<'END'
function reverse(s,   i, r) { for (i = length(s); i; i--) r = r substr(s, i, 1); return r }
{ for (i = 1; i <= NF; i++) { count[$i]++; if ($i == reverse($i)) palindromes = palindromes " " $i } }
END { printf "%d words%s\n", length(count), palindromes }
END
echo 'level noon postern radar postern gate' | awk -f words.awk
. ./primes.sh 20; command -v cd; alias twice='echo twice'; alias twice; unset greeting; echo "${greeting-unset}"
seq 200 | while read -r n; do [ $((n * n % 1000)) -eq 376 ] && echo "$n squared ends in 376"; done
seq 300 | sort -r | sort -n | awk '{ s += $1 } END { print s }'; seq 2000 | sed 's/$/ line/' | sort -k1,1nr | head -n 1

title editors # where there is no terminal vi may lose its first key, the k, to a question about its size
printf 'one\ntwo\nthree\n' >edited; printf 'kddp:%%s/two/second/\nGyyP:w\n:2d\n:wq\n' | vi edited >/dev/null; cat edited
(printf 'kGolast words\033'; sleep 1; printf ':wq\n') | vi edited >/dev/null; cat edited # a lone escape is what nothing follows
printf 'a\none\ntwo\nthree\n.\n2d\n1,$p\nw edfile\nq\n' | ed; cat edfile

cd / && rm -r "$scratch"; [ -e "$scratch" ] || echo 'all gone'
echo 'session: end'
