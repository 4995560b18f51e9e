#include "p8_join.h"

#include "p8_math.h"

#include <string.h>

void p8_join_reset(p8_join_t *join)
{
    join->windows = 0;
}

void p8_join_add(p8_join_t *join, const int8_t codes[P8_WINDOW])
{
    memmove(join->codes[0], join->codes[1], sizeof join->codes - sizeof join->codes[0]);
    memcpy(join->codes[P8_JOIN_WINDOWS - 1], codes, P8_WINDOW);
    join->windows += join->windows < P8_JOIN_WINDOWS;
}

/* Hann without its two zeros: a sample that only one window covers still has a weight. */
static float weight_of(uint32_t place)
{
    return 0.5f - 0.5f * p8_cos_turns((float)(place + 1) / (P8_WINDOW + 1));
}

/* Weighted mean of what the windows have at one sample of the wave; the first window is the oldest that is there. */
static float joined(const p8_join_t *join, uint32_t sample)
{
    float sum = 0, weights = 0;
    for (uint32_t window = 0; window < join->windows; window++) {
        const uint32_t begin = window * P8_HOP;
        if (sample >= begin && sample - begin < P8_WINDOW) {
            const int8_t code = join->codes[P8_JOIN_WINDOWS - join->windows + window][sample - begin];
            const float weight = weight_of(sample - begin);
            sum += weight * (float)(code - P8_OUTPUT_ZERO);
            weights += weight;
        }
    }
    return sum / weights * P8_OUTPUT_SCALE;
}

uint32_t p8_join_wave(const p8_join_t *join, float wave[P8_JOINED])
{
    const uint32_t count = P8_WINDOW + (join->windows - 1) * P8_HOP;
    for (uint32_t sample = 0; sample < count; sample++) {
        wave[sample] = joined(join, sample);
    }
    return count;
}
