#include "p8_join.h"

#include "p8_math.h"

#include <string.h>

void p8_join_reset(p8_join_t *join) {
    memset(join, 0, sizeof *join);
}

/* Make room for P8_HOP new samples at the end. */
static void shift(float *values) {
    memmove(values, values + P8_HOP, (P8_JOINED - P8_HOP) * sizeof *values);
    memset(values + P8_JOINED - P8_HOP, 0, P8_HOP * sizeof *values);
}

void p8_join_add(p8_join_t *join, const int8_t codes[P8_WINDOW]) {
    if (join->count) {
        shift(join->sum);
        shift(join->weight);
    }
    const uint32_t filled = join->count ? join->count + P8_HOP : P8_WINDOW;
    join->count = filled < P8_JOINED ? filled : P8_JOINED;
    for (int index = 0; index < P8_WINDOW; index++) {
        /* Hann without its two zeros: a sample that only one window covers still has a weight. */
        const float weight = 0.5f - 0.5f * p8_cos_turns((float)(index + 1) / (P8_WINDOW + 1));
        const int place = P8_JOINED - P8_WINDOW + index;
        join->sum[place] += weight * ((float)(codes[index] - P8_OUTPUT_ZERO) * P8_OUTPUT_SCALE);
        join->weight[place] += weight;
    }
}

void p8_join_wave(const p8_join_t *join, float wave[P8_JOINED]) {
    const uint32_t first = P8_JOINED - join->count;
    for (uint32_t index = 0; index < join->count; index++) {
        wave[index] = join->sum[first + index] / join->weight[first + index];
    }
}
