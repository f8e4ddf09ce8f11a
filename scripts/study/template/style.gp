# What every plot has in common. The caller sets width, height, and colour_NAME for each colour of
# report.css; narrow layouts are for phones.
narrow = width < 600
set terminal svg size width, height font "sans-serif,13" noenhanced
set border 3 lc rgb colour_axis lw 0.75
set tics out nomirror scale 0.4 textcolor rgb colour_muted
set grid ytics lt 1 lc rgb colour_grid lw 0.75
set xlabel textcolor rgb colour_muted
set ylabel textcolor rgb colour_muted
set datafile separator tab
set tmargin 2
set rmargin 2
unset key
# An axis is titled above its upper end, where it needs no turned text.
set label 100 "" at screen 0.012, screen 1 offset 0, -0.9 left textcolor rgb colour_muted
