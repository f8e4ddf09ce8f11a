/* What only the kernel can check about itself, at every boot. Panics on a failure. */
#ifndef KERNEL_SELFTEST_H
#define KERNEL_SELFTEST_H

void selftest(void);

#endif
