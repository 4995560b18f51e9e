#include "p8_math.h"

#include <stdint.h>
#include <string.h>

float p8_cos_turns(float turns)
{
    const float half = turns < 0.5f ? 0.5f - turns : turns - 0.5f;
    const float quarter = half - 0.25f; /* cos(2 pi t) = sin(2 pi (|t - 1/2| - 1/4)): at most a quarter turn */
    const float square = quarter * quarter;
    float sum = 3.8199525f; /* Taylor's (2 pi)^n / n!, n = 13, 11, ... 1; the next term is under 1e-9 */
    sum = sum * square - 15.094643f;
    sum = sum * square + 42.058693f;
    sum = sum * square - 76.705860f;
    sum = sum * square + 81.605249f;
    sum = sum * square - 41.341702f;
    sum = sum * square + 6.2831853f;
    return sum * quarter;
}

float p8_log2(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    int32_t exponent = (int32_t)(bits >> 23) - 127;
    bits = (bits & 0x7FFFFFu) | 0x3F800000u;
    float mantissa;
    memcpy(&mantissa, &bits, sizeof mantissa);
    if (mantissa > 1.41421356f) {
        mantissa *= 0.5f;
        exponent += 1;
    }
    /* ln m = 2 artanh((m - 1) / (m + 1)), its argument at most 0.172. */
    const float ratio = (mantissa - 1.0f) / (mantissa + 1.0f);
    const float square = ratio * ratio;
    float sum = 0.11111111f;
    sum = sum * square + 0.14285714f;
    sum = sum * square + 0.2f;
    sum = sum * square + 0.33333333f;
    sum = sum * square + 1.0f;
    return (float)exponent + 2.8853901f * ratio * sum;
}

float p8_exp(float power)
{
    const float doublings = power * 1.44269504f;
    const float whole = __builtin_rintf(doublings);
    const float x = (doublings - whole) * 0.69314718f; /* at most 0.347: Taylor's next term is under 2e-7 */
    float sum = 0.0013888889f;
    sum = sum * x + 0.0083333333f;
    sum = sum * x + 0.041666667f;
    sum = sum * x + 0.16666667f;
    sum = sum * x + 0.5f;
    sum = sum * x + 1.0f;
    sum = sum * x + 1.0f;
    const uint32_t bits = (uint32_t)((int32_t)whole + 127) << 23;
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return sum * scale;
}
