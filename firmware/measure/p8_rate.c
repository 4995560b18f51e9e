/*
 * The bins of the zero-padded spectrum that lie in the band, each by Goertzel's recurrence: of 4,096 bins about 320 are
 * asked for, and no bin depends on another's rounding. The confidence is 1 minus the normalised entropy of the band's
 * spectrum without padding, as in Python (measure/signal/rate.py).
 */
#include "p8_rate.h"

#include "p8_math.h"

#include <string.h>

#define SHORTEST_S 5.0f
#define TINY 1.1754944e-38f /* smallest normal number */

/* Remove the mean and apply a Hann window; false where the wave is constant or not finite. */
static int lay_window(const float *wave, uint32_t count, float *windowed)
{
    float sum = 0, least = wave[0], most = wave[0];
    for (uint32_t index = 0; index < count; index++) {
        sum += wave[index];
        least = wave[index] < least ? wave[index] : least;
        most = wave[index] > most ? wave[index] : most;
    }
    if (!(most - least > 0 && sum - sum == 0)) {
        return 0;
    }
    const float mean = sum / (float)count;
    for (uint32_t index = 0; index < count; index++) {
        const float hann = 0.5f - 0.5f * p8_cos_turns((float)index / (float)(count - 1));
        windowed[index] = (wave[index] - mean) * hann;
    }
    return 1;
}

float p8_power_at(const float *wave, uint32_t count, float turns)
{
    const float twice_cosine = 2.0f * p8_cos_turns(turns);
    float one = 0, two = 0;
    for (uint32_t index = 0; index < count; index++) {
        const float now = wave[index] + twice_cosine * one - two;
        two = one;
        one = now;
    }
    const float power = one * one + two * two - twice_cosine * one * two;
    return power > 0 ? power : 0;
}

/* First bin at or above a rate, of a spectrum of so many samples; rates and lengths are exact in float32 here. */
static uint32_t bin_from(float bpm, uint32_t length)
{
    uint32_t bin = (uint32_t)(bpm * (float)length / (60.0f * P8_RATE_HZ));
    while ((float)bin * (60.0f * P8_RATE_HZ) < bpm * (float)length) {
        bin++;
    }
    return bin;
}

/* Last bin at or below a rate. */
static uint32_t bin_to(float bpm, uint32_t length)
{
    uint32_t bin = bin_from(bpm, length);
    while ((float)bin * (60.0f * P8_RATE_HZ) > bpm * (float)length) {
        bin--;
    }
    return bin;
}

static float limited(float value, float low, float high)
{
    return value < low ? low : value > high ? high : value;
}

/* Power of the padded spectrum's bins from one below the band to one above it; returns the first one's number. */
static uint32_t band_power(uint32_t count, p8_spectrum_t *work, uint32_t *last)
{
    const uint32_t first = bin_from(P8_BAND_LOW_BPM, P8_FFT_LENGTH) - 1;
    *last = bin_to(P8_BAND_HIGH_BPM, P8_FFT_LENGTH) + 1;
    for (uint32_t bin = first; bin <= *last; bin++) {
        work->power[bin - first] = p8_power_at(work->windowed, count, (float)bin / P8_FFT_LENGTH);
    }
    return first;
}

/* Rate of the highest peak, refined by a parabola through the logarithm of three bins; 0 where there is no peak. */
static float peak_bpm(uint32_t count, p8_spectrum_t *work)
{
    uint32_t last;
    const uint32_t first = band_power(count, work, &last);
    const float *power = work->power;
    uint32_t top = 0;
    for (uint32_t place = 1; place + first < last; place++) {
        const int summit = power[place] > power[place - 1] && power[place] >= power[place + 1];
        if (summit && (!top || power[place] > power[top])) {
            top = place;
        }
    }
    if (!top) {
        return 0;
    }
    float height[3];
    for (uint32_t side = 0; side < 3; side++) {
        const float value = power[top + side - 1];
        height[side] = p8_log2(value > TINY ? value : TINY);
    }
    const float shift = 0.5f * (height[0] - height[2]) / (height[0] - 2 * height[1] + height[2]);
    const float bpm = ((float)(top + first) + shift) * (60.0f * P8_RATE_HZ / P8_FFT_LENGTH);
    return limited(bpm, P8_BAND_LOW_BPM, P8_BAND_HIGH_BPM);
}

/* 1 minus the entropy of the power's distribution over the band's own bins, as a share of the largest possible. */
static float tonality(uint32_t count, const p8_spectrum_t *work)
{
    const uint32_t first = bin_from(P8_BAND_LOW_BPM, count), last = bin_to(P8_BAND_HIGH_BPM, count);
    float total = 0, weighted = 0;
    for (uint32_t bin = first; bin <= last; bin++) {
        const float power = p8_power_at(work->windowed, count, (float)bin / (float)count);
        total += power;
        weighted += power > TINY ? power * p8_log2(power) : 0;
    }
    if (last <= first || !(total > 0)) {
        return 0;
    }
    const float entropy = p8_log2(total) - weighted / total;
    return limited(1.0f - entropy / p8_log2((float)(last - first + 1)), 0, 1);
}

p8_rate_t p8_rate(const float *wave, uint32_t count, p8_spectrum_t *work)
{
    p8_rate_t rate = {.seconds = (float)count / P8_RATE_HZ, .reason = P8_REASON_NONE};
    if ((float)count < SHORTEST_S * P8_RATE_HZ - 0.5f) {
        rate.reason = P8_REASON_TOO_SHORT;
    } else if (!lay_window(wave, count, work->windowed)) {
        rate.reason = P8_REASON_NO_PULSE;
    } else {
        rate.bpm = peak_bpm(count, work);
        rate.confidence = tonality(count, work);
        rate.reason = rate.bpm > 0 ? P8_REASON_NONE : P8_REASON_NO_PULSE;
    }
    return rate;
}

#define TERMS 5 /* a tone's cosine and sine, those of its second harmonic, and a constant */
#define STEPS 28 /* of the search in one resolution, as in Python (measure/signal/harmonic.py) */
#define REACH 21

typedef struct {
    float products[TERMS], gram[TERMS][TERMS];
} p8_normal_t;

/* Sums of the terms' products with the wave and with each other, for a tone of `turns` a sample. */
static p8_normal_t normal_of(const float *wave, uint32_t count, float turns)
{
    p8_normal_t normal;
    memset(&normal, 0, sizeof normal);
    const float cosine = p8_cos_turns(turns), sine = p8_cos_turns(turns < 0.25f ? turns + 0.75f : turns - 0.25f);
    float real = 1, imaginary = 0;
    for (uint32_t index = 0; index < count; index++) {
        const float terms[TERMS] = {real, imaginary, real * real - imaginary * imaginary, 2 * real * imaginary, 1};
        for (int row = 0; row < TERMS; row++) {
            normal.products[row] += terms[row] * wave[index];
            for (int column = 0; column <= row; column++) {
                normal.gram[row][column] += terms[row] * terms[column];
            }
        }
        const float turned = real * cosine - imaginary * sine;
        imaginary = real * sine + imaginary * cosine;
        real = turned;
    }
    return normal;
}

/* Sum of squares that the terms explain: the products' square under the inverse of the terms' own, by Cholesky. */
static float explained(p8_normal_t normal)
{
    float total = 0;
    for (int row = 0; row < TERMS; row++) {
        for (int column = 0; column <= row; column++) {
            float sum = normal.gram[row][column];
            for (int before = 0; before < column; before++) {
                sum -= normal.gram[row][before] * normal.gram[column][before];
            }
            normal.gram[row][column] = row > column ? sum / normal.gram[column][column] : __builtin_sqrtf(sum);
        }
        float part = normal.products[row];
        for (int before = 0; before < row; before++) {
            part -= normal.gram[row][before] * normal.products[before];
        }
        normal.products[row] = part / normal.gram[row][row];
        total += normal.products[row] * normal.products[row];
    }
    return total;
}

float p8_refined(const float *wave, uint32_t count, float near_bpm)
{
    const float step = 60.0f * P8_RATE_HZ / (float)count / STEPS;
    float heights[2 * REACH + 1];
    int top = 0;
    for (int place = 0; place <= 2 * REACH; place++) {
        const float bpm = near_bpm + step * (float)(place - REACH);
        heights[place] = explained(normal_of(wave, count, bpm / (60.0f * P8_RATE_HZ)));
        top = heights[place] > heights[top] ? place : top;
    }
    float shift = 0;
    if (top > 0 && top < 2 * REACH) {
        const float bend = heights[top - 1] - 2 * heights[top] + heights[top + 1];
        shift = bend < 0 ? 0.5f * (heights[top - 1] - heights[top + 1]) / bend : 0;
    }
    const float bpm = near_bpm + step * ((float)(top - REACH) + shift);
    return limited(bpm, P8_BAND_LOW_BPM, P8_BAND_HIGH_BPM);
}

float p8_share(const float *wave, uint32_t count, float bpm, float near, p8_spectrum_t *work)
{
    if (!lay_window(wave, count, work->windowed)) {
        return 0;
    }
    uint32_t last;
    const uint32_t first = band_power(count, work, &last);
    float total = 0, close = 0;
    for (uint32_t bin = first + 1; bin < last; bin++) {
        const float away = (float)bin * (60.0f * P8_RATE_HZ / P8_FFT_LENGTH) - bpm;
        total += work->power[bin - first];
        close += away <= near && -away <= near ? work->power[bin - first] : 0;
    }
    return total > 0 ? close / total : 0;
}

float p8_tonality(const float *wave, uint32_t count, p8_spectrum_t *work)
{
    return lay_window(wave, count, work->windowed) ? tonality(count, work) : 0;
}
