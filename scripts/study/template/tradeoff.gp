# points: bytes, cost in percent, where the text goes (percent, bytes), text, its alignment,
#         isolation (split: a circle, shared: a square), on the Pareto front (filled)
# front:  bytes, percent
set label 100 cost_title
set xlabel exposure_title
set logscale x 2
set xrange [least:most]
set yrange [0:highest]
set format y "%g %%"
set xtics ("1 KiB" 2**10, "16 KiB" 2**14, "256 KiB" 2**18, "4 MiB" 2**22, "64 MiB" 2**26, "1 GiB" 2**30, "16 GiB" 2**34)
set lmargin narrow ? 6 : 8
point(isolation, on) = strcol(7) eq isolation && column(8) == on ? column(2) : NaN
text(side) = strcol(6) eq side ? column(3) : NaN
plot front using 1:2 with steps lc rgb colour_muted lw 1.5 dt (6,4), \
     points using 1:(point("split", 0)) with points pt 6 ps 0.8 lw 2 lc rgb colour_split, \
     points using 1:(point("shared", 0)) with points pt 4 ps 0.75 lw 2 lc rgb colour_shared, \
     points using 1:(point("split", 1)) with points pt 7 ps 0.95 lc rgb colour_split, \
     points using 1:(point("shared", 1)) with points pt 5 ps 0.85 lc rgb colour_shared, \
     points using 4:(text("left")):5 with labels left offset 0, 0.6 textcolor rgb colour_ink, \
     points using 4:(text("right")):5 with labels right offset 0, 0.6 textcolor rgb colour_ink
