// A user datum is fetched once: two fetches through the same unsafe pointer in one function can see
// two values, since another thread may write in between.
@fetched_twice@
expression P, A, B, S, T;
position first, second;
@@

(
 copy_u2k@first(A, P, S)
|
 copy_object_u2k@first(A, P)
|
 unsafe_peek32@first(A, P)
|
 copy_str_u2k@first(A, P, S)
)
 ... when != P = ...
     when any
(
 copy_u2k@second(B, P, T)
|
 copy_object_u2k@second(B, P)
|
 unsafe_peek32@second(B, P)
|
 copy_str_u2k@second(B, P, T)
)

@script:python@
first << fetched_twice.first;
second << fetched_twice.second;
@@
if first[0].line != second[0].line:
    print("%s:%s: fetched here and again in line %s" % (first[0].file, first[0].line, second[0].line))
