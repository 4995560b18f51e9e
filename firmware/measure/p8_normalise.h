/* One cell's colours to a network's input; the quantisation comes last. */
#ifndef P8_NORMALISE_H
#define P8_NORMALISE_H

#include "p8_spec.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Work memory; its contents have no meaning between calls. */
typedef struct {
    float mixed[P8_WINDOW], steady[P8_WINDOW], solved[P8_WINDOW];
} p8_detrend_t;

/*
 * samples:     0..255, evenly spaced; `length` of them, at most P8_WINDOW.
 * area_pixels: mean area of the cell, px.
 * clip:        the cell's first code; codes of one time lie together, P8_INPUTS apart from time to time.
 * scale:       the divisors, relative to the cell's mean colour; 0 and a row of zeros where the cell is not lit.
 */
void p8_normalise(const float samples[P8_WINDOW][3], int length, float area_pixels, p8_detrend_t *work, int8_t *clip,
                  float scale[3]);

/*
 * Whether colours (the mean of the cells in sight) hold no colour: the channels agree in more frames than may be grey.
 */
int p8_is_grey(const float colours[P8_WINDOW][3], int length);

#ifdef __cplusplus
}
#endif

#endif
