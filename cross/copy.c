/* Linked into the binaries for MIPS in place of zig's memcpy, which takes seven instructions for each word and is all
 * that static programs get there: a third of what a small file costs the server was copying structs. */
#include <stddef.h>
#include <stdint.h>

typedef uint32_t word __attribute__((may_alias));
typedef struct { uint32_t word; } __attribute__((packed, may_alias)) loose; /* at any address */

enum { WORD = sizeof(word), RUN = 4 };

void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
	unsigned char *t = to;
	const unsigned char *f = from;
	if (count >= RUN * WORD) {
		while ((uintptr_t)t % WORD) {
			*t++ = *f++;
			count--;
		}
		if ((uintptr_t)f % WORD == 0) {
			for (; count >= RUN * WORD; count -= RUN * WORD, t += RUN * WORD, f += RUN * WORD) {
				word a = ((const word *)f)[0], b = ((const word *)f)[1], c = ((const word *)f)[2], d = ((const word *)f)[3];
				((word *)t)[0] = a;
				((word *)t)[1] = b;
				((word *)t)[2] = c;
				((word *)t)[3] = d;
			}
			for (; count >= WORD; count -= WORD, t += WORD, f += WORD)
				*(word *)t = *(const word *)f;
		} else {
			for (; count >= RUN * WORD; count -= RUN * WORD, t += RUN * WORD, f += RUN * WORD) {
				word a = ((const loose *)f)[0].word, b = ((const loose *)f)[1].word, c = ((const loose *)f)[2].word, d = ((const loose *)f)[3].word;
				((word *)t)[0] = a;
				((word *)t)[1] = b;
				((word *)t)[2] = c;
				((word *)t)[3] = d;
			}
			for (; count >= WORD; count -= WORD, t += WORD, f += WORD)
				*(word *)t = ((const loose *)f)->word;
		}
	}
	for (; count >= WORD; count -= WORD, t += WORD, f += WORD)
		((loose *)t)->word = ((const loose *)f)->word;
	while (count--)
		*t++ = *f++;
	return to;
}
