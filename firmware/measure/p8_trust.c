#include "p8_trust.h"

#include "p8_filter.h"
#include "p8_math.h"

#include <string.h>

#define NEAR_BPM 6.0f
#define HALF_NEAR_BPM 10.0f
#define SILENT 1e-3f /* added to a standard deviation before its logarithm is taken */
#define SUREST 50.0f /* log odds */
#define DARK (-5.0f) /* the logarithm where no cell was measured */

void p8_evidence_reset(p8_evidence_t *evidence)
{
    memset(evidence, 0, sizeof *evidence);
}

void p8_evidence_add(p8_evidence_t *evidence, int roi, int cell, const int8_t *clip, const float scale[3])
{
    for (int index = 0; index < P8_WINDOW; index++) {
        const int8_t *codes = clip + index * P8_INPUTS;
        evidence->pulses[roi][index] = (int16_t)(evidence->pulses[roi][index] + codes[1] + codes[2]);
    }
    evidence->scales[roi * P8_CELLS + cell] = scale[2];
}

static float natural_log(float value)
{
    return 0.69314718f * p8_log2(value);
}

static float deviation(const float *wave, uint32_t count)
{
    float sum = 0, squares = 0;
    for (uint32_t index = 0; index < count; index++) {
        sum += wave[index];
    }
    const float mean = sum / (float)count;
    for (uint32_t index = 0; index < count; index++) {
        squares += (wave[index] - mean) * (wave[index] - mean);
    }
    return __builtin_sqrtf(squares / (float)count);
}

/* Mean over ROIs of the share of power near the rate in what their colours alone give. */
static float share_of_rois(float bpm, const p8_evidence_t *evidence, p8_trust_room_t *room)
{
    float sum = 0;
    for (int roi = 0; roi < P8_ROIS; roi++) {
        for (int index = 0; index < P8_WINDOW; index++) {
            room->pulse[index] = evidence->pulses[roi][index];
        }
        p8_band_pass(room->pulse, P8_WINDOW, room->filter);
        sum += p8_share(room->pulse, P8_WINDOW, bpm, NEAR_BPM, &room->spectrum);
    }
    return sum / P8_ROIS;
}

/* Median over the cells that were measured; they are sorted where they lie. */
static float median_scale(const p8_evidence_t *evidence)
{
    float sorted[P8_ROIS * P8_CELLS];
    int count = 0;
    for (int cell = 0; cell < P8_ROIS * P8_CELLS; cell++) {
        const float scale = evidence->scales[cell];
        int place = count;
        for (; scale > 0 && place > 0 && sorted[place - 1] > scale; place--) {
            sorted[place] = sorted[place - 1];
        }
        if (scale > 0) {
            sorted[place] = scale;
            count++;
        }
    }
    return count ? 0.5f * (sorted[(count - 1) / 2] + sorted[count / 2]) : 0;
}

void p8_features(const float *wave, uint32_t count, p8_rate_t rate, const p8_evidence_t *evidence,
                 p8_trust_room_t *room, float features[P8_FEATURES])
{
    const uint32_t half = count / 2;
    const float first = p8_share(wave, half, rate.bpm, HALF_NEAR_BPM, &room->spectrum);
    const float second = p8_share(wave + half, count - half, rate.bpm, HALF_NEAR_BPM, &room->spectrum);
    const float median = median_scale(evidence);
    features[P8_TRUST_CONSTANT] = 1;
    features[P8_TRUST_CONFIDENCE] = rate.confidence;
    features[P8_TRUST_SIZE] = natural_log(deviation(wave, count) + SILENT);
    features[P8_TRUST_SHARE] = p8_share(wave, count, rate.bpm, NEAR_BPM, &room->spectrum);
    features[P8_TRUST_ROIS] = share_of_rois(rate.bpm, evidence, room);
    features[P8_TRUST_HALVES] = first < second ? first : second;
    features[P8_TRUST_NOISE] = median > 0 ? natural_log(median) : DARK;
}

static float limited(float value, float most)
{
    return value > most ? most : value < -most ? -most : value;
}

p8_rate_t p8_judged(const p8_refusal_t *rules, int count, const float features[P8_FEATURES], p8_rate_t rate)
{
    for (int rule = 0; rule < count; rule++) {
        float sum = 0;
        for (int feature = 0; feature < P8_FEATURES; feature++) {
            sum += rules[rule].weights[feature] * features[feature];
        }
        if (rule == 0) {
            rate.confidence = 1.0f / (1.0f + p8_exp(-limited(sum, SUREST)));
        }
        if (sum < rules[rule].threshold && rate.reason == P8_REASON_NONE) {
            rate.reason = rules[rule].reason;
            rate.bpm = 0;
        }
    }
    return rate;
}

int p8_is_noise(const float *wave, uint32_t count, p8_spectrum_t *work)
{
    const float bins = (float)count / P8_RATE_HZ * (P8_BAND_HIGH_BPM - P8_BAND_LOW_BPM) / 60.0f;
    const float most = bins > 3.0f ? bins : 3.0f;
    const float limit = (P8_NOISE_MEAN + P8_NOISE_SPREAD / __builtin_sqrtf(most)) / natural_log(most);
    return !(p8_tonality(wave, count, work) > limit);
}
