/* Waves of overlapping windows, joined to one by a weighted mean. */
#ifndef P8_JOIN_H
#define P8_JOIN_H

#include "p8_spec.h"

#include <stdint.h>

typedef struct {
    float sum[P8_JOINED], weight[P8_JOINED]; /* the newest sample is the last */
    uint32_t count;                          /* samples that are filled, at the end */
} p8_join_t;

void p8_join_reset(p8_join_t *join);

/* Lay the next window's wave, P8_HOP samples after the one before, over what is there. */
void p8_join_add(p8_join_t *join, const int8_t codes[P8_WINDOW]);

/* The joined wave, join->count samples. */
void p8_join_wave(const p8_join_t *join, float wave[P8_JOINED]);

#endif
