# segments: from, to, row, part, text in it
# totals:   to, row, text          rows: row, name       groups: row, title
set label 100 ""
set xlabel "instructions"
set xrange [0:longest * 1.08]
set yrange [-rows_shown:0.6]
set grid noytics xtics
set border 1
unset ytics
set lmargin narrow ? 15 : 18
set tmargin 0.3
set style fill solid 1 border rgb colour_axis
fill_of(part) = part eq "entry" ? colour_part_entry : part eq "switch" ? colour_part_switch : \
    part eq "dispatch" ? colour_part_dispatch : part eq "copy" ? colour_part_copy : \
    part eq "body" ? colour_part_body : colour_part_exit
plot for [part in "entry switch dispatch copy body exit"] \
         segments using (strcol(4) eq part ? $1 : NaN):(-$3):1:2:(-$3-0.40):(-$3+0.40) \
         with boxxyerror lw 0.5 fc rgb fill_of(part), \
     segments using ($1 + $2) / 2:(-$3):5 with labels textcolor rgb colour_ink font ",12", \
     totals using 1:(-$2):3 with labels left offset 0.6, 0 textcolor rgb colour_ink, \
     names using (0):(-$1):2 with labels right offset -0.8, 0 textcolor rgb colour_muted, \
     groups using (0):(-$1):2 with labels left offset narrow ? -14 : -17, 0 textcolor rgb colour_ink
