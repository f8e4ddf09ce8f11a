# lines: calls per second, overhead in percent; a block for each working set
# top:   calls per second, percent, text, of those that leave at the top
# ends:  the same of those that end before
set label 100 "overhead"
set xlabel "calls per second"
set logscale x 10
set xrange [slowest:fastest]
set yrange [0:highest * 1.001]
set format y "%g %%"
set xtics ("100" 1e2, "1,000" 1e3, "10,000" 1e4, "100,000" 1e5, "1 million" 1e6, "10 million" 1e7)
set rmargin 5
set lmargin narrow ? 6 : 8
set tmargin 3.4
plot for [i = 0:blocks - 1] lines index i using 1:2 with lines lc rgb colour_split lw 1.4 + 0.35 * i \
         dt 1 + i % 2, \
     ends using 1:2 with points pt 7 ps 0.45 lc rgb colour_split, \
     top using 1:2:3 with labels offset 0, 0.8 textcolor rgb colour_ink, \
     ends using 1:2:3 with labels right offset -0.8, 0.5 textcolor rgb colour_ink
