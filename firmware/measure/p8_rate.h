/* From a pulse wave to a heart rate with its confidence, or to the reason why there is none. */
#ifndef P8_RATE_H
#define P8_RATE_H

#include "p8_spec.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    float bpm;        /* 0 where there is a reason */
    float confidence; /* 0..1 */
    float seconds;    /* length of the wave that it was read from */
    p8_reason_t reason;
} p8_rate_t;

/* Work memory: the wave about its mean under a Hann window, and the power of the band's bins. */
typedef struct {
    float windowed[P8_JOINED], power[P8_BAND_BINS];
} p8_spectrum_t;

/* Power of a wave at `turns` a sample, by Goertzel's recurrence. */
float p8_power_at(const float *wave, uint32_t count, float turns);

/* The rate of the strongest periodicity in the band. count: at most P8_JOINED samples. */
p8_rate_t p8_rate(const float *wave, uint32_t count, p8_spectrum_t *work);

/*
 * The rate about a spectrum's peak whose tone and second harmonic explain most of a wave that was not band-passed: a
 * filter's ends bend a short tone.
 */
float p8_refined(const float *wave, uint32_t count, float near_bpm);

/* How far a wave's spectrum in the band is from a flat one: 0 (noise) to 1 (one tone). */
float p8_tonality(const float *wave, uint32_t count, p8_spectrum_t *work);

/* Share of the band's power within `near` beats per minute of a rate; 0 where there is no power. */
float p8_share(const float *wave, uint32_t count, float bpm, float near, p8_spectrum_t *work);

#ifdef __cplusplus
}
#endif

#endif
