/* Whether a reading is good enough to show: the model's own rules, on cheap features. */
#ifndef P8_TRUST_H
#define P8_TRUST_H

#include "p8_rate.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * constant: 1. confidence: the reading's. size: logarithm of the wave's standard deviation. share: power within 6 BPM
 * of the rate over the band's. rois: the same in each ROI's colour differences, mean over ROIs. halves: the smaller one
 * of the wave's halves, within 10 BPM. noise: logarithm of the median scale of G+B-2R. As in measure/signal/trust.py.
 */
typedef enum {
    P8_TRUST_CONSTANT,
    P8_TRUST_CONFIDENCE,
    P8_TRUST_SIZE,
    P8_TRUST_SHARE,
    P8_TRUST_ROIS,
    P8_TRUST_HALVES,
    P8_TRUST_NOISE,
    P8_FEATURES
} p8_feature_t;

/* A weighted sum of the features below the threshold is refused, with this reason. */
typedef struct {
    float weights[P8_FEATURES], threshold;
    p8_reason_t reason;
} p8_refusal_t;

/* The parts of a clip that are kept until its rate is known. */
typedef struct {
    int16_t pulses[P8_ROIS][P8_WINDOW]; /* sum of the ROI's cells' two colour differences */
    float scales[P8_ROIS * P8_CELLS];   /* of G+B-2R; 0 where a cell could not be measured */
} p8_evidence_t;

void p8_evidence_reset(p8_evidence_t *evidence);

/* Add a cell's codes and scales, as p8_normalise made them. */
void p8_evidence_add(p8_evidence_t *evidence, int roi, int cell, const int8_t *clip, const float scale[3]);

/* room: P8_JOINED + 2 * P8_FILTER_MIRRORED values, and as many as a wave has. */
typedef struct {
    float pulse[P8_WINDOW], filter[P8_WINDOW + 2 * P8_FILTER_MIRRORED];
    p8_spectrum_t spectrum;
} p8_trust_room_t;

/* wave: band-passed, the one that the rate was read from. */
void p8_features(const float *wave, uint32_t count, p8_rate_t rate, const p8_evidence_t *evidence,
                 p8_trust_room_t *room, float features[P8_FEATURES]);

/*
 * Weigh a reading by rules, at least one: its confidence becomes the probability that the rate is within 5 BPM of the
 * truth (the first rule's sum is its log odds); the first rule that refuses takes the rate off and gives the reason.
 */
p8_rate_t p8_judged(const p8_refusal_t *rules, int count, const float features[P8_FEATURES], p8_rate_t rate);

/* Without rules: whether a wave, not band-passed, is no more tonal than noise. */
int p8_is_noise(const float *wave, uint32_t count, p8_spectrum_t *work);

#ifdef __cplusplus
}
#endif

#endif
