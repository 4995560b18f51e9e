/* Of the C library the core uses these four: the compiler writes them as instructions, or in memory.c. */
#ifndef P8_WEB_STRING_H
#define P8_WEB_STRING_H

#include <stddef.h>

#define memcpy __builtin_memcpy
#define memmove __builtin_memmove
#define memset __builtin_memset
#define memcmp __builtin_memcmp

#endif
