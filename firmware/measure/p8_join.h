/* The waves of the last windows, joined into one by a weighted mean. */
#ifndef P8_JOIN_H
#define P8_JOIN_H

#include "p8_spec.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    int8_t codes[P8_JOIN_WINDOWS][P8_WINDOW]; /* the newest is the last */
    uint32_t windows;                         /* number of waves */
} p8_join_t;

void p8_join_reset(p8_join_t *join);

/* Add the next window's wave: it begins P8_HOP samples after the one before. */
void p8_join_add(p8_join_t *join, const int8_t codes[P8_WINDOW]);

/* The newest window's wave alone; returns its samples, P8_WINDOW. */
uint32_t p8_join_newest(const p8_join_t *join, float wave[P8_WINDOW]);

/* Join them; returns the samples of the wave, at most P8_JOINED. */
uint32_t p8_join_wave(const p8_join_t *join, float wave[P8_JOINED]);

#ifdef __cplusplus
}
#endif

#endif
