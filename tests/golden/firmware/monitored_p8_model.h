/* The networks. Written by pulse8 from wave 0123456789abcdef; do not edit. */
#ifndef P8_MODEL_H
#define P8_MODEL_H

#include "p8_net.h"
#include "p8_spec.h"

#ifdef __cplusplus
extern "C" {
#endif

#define P8_NETS 1
#define P8_ARENA_BYTES 9680
/* 0: wave, 36,864 multiplications */

extern const p8_net_t p8_nets[P8_NETS];

#define P8_CAMERA 0 /* whether faces are found in a camera's pictures */

/* L diag L' = D D' + I / 100.0^2, D the second difference of 256 samples: L's two subdiagonals, and 1 / diag. */
extern const float p8_detrend_below[P8_WINDOW - 2], p8_detrend_farther[P8_WINDOW - 2], p8_detrend_inverse[P8_WINDOW - 2];

/* The band pass: b0 b1 b2 a1 a2 of each section, and its state after a constant 1 came in. */
extern const float p8_filter_sections[P8_FILTER_SECTIONS][7];

#include "p8_trust.h"

/* The first one that applies gives the reason. */
extern const p8_refusal_t p8_refusals[P8_REFUSALS];

#ifdef __cplusplus
}
#endif

#endif
