/* Zero-phase band pass: removes what is too slow or too fast to be a pulse, without delay. */
#ifndef P8_FILTER_H
#define P8_FILTER_H

#include "p8_spec.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* In place; room holds count + 2 * P8_FILTER_MIRRORED values. count is over P8_FILTER_MIRRORED. */
void p8_band_pass(float *wave, uint32_t count, float *room);

#ifdef __cplusplus
}
#endif

#endif
