# split_on, split_off, shared_on, shared_off: pages, cycles
set label 100 figure_title
set xlabel "pages touched on each side"
set logscale xy
set xrange [0.4:most * 1.3]
set yrange [least / 3:highest * 1.5]
set xtics ("0" 0.5, "1" 1, "4" 4, "16" 16, "64" 64, "256" 256, "1024" 1024)
set ytics ("10" 10, "100" 1e2, "1,000" 1e3, "10,000" 1e4, "100,000" 1e5, "1,000,000" 1e6)
set lmargin narrow ? 8 : 9
set label 1 "split" at 0.5, split_start offset 0.5, 0.8 textcolor rgb colour_ink
set label 2 "shared" at 0.5, shared_start offset 0.5, -0.9 textcolor rgb colour_ink
plot shared_on using 1:2 with linespoints pt 5 ps 0.5 lw 1.8 lc rgb colour_shared, \
     shared_off using 1:2 with linespoints pt 4 ps 0.5 lw 1.8 dt (4,3) lc rgb colour_shared, \
     split_on using 1:2 with linespoints pt 7 ps 0.5 lw 1.8 lc rgb colour_split, \
     split_off using 1:2 with linespoints pt 6 ps 0.5 lw 1.8 dt (4,3) lc rgb colour_split
