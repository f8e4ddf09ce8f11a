/* The host's headers have types of these names as well; include before the kernel's, after unit.h.
 */
#define timespec kernel_timespec
#define timeval  kernel_timeval
#define sigset_t kernel_sigset_t
