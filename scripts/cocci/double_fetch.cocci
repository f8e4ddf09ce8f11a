// A user datum is fetched once: two fetches through the same unsafe pointer in one function can see
// two values, since another thread may write in between. Prints the lines of such pairs.
@fetched_twice@
expression P, A, B, S, T;
@@

(
* copy_u2k(A, P, S)
|
* copy_object_u2k(A, P)
|
* unsafe_peek32(A, P)
|
* copy_str_u2k(A, P, S)
)
 ... when != P = ...
(
* copy_u2k(B, P, T)
|
* copy_object_u2k(B, P)
|
* unsafe_peek32(B, P)
|
* copy_str_u2k(B, P, T)
)
