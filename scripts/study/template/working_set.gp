# split_on, split_off, shared_on, shared_off: pages, figure
# ends: pages, figure, text
set label 100 figure_title
set xlabel "pages touched between two switches"
set logscale x 2
set xrange [0.5:most * (narrow ? 10 : 6)]
set xtics ("0" 0.5, "1" 1, "4" 4, "16" 16, "64" 64, "256" 256, "1024" 1024)
set yrange [0:highest]
set ytics @tics
set lmargin narrow ? 8 : 9
plot shared_on using 1:2 with linespoints pt 5 ps 0.5 lw 1.8 lc rgb colour_shared, \
     shared_off using 1:2 with linespoints pt 4 ps 0.5 lw 1.8 dt (4,3) lc rgb colour_shared, \
     split_on using 1:2 with linespoints pt 7 ps 0.5 lw 1.8 lc rgb colour_split, \
     split_off using 1:2 with linespoints pt 6 ps 0.5 lw 1.8 dt (4,3) lc rgb colour_split, \
     ends using 1:2:3 with labels left offset 0.8, 0 textcolor rgb colour_ink
