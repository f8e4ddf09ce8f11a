# on, off: pages, cycles that split adds; with and without global pages
set label 100 figure_title
set xlabel "pages touched on each side"
set logscale x
set xrange [0.4:most * 1.3]
set yrange [lowest:highest]
set xtics ("0" 0.5, "1" 1, "4" 4, "16" 16, "64" 64, "256" 256, "1024" 1024)
set ytics @tics
set lmargin narrow ? 8 : 9
set xzeroaxis lt 1 lw 0.75 lc rgb colour_axis
plot on using 1:2 with linespoints pt 7 ps 0.5 lw 1.8 lc rgb colour_split, \
     off using 1:2 with linespoints pt 6 ps 0.5 lw 1.8 dt (4,3) lc rgb colour_split
