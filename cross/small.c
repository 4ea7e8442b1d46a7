/* Linked into the smallest binaries in place of what static musl has: the same, without what it would bring along. */
#include <sys/prctl.h>
#include <errno.h>

/* Rust's library names a thread from within it, so there is no other to look up in /proc; musl's own has 12 kB of
 * printf for that. */
int pthread_setname_np(void *thread, const char *name)
{
	(void)thread;
	return prctl(PR_SET_NAME, name, 0, 0, 0) ? errno : 0;
}
