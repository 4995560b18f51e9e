/*
 * Second-order sections, passed forwards and backwards. The ends are mirrored about their last values for as long as
 * the filter's start-up lasts, and each pass begins as if its first value had always been there: as in Python
 * (measure/signal/filters.py), whose coefficients these are.
 */
#include "p8_filter.h"

#include "p8_model.h"

/* All sections over values[0], values[step], ...: b0 b1 b2 a1 a2 of each, and its state after a constant 1 came in. */
static void pass(float *values, uint32_t count, int step)
{
    const float before = values[0];
    for (int index = 0; index < P8_FILTER_SECTIONS; index++) {
        const float *section = p8_filter_sections[index];
        float one = section[5] * before, two = section[6] * before;
        float *value = values;
        for (uint32_t left = count; left > 0; left--, value += step) {
            const float in = *value, out = section[0] * in + one;
            one = section[1] * in - section[3] * out + two;
            two = section[2] * in - section[4] * out;
            *value = out;
        }
    }
}

void p8_band_pass(float *wave, uint32_t count, float *room)
{
    const uint32_t mirrored = P8_FILTER_MIRRORED, whole = count + 2 * mirrored;
    for (uint32_t index = 0; index < mirrored; index++) {
        room[index] = 2 * wave[0] - wave[mirrored - index];
        room[mirrored + count + index] = 2 * wave[count - 1] - wave[count - 2 - index];
    }
    for (uint32_t index = 0; index < count; index++) {
        room[mirrored + index] = wave[index];
    }
    pass(room, whole, 1);
    pass(room + whole - 1, whole, -1);
    for (uint32_t index = 0; index < count; index++) {
        wave[index] = room[mirrored + index];
    }
}
