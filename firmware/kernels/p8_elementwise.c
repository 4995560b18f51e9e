/* Element by element: Add, Mul and tables. The result may overwrite an operand. */
#include "p8_kernels.h"
#include "p8_requant.h"

void p8_add_equal(p8_pair_t pair, size_t count, const int8_t *a, const int8_t *b, int8_t *y)
{
    const int32_t zeros = -pair.zero_a - pair.zero_b;
    size_t index = 0;
#if P8_MVE
    for (; index + P8_GROUP <= count; index += P8_GROUP) {
        const int32x4_t sum = vaddq_n_s32(vaddq_s32(vldrbq_s32(a + index), vldrbq_s32(b + index)), zeros);
        vstrbq_s32(y + index, p8_requant_x4(sum, vdupq_n_f32(pair.scale), pair.zero_out, pair.low, pair.high));
    }
#endif
    for (; index < count; index++) {
        y[index] = p8_requant(a[index] + b[index] + zeros, pair.scale, pair.zero_out, pair.low, pair.high);
    }
}

void p8_add(p8_pair_t pair, size_t count, const int8_t *a, const int8_t *b, int8_t *y)
{
    size_t index = 0;
#if P8_MVE
    for (; index + P8_GROUP <= count; index += P8_GROUP) {
        const float32x4_t one = vcvtq_f32_s32(vsubq_n_s32(vldrbq_s32(a + index), pair.zero_a));
        const float32x4_t two = vcvtq_f32_s32(vsubq_n_s32(vldrbq_s32(b + index), pair.zero_b));
        const float32x4_t sum = vaddq_f32(vmulq_n_f32(one, pair.scale_a), vmulq_n_f32(two, pair.scale_b));
        vstrbq_s32(y + index, p8_to_int8_x4(vmulq_n_f32(sum, pair.scale), pair.zero_out, pair.low, pair.high));
    }
#endif
    for (; index < count; index++) {
        const float one = (float)(a[index] - pair.zero_a) * pair.scale_a;
        const float two = (float)(b[index] - pair.zero_b) * pair.scale_b;
        y[index] = p8_to_int8((one + two) * pair.scale, pair.zero_out, pair.low, pair.high);
    }
}

void p8_multiply(p8_pair_t pair, size_t count, const int8_t *a, const int8_t *b, int8_t *y)
{
    size_t index = 0;
#if P8_MVE
    for (; index + P8_GROUP <= count; index += P8_GROUP) {
        const int32x4_t one = vsubq_n_s32(vldrbq_s32(a + index), pair.zero_a);
        const int32x4_t two = vsubq_n_s32(vldrbq_s32(b + index), pair.zero_b);
        const float32x4_t scale = vdupq_n_f32(pair.scale);
        vstrbq_s32(y + index, p8_requant_x4(vmulq_s32(one, two), scale, pair.zero_out, pair.low, pair.high));
    }
#endif
    for (; index < count; index++) {
        const int32_t product = (a[index] - pair.zero_a) * (b[index] - pair.zero_b);
        y[index] = p8_requant(product, pair.scale, pair.zero_out, pair.low, pair.high);
    }
}

void p8_table(const int8_t *table, size_t count, const int8_t *x, int8_t *y)
{
    size_t index = 0;
#if P8_MVE
    for (; index + P8_LANES <= count; index += P8_LANES) {
        vstrbq_s8(y + index, vldrbq_gather_offset_s8(table, vldrbq_u8((const uint8_t *)x + index)));
    }
#endif
    for (; index < count; index++) {
        y[index] = table[(uint8_t)x[index]];
    }
}

void p8_channel_table(const int8_t *table, size_t channels, size_t count, const int8_t *x, int8_t *y)
{
    for (size_t index = 0; index < count; index += channels) {
        for (size_t channel = 0; channel < channels; channel++) {
            y[index + channel] = table[channel * 256 + (uint8_t)x[index + channel]];
        }
    }
}
