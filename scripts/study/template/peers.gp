# systems: instructions, row, system (postern, linux, xv6)      rows: row, name, least, most
set xlabel "instructions of one operation"
set logscale x 10
set xrange [9:*]
set rmargin narrow ? 3 : 6
if (narrow) {
    set xtics ("10" 10, "1,000" 1e3, "100,000" 1e5)
} else {
    set xtics ("10" 10, "100" 1e2, "1,000" 1e3, "10,000" 1e4, "100,000" 1e5, "1,000,000" 1e6)
}
set yrange [-rows_shown + 0.4:0.6]
set grid noytics xtics
set border 1
unset ytics
set lmargin narrow ? 1 : 34
set tmargin narrow ? 1.2 : 0.5
# beside the line, or above it where there is no room beside it
alignment = narrow ? "left offset 0.2, 0.8" : "right offset -1, 0"
of(system) = strcol(3) eq system ? -column(2) : NaN
plot names using (column(3)):(-$1):($4 - $3):(0) with vectors nohead lw 1 lc rgb colour_grid, \
     names using (9.001):(-$1):2 with labels @alignment textcolor rgb colour_ink, \
     systems using 1:(of("xv6")) with points pt 9 ps 0.65 lc rgb colour_third, \
     systems using 1:(of("linux")) with points pt 5 ps 0.55 lc rgb colour_shared, \
     systems using 1:(of("postern")) with points pt 7 ps 0.7 lc rgb colour_split
