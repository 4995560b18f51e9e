#include "p8_join.h"

#include "p8_math.h"

#include <string.h>

void p8_join_reset(p8_join_t *join)
{
    join->windows = 0;
}

void p8_join_add(p8_join_t *join, const int8_t codes[P8_WINDOW])
{
    memmove(join->codes[0], join->codes[0] + P8_WINDOW, sizeof join->codes - sizeof join->codes[0]);
    memcpy(join->codes[P8_JOIN_WINDOWS - 1], codes, P8_WINDOW);
    join->windows += join->windows < P8_JOIN_WINDOWS;
}

/* Hann without its two zeros: a sample that only one window covers still has a weight. */
static float weight_of(uint32_t place)
{
    return 0.5f - 0.5f * p8_cos_turns((float)(place + 1) / (P8_WINDOW + 1));
}

/* One window's wave about its mean, and one over its standard deviation; 0 where it is constant. */
typedef struct {
    float mean, gain;
} p8_standard_t;

static p8_standard_t standard_of(const int8_t codes[P8_WINDOW])
{
    int32_t sum = 0;
    float squares = 0;
    for (int index = 0; index < P8_WINDOW; index++) {
        sum += codes[index];
    }
    const float mean = (float)sum / P8_WINDOW;
    for (int index = 0; index < P8_WINDOW; index++) {
        squares += ((float)codes[index] - mean) * ((float)codes[index] - mean);
    }
    return (p8_standard_t){mean, squares > 0 ? 1.0f / __builtin_sqrtf(squares / P8_WINDOW) : 0};
}

/* A network's wave has no unit: windows are joined about their means and of unit variance, so that none counts more. */
static uint32_t join_windows(const p8_join_t *join, float wave[P8_JOINED])
{
    const uint32_t count = P8_WINDOW + (join->windows - 1) * P8_HOP, first = P8_JOIN_WINDOWS - join->windows;
    p8_standard_t standard[P8_JOIN_WINDOWS];
    for (uint32_t window = 0; window < join->windows; window++) {
        standard[window] = standard_of(join->codes[first + window]);
    }
    for (uint32_t sample = 0; sample < count; sample++) {
        float sum = 0, weights = 0;
        for (uint32_t window = 0; window < join->windows; window++) {
            const uint32_t begin = window * P8_HOP;
            if (sample >= begin && sample - begin < P8_WINDOW) {
                const float weight = weight_of(sample - begin);
                const float value = (float)join->codes[first + window][sample - begin] - standard[window].mean;
                sum += weight * (value * standard[window].gain);
                weights += weight;
            }
        }
        wave[sample] = sum / weights;
    }
    return count;
}

uint32_t p8_join_newest(const p8_join_t *join, float wave[P8_WINDOW])
{
    for (int index = 0; index < P8_WINDOW; index++) {
        wave[index] = (float)(join->codes[P8_JOIN_WINDOWS - 1][index] - P8_OUTPUT_ZERO) * P8_OUTPUT_SCALE;
    }
    return P8_WINDOW;
}

uint32_t p8_join_wave(const p8_join_t *join, float wave[P8_JOINED])
{
    return P8_JOIN_WINDOWS > 1 ? join_windows(join, wave) : p8_join_newest(join, wave);
}
