/*
 * A pulse is a fifth of one 8-bit step. Divided by its own mean and spread it fills the INT8 range instead.
 *
 * The trend z minimises |x - z|^2 + lambda^2 |Dz|^2, D the second difference. x - z is solved for itself: it is D'u
 * with (DD' + I / lambda^2) u = Dx. The usual form, (I + lambda^2 D'D) z = x, loses the pulse in float32: its rounding
 * grows with the trend, this one's with what is left.
 */
#include "p8_normalise.h"

#include "p8_model.h"

#include <string.h>

static const float basis[3][3] = {{1.0f / 3, 1.0f / 3, 1.0f / 3}, {0, 1, -1}, {-2, 1, 1}};

static float mean_of(const float samples[P8_WINDOW][3], int length, int channel)
{
    float sum = 0;
    for (int index = 0; index < length; index++) {
        sum += samples[index][channel];
    }
    return sum / (float)length;
}

/* work->mixed to work->steady. The factors L D L' of the system are constants of lambda: a shorter window's come first. */
static void detrend(p8_detrend_t *work, int length)
{
    const float *below = p8_detrend_below, *farther = p8_detrend_farther;
    const float *x = work->mixed;
    float *u = work->solved;
    const int count = length - 2;
    float one = 0, two = 0; /* the last two values on the way */
    for (int index = 0; index < count; index++) {
        const float curve = (x[index] - x[index + 1]) + (x[index + 2] - x[index + 1]);
        const float value = curve - below[index] * one - farther[index] * two;
        two = one;
        one = value;
        u[index] = value * p8_detrend_inverse[index];
    }
    one = two = 0;
    for (int index = count - 1; index >= 0; index--) {
        const float near = index + 1 < count ? below[index + 1] : 0.0f;
        const float far = index + 2 < count ? farther[index + 2] : 0.0f;
        u[index] -= near * one + far * two;
        two = one;
        one = u[index];
    }
    for (int index = 0; index < length; index++) {
        const float here = index < count ? u[index] : 0.0f;
        const float before = index >= 1 && index - 1 < count ? u[index - 1] : 0.0f;
        const float earlier = index >= 2 ? u[index - 2] : 0.0f;
        work->steady[index] = (here - before) + (earlier - before);
    }
}

static float deviation(const float *values, int length)
{
    float sum = 0, squares = 0;
    for (int index = 0; index < length; index++) {
        sum += values[index];
    }
    const float mean = sum / (float)length;
    for (int index = 0; index < length; index++) {
        squares += (values[index] - mean) * (values[index] - mean);
    }
    return __builtin_sqrtf(squares / (float)length);
}

/* Standard deviation that pixel noise alone gives a cell. */
static float noise_floor(const float mean[3], float area_pixels, int row)
{
    const float root = __builtin_sqrtf(area_pixels > 1.0f ? area_pixels : 1.0f);
    float squares = 0;
    for (int channel = 0; channel < 3; channel++) {
        const float noise = P8_NOISE_LEVELS / (mean[channel] * root);
        squares += basis[row][channel] * basis[row][channel] * noise * noise;
    }
    return __builtin_sqrtf(squares);
}

static int8_t quantised(float sigmas)
{
    const float limited = sigmas > P8_CLIP_SIGMA ? P8_CLIP_SIGMA : sigmas < -P8_CLIP_SIGMA ? -P8_CLIP_SIGMA : sigmas;
    return (int8_t)__builtin_rintf(limited * (127.0f / P8_CLIP_SIGMA));
}

void p8_normalise(const float samples[P8_WINDOW][3], int length, float area_pixels, p8_detrend_t *work, int8_t *clip,
                  float scale[3])
{
    float mean[3];
    for (int channel = 0; channel < 3; channel++) {
        mean[channel] = mean_of(samples, length, channel);
    }
    const int lit = mean[0] > 0 && mean[1] > 0 && mean[2] > 0;
    for (int row = 0; row < 3; row++) {
        scale[row] = 0;
        for (int index = 0; index < length; index++) {
            clip[index * P8_INPUTS + row] = 0;
        }
    }
    for (int row = 0; lit && row < 3; row++) {
        for (int index = 0; index < length; index++) {
            float value = 0;
            for (int channel = 0; channel < 3; channel++) {
                value += basis[row][channel] * ((samples[index][channel] - mean[channel]) / mean[channel]);
            }
            work->mixed[index] = value;
        }
        detrend(work, length);
        const float spread = deviation(work->steady, length), floor = noise_floor(mean, area_pixels, row);
        scale[row] = spread > floor ? spread : floor;
        for (int index = 0; index < length; index++) {
            clip[index * P8_INPUTS + row] = quantised(work->steady[index] / scale[row]);
        }
    }
}

int p8_is_grey(const float colours[P8_WINDOW][3], int length)
{
    int grey = 0;
    for (int index = 0; index < length; index++) {
        const float *c = colours[index];
        const float most = c[0] > c[1] ? (c[0] > c[2] ? c[0] : c[2]) : (c[1] > c[2] ? c[1] : c[2]);
        const float least = c[0] < c[1] ? (c[0] < c[2] ? c[0] : c[2]) : (c[1] < c[2] ? c[1] : c[2]);
        grey += most - least < P8_GREY_STEP;
    }
    return (float)grey > P8_MAX_GREY_SHARE * (float)length;
}
